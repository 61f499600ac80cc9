variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-dev."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts files and events."
}

variable "cors_origins" {
  type        = list(string)
  description = "Web origins whose pages may upload and download."

  validation {
    condition     = length(var.cors_origins) > 0 && alltrue([for origin in var.cors_origins : can(regex("^https://[^/*]+$", origin))])
    error_message = "cors_origins are https origins without path or wildcard, such as https://files.example.com."
  }
}

variable "url_ttl_seconds" {
  type        = number
  description = "Age at which the bucket refuses a presigned signature, whatever expiry it carries."
  default     = 3600

  validation {
    condition     = var.url_ttl_seconds >= 300 && var.url_ttl_seconds <= 21600
    error_message = "url_ttl_seconds is between 300 and 21600 (six hours, the life of a role's credentials)."
  }
}

variable "abort_unfinished_days" {
  type        = number
  description = "Days after which S3 drops the parts of an unfinished upload; the application gives up a day earlier."
  default     = 7

  validation {
    condition     = var.abort_unfinished_days >= 2
    error_message = "abort_unfinished_days is at least 2."
  }
}

variable "tiering_days" {
  type        = number
  description = "Days after which a file moves to Intelligent-Tiering, which makes unread files cheaper by itself."
  default     = 30

  validation {
    condition     = var.tiering_days >= 0
    error_message = "tiering_days is not negative."
  }
}

variable "deleted_retention_days" {
  type        = number
  description = "Days deleted bytes can still be brought back by an operator: as many as the database can go back."
  default     = 35

  validation {
    condition     = var.deleted_retention_days >= 1
    error_message = "deleted_retention_days is at least 1."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Days access logs are kept."
  default     = 90
}

variable "load_balancer_log_retention_days" {
  type        = number
  description = "Days the load balancer's access logs are kept: they contain the tokens of links."
  default     = 7

  validation {
    condition     = var.load_balancer_log_retention_days >= 1 && var.load_balancer_log_retention_days <= var.log_retention_days
    error_message = "load_balancer_log_retention_days is at least 1 and at most log_retention_days."
  }
}

variable "deletable" {
  type        = bool
  description = "Whether destroying the environment may destroy the files in it."
  default     = false
}
