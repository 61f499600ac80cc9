variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-dev."
}

variable "url" {
  type        = string
  description = "Where people reach the service."

  validation {
    condition     = startswith(var.url, "https://")
    error_message = "url starts with https://: tokens and share links travel over it."
  }
}

variable "cors_origins" {
  type        = list(string)
  description = "Web origins whose pages may call the API."
  default     = []
}

variable "trusted_proxies" {
  type        = list(string)
  description = "Ranges whose X-Forwarded-For is believed."
}

variable "bucket" {
  type        = object({ name = string, arn = string })
  description = "Bucket of the files."
}

variable "queue" {
  type        = object({ url = string, arn = string })
  description = "Queue of upload events."
}

variable "url_ttl_seconds" {
  type        = number
  description = "Life of an upload URL: no longer than the bucket accepts a signature."
}

variable "abort_unfinished_days" {
  type        = number
  description = "Days after which S3 drops an unfinished upload; the application gives up a day earlier."
}

variable "database" {
  type        = object({ url = string, password_secret_arn = string })
  description = "Where the database is and where its password is kept."
}

variable "pool_size" {
  type        = number
  description = "Database connections a process keeps for transactions, as many again for prepared statements, and jobs a worker runs at once."
  default     = 10

  validation {
    condition     = var.pool_size >= 2 && floor(var.pool_size) == var.pool_size
    error_message = "pool_size is a whole number, 2 at least."
  }
}

variable "redis_url" {
  type        = string
  description = "Shared counters of the rate limits; null keeps them in each process."
  default     = null
}

variable "application_secret_arn" {
  type        = string
  description = "Secret with the JSON keys SECRET_KEY, SECRET_KEYS_RETIRED and SMTP_URL."
}

variable "mail_from" {
  type        = string
  description = "Sender of mails; null sends none. Put SMTP_URL into the application's secret first."
  default     = null
}

variable "kms_key_arn" {
  type        = string
  description = "Key of files, events and secrets."
}

variable "log_level" {
  type        = string
  description = "Least severe level that is logged: debug or info."
  default     = "info"

  validation {
    condition     = contains(["debug", "info"], var.log_level)
    error_message = "log_level is debug or info: alarms count lines of level info."
  }
}

variable "extra_environment" {
  type        = map(string)
  description = "More settings of the application, such as OTEL_EXPORTER_OTLP_ENDPOINT. Never secrets: they stand in the state."
  default     = {}

  validation {
    condition     = !anytrue([for key in keys(var.extra_environment) : can(regex("SECRET|PASSWORD|TOKEN|SMTP_URL", key)) && !endswith(key, "_TTL")])
    error_message = "extra_environment holds no secrets: put them into the application's secret."
  }

  validation {
    condition     = length(setintersection(keys(var.extra_environment), keys(local.settings))) == 0
    error_message = "extra_environment sets nothing that is set here: bucket, load balancer, alarms and database rely on it."
  }

  validation {
    condition     = try(tonumber(lookup(var.extra_environment, "DOWNLOAD_URL_TTL", "300")) <= var.url_ttl_seconds, false)
    error_message = "DOWNLOAD_URL_TTL is a number of seconds, at most url_ttl_seconds: the bucket refuses older signatures."
  }
}
