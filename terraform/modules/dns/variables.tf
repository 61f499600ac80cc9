variable "domain" {
  type        = string
  description = "Name of the service, such as upload.example.com."

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain is a host name in lower case."
  }

  validation {
    condition     = var.domain == var.zone || endswith(var.domain, ".${var.zone}")
    error_message = "domain lies in zone."
  }
}

variable "zone" {
  type        = string
  description = "Route 53 hosted zone that holds it, such as example.com."
}

variable "load_balancer" {
  type        = object({ dns_name = string, zone_id = string })
  description = "Where the name points to."
}
