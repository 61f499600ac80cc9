variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-dev."
}

variable "vpc_id" {
  type        = string
  description = "VPC to live in."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets without a route to the internet, in two zones at least."

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids are at least two: RDS wants two zones even for one instance."
  }
}

variable "client_security_group_id" {
  type        = string
  description = "The one security group that may connect."
}

variable "kms_key_arn" {
  type        = string
  description = "Key for storage, master password, insights and logs."
}

variable "alarm_topic_arn" {
  type        = string
  description = "Topic that is told of failovers, failures and low storage."
}

variable "engine_version" {
  type        = string
  description = "Major version of PostgreSQL; AWS installs the minor ones."
  default     = "18"

  validation {
    condition     = can(regex("^1[6-9]$", var.engine_version))
    error_message = "engine_version is a major version, 16 or newer."
  }
}

variable "instance_class" {
  type        = string
  description = "Size of the instance, such as db.t4g.micro."
  default     = "db.t4g.micro"

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.instance_class))
    error_message = "instance_class looks like db.t4g.micro."
  }
}

variable "allocated_storage" {
  type        = number
  description = "Storage at the start, in GiB."
  default     = 20

  validation {
    condition     = var.allocated_storage >= 20
    error_message = "allocated_storage is at least 20 GiB (gp3's minimum)."
  }
}

variable "max_allocated_storage" {
  type        = number
  description = "Storage that RDS may grow to by itself, in GiB."
  default     = 100

  validation {
    condition     = var.max_allocated_storage > var.allocated_storage
    error_message = "max_allocated_storage is more than allocated_storage, or a full disk stops the database."
  }
}

variable "service_connections" {
  type        = number
  description = "Connections that the service opens at most, while it is being replaced as well."

  validation {
    condition     = var.service_connections > 0
    error_message = "service_connections is more than 0."
  }
}

variable "max_connections" {
  type        = number
  description = "Connections the server takes from its next restart on."

  validation {
    condition     = var.max_connections >= 40 && var.max_connections <= 5000
    error_message = "max_connections is between 40 and 5000."
  }

  validation {
    condition     = floor(var.max_connections * 0.8) >= var.service_connections
    error_message = "Four fifths of max_connections, where the alarm rings, are at least service_connections: raise it, or lower pool_size or capacity."
  }
}

variable "multi_az" {
  type        = bool
  description = "Whether a standby in another zone takes over by itself."
  default     = true
}

variable "deletion_protection" {
  type        = bool
  description = "Whether AWS refuses to delete the database, and a deletion leaves a last snapshot."
  default     = true
}

variable "backup_retention_days" {
  type        = number
  description = "Days the database can be restored to, to the second."
  default     = 35

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35
    error_message = "backup_retention_days is between 1 and 35 (RDS's maximum)."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Days the server's logs are kept."
  default     = 30
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of every role made here."
  default     = null
}
