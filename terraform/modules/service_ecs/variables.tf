variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-prod."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets of the tasks."
}

variable "public_address" {
  type        = bool
  description = "Whether tasks get a public address, which they need to reach out where there is no NAT gateway."
  default     = false
}

variable "security_group_id" {
  type        = string
  description = "Group of the tasks."
}

variable "load_balancer" {
  type        = object({ target_group_arn = string, request_label = string })
  description = "Where tasks register and how CloudWatch names their requests."
}

variable "size" {
  type        = object({ cpu = number, memory = number })
  description = "Processor units (1024 is one) and MiB of each task."
  default     = { cpu = 512, memory = 1024 }

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.size.cpu) && var.size.memory >= 2 * var.size.cpu && var.size.memory <= 8 * var.size.cpu
    error_message = "size.cpu is 256, 512, 1024, 2048 or 4096 and size.memory two to eight times as much, as Fargate sells them."
  }
}

variable "architecture" {
  type        = string
  description = "Processor architecture the image is built for: x86_64 or arm64."
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture is x86_64 or arm64."
  }
}

variable "capacity" {
  type        = object({ min = number, max = number })
  description = "How few and how many API tasks run."

  validation {
    condition     = var.capacity.min >= 1 && var.capacity.max >= var.capacity.min
    error_message = "capacity.min is at least 1 and not above capacity.max."
  }
}

variable "requests_per_target" {
  type        = number
  description = "Requests a minute on each task that scaling aims for."
  default     = 6000

  validation {
    condition     = var.requests_per_target > 0
    error_message = "requests_per_target is more than 0."
  }
}

variable "rollback_alarm_names" {
  type        = list(string)
  description = "Alarms that undo a deployment."

  validation {
    condition     = length(var.rollback_alarm_names) > 0
    error_message = "rollback_alarm_names is not empty: a deployment nobody watches cannot be undone."
  }
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
  type        = object({ runtime = string, secrets = string })
  description = "Rights of the running process, and of whatever starts it."
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
