variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-prod."
}

variable "environment" {
  type        = string
  description = "GitHub environment whose jobs may deploy."
}

variable "github_repository" {
  type        = object({ owner = string, name = string })
  description = "Repository whose jobs may deploy, as the subject of its OIDC tokens spells it: GitHub adds ids to the names of repositories made since June 2026."

  validation {
    condition     = can(regex("^[A-Za-z0-9@-]+$", var.github_repository.owner)) && can(regex("^[A-Za-z0-9._@-]+$", var.github_repository.name))
    error_message = "github_repository is an owner and a name, without wildcards."
  }
}

variable "repository_arn" {
  type        = string
  description = "Registry repository that images are pushed to."
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts what deployments read."
}

variable "facts" {
  type        = any
  description = "What a deployment needs to know; kept as JSON in a parameter."
}

variable "statements" {
  type = list(object({
    Sid       = string
    Effect    = string
    Action    = list(string)
    Resource  = list(string)
    Condition = map(map(string))
  }))
  description = "Rights to roll out on the chosen platform."
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Boundary of every role made here."
  default     = null
}
