variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-dev."
}
