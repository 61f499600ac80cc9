variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-prod."
}

variable "kms_key_arn" {
  type        = string
  description = "Key for logs and notifications."
}

variable "log_retention_days" {
  type        = number
  description = "Days the application's logs are kept."
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096], var.log_retention_days)
    error_message = "log_retention_days is one of the periods CloudWatch offers, such as 30, 90 or 365."
  }
}

variable "alarm_emails" {
  type        = list(string)
  description = "Who is told of alarms; each address confirms once."
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alarm_emails are mail addresses."
  }
}

variable "runbook_url" {
  type        = string
  description = "Page with a section for each alarm, named in its description."
  default     = "docs/operations.md"
}

variable "load_balancer" {
  type        = object({ arn_suffix = string, target_group_arn_suffix = string })
  description = "The load balancer, whose own figures are then used; null reads the application's log instead."
  default     = null
}

variable "queue_names" {
  type        = object({ events = string, dead = string })
  description = "Queue of upload events and queue of those that failed."
}

variable "database" {
  type        = object({ identifier = string, allocated_storage = number, max_connections = number })
  description = "The database, its storage in GiB and the connections it takes."
}

variable "availability_objective" {
  type        = number
  description = "Share of requests that must not fail on the server's side."
  default     = 0.999

  validation {
    condition     = var.availability_objective > 0.9 && var.availability_objective < 1
    error_message = "availability_objective is between 0.9 and 1."
  }
}

variable "latency_objective_seconds" {
  type        = number
  description = "Time within which 95 % of requests are answered."
  default     = 0.5

  validation {
    condition     = var.latency_objective_seconds > 0
    error_message = "latency_objective_seconds is more than 0."
  }
}
