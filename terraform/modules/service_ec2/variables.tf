variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-dev."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets of the instances."
}

variable "public_address" {
  type        = bool
  description = "Whether instances get a public address, which they need to reach out where there is no NAT gateway."
  default     = false
}

variable "security_group_id" {
  type        = string
  description = "Group of the instances."
}

variable "instance_type" {
  type        = string
  description = "Size of each instance; it decides the processor architecture the image must be built for."
  default     = "t3.micro"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type looks like t3.micro."
  }
}

variable "architecture" {
  type        = string
  description = "Processor architecture of that size: x86_64 or arm64."
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture is x86_64 or arm64."
  }
}

variable "capacity" {
  type        = object({ min = number, max = number })
  description = "How few and how many instances run."

  validation {
    condition     = var.capacity.min >= 1 && var.capacity.max > var.capacity.min
    error_message = "capacity.max is more than capacity.min: a new instance starts before an old one stops."
  }
}

variable "load_balancer" {
  type        = object({ target_group_arn = string, request_label = string })
  description = "Where instances register and how CloudWatch names their requests; null where there is none."
  default     = null
}

variable "requests_per_target" {
  type        = number
  description = "Requests a minute on each instance that scaling aims for, behind a load balancer."
  default     = 6000

  validation {
    condition     = var.requests_per_target > 0
    error_message = "requests_per_target is more than 0."
  }
}

variable "address" {
  type        = object({ allocation_id = string, arn = string })
  description = "Fixed address that the newest ready instance takes; null where a load balancer stands in front."
  default     = null
}

variable "repository" {
  type        = object({ url = string, arn = string })
  description = "Where images come from."
}

variable "environment" {
  type        = map(string)
  description = "Settings of the application."
}

variable "secrets" {
  type        = map(object({ arn = string, key = string }))
  description = "Secrets of the application: environment variable to secret and key in its JSON."
}

variable "policy_arns" {
  type        = map(string)
  description = "Rights of the application, by a name of your choice."
}

variable "log_group" {
  type        = object({ name = string, arn = string })
  description = "Where the containers log to."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that the registry encrypts images with."
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of every role made here."
  default     = null
}
