variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-dev."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,24}$", var.name))
    error_message = "name is 3 to 25 lower-case letters, digits and hyphens, starting with a letter."
  }
}

variable "cidr" {
  type        = string
  description = "IPv4 range of the VPC; a /16 leaves room for three tiers of /20 subnets."
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(tonumber(split("/", var.cidr)[1]) <= 20, false)
    error_message = "cidr is an IPv4 range of /20 or larger."
  }
}

variable "zone_count" {
  type        = number
  description = "Availability zones to spread over."
  default     = 2

  validation {
    condition     = contains([2, 3], var.zone_count)
    error_message = "zone_count is 2 or 3: the database and the load balancer need two zones."
  }
}

variable "nat" {
  type        = string
  description = "How private subnets reach the internet: none, single (one gateway for all zones) or per_zone."
  default     = "none"

  validation {
    condition     = contains(["none", "single", "per_zone"], var.nat)
    error_message = "nat is none, single or per_zone."
  }
}

variable "egress_ports" {
  type        = set(number)
  description = "Ports the service may speak out to: 443 for AWS, 587 or 465 for mail, 4318 for a telemetry collector."
  default     = [443, 587]

  validation {
    condition     = contains(var.egress_ports, 443) && length(setsubtract(var.egress_ports, [443, 465, 587, 4318])) == 0
    error_message = "egress_ports are 443, which AWS's interfaces need, and some of 465, 587 and 4318."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the flow logs."
}

variable "log_retention_days" {
  type        = number
  description = "Days flow logs are kept."
  default     = 30
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of every role made here."
  default     = null
}
