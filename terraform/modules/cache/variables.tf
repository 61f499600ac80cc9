variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-prod."
}

variable "vpc_id" {
  type        = string
  description = "VPC to live in."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets without a route to the internet, one a zone."
}

variable "client_security_group_id" {
  type        = string
  description = "The one security group that may connect."
}

variable "kms_key_arn" {
  type        = string
  description = "Key for data at rest."
}

variable "node_type" {
  type        = string
  description = "Size of each node."
  default     = "cache.t4g.micro"

  validation {
    condition     = can(regex("^cache\\.[a-z0-9]+\\.[a-z0-9]+$", var.node_type))
    error_message = "node_type looks like cache.t4g.micro."
  }
}

variable "replicas" {
  type        = number
  description = "Standby nodes; with one or more, a lost node is replaced without a pause."
  default     = 1

  validation {
    condition     = var.replicas >= 0 && var.replicas <= 5
    error_message = "replicas is between 0 and 5."
  }
}
