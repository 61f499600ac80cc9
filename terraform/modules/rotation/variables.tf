variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-prod."
}

variable "secret_arn" {
  type        = string
  description = "Secret whose rotation restarts the service."
}

variable "restart" {
  type = object({
    calls     = list(object({ service = string, api = string, parameters = string }))
    actions   = list(string)
    resources = list(string)
  })
  description = "The AWS calls that restart the service, parameters as JSON, and the rights they need."

  validation {
    condition     = length(var.restart.calls) > 0
    error_message = "restart.calls is not empty."
  }

  validation {
    condition     = alltrue([for resource in var.restart.resources : startswith(resource, "arn:")])
    error_message = "restart.resources are ARNs, never a wildcard."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of every role made here."
  default     = null
}
