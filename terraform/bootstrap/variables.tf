variable "region" {
  type        = string
  description = "AWS region of the state, and of the environments in this account."
  default     = "eu-central-1"

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region)) && !startswith(var.region, "cn-")
    error_message = "region is one of AWS's commercial regions, such as eu-central-1."
  }
}

variable "github_repository" {
  type        = object({ owner = string, name = string })
  description = "Repository whose jobs may plan and apply, as the subject of its OIDC tokens spells it: GitHub adds ids to the names of repositories made since June 2026."

  validation {
    condition     = can(regex("^[A-Za-z0-9@-]+$", var.github_repository.owner)) && can(regex("^[A-Za-z0-9._@-]+$", var.github_repository.name))
    error_message = "github_repository is an owner and a name, without wildcards."
  }
}

variable "environments" {
  type        = set(string)
  description = "Environments in this account: all of them, or one where each has an account of its own."
  default     = ["dev", "staging", "prod"]

  validation {
    condition     = length(var.environments) > 0 && alltrue([for name in var.environments : can(regex("^[a-z][a-z0-9]{1,11}$", name))])
    error_message = "environments are names of 2 to 12 lower-case letters and digits."
  }
}

variable "create_oidc_provider" {
  type        = bool
  description = "Whether to make GitHub's OIDC provider; false where the account has it already."
  default     = true
}

variable "create_trail" {
  type        = bool
  description = "Whether to make a CloudTrail trail; false where the account or its organization has one."
  default     = true
}
