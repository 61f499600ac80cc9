variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-dev."
}

variable "service_security_group_id" {
  type        = string
  description = "Group of the instance behind the distribution."
}
