variable "region" {
  type        = string
  description = "AWS region of the environment."
  default     = "eu-central-1"

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.region)) && !startswith(var.region, "cn-")
    error_message = "region is one of AWS's commercial regions, such as eu-central-1."
  }
}

variable "account_id" {
  type        = string
  description = "The one AWS account this may be applied to; null checks nothing."
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has 12 digits."
  }
}

variable "environment" {
  type        = string
  description = "Name of the environment; everything is called we-upload-ENVIRONMENT."

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment is 2 to 12 lower-case letters and digits."
  }
}

variable "github_repository" {
  type        = object({ owner = string, name = string })
  description = "Repository that deploys, as the subject of its OIDC tokens spells it."
}

variable "compute" {
  type        = string
  description = "What runs the containers: ec2 (an auto-scaling group) or ecs (Fargate)."
  default     = "ec2"

  validation {
    condition     = contains(["ec2", "ecs"], var.compute)
    error_message = "compute is ec2 or ecs."
  }
}

variable "domain" {
  type        = object({ name = string, zone = string })
  description = "Name of the service and the Route 53 zone it lies in, which bring the load balancer; null runs one instance behind CloudFront."
  default     = null

  validation {
    condition     = var.domain != null || var.compute == "ec2"
    error_message = "compute ecs needs a domain: tasks have no fixed address, so a load balancer stands in front."
  }

  validation {
    condition     = var.domain != null || var.capacity.max <= 2
    error_message = "More than one instance needs a domain: without one there is no load balancer to spread requests."
  }

  validation {
    condition     = var.domain != null || !var.protected
    error_message = "A protected environment needs a domain: behind CloudFront alone the last hop is not encrypted."
  }
}

variable "protected" {
  type        = bool
  description = "Whether data outlives mistakes: deletion protection, last snapshots, buckets that do not empty themselves."
  default     = true
}

variable "network" {
  type = object({
    cidr         = optional(string, "10.20.0.0/16")
    zone_count   = optional(number, 2)
    nat          = optional(string, "none")
    egress_ports = optional(set(number), [443, 587])
  })
  description = "Range, zones, NAT gateways (none, single or per_zone), and the ports the service may speak out to."
  default     = {}
}

variable "capacity" {
  type        = object({ min = number, max = number })
  description = "How few and how many instances or tasks run."
  default     = { min = 1, max = 2 }
}

variable "instance_type" {
  type        = string
  description = "Size of each instance, for compute ec2."
  default     = "t3.micro"
}

variable "task_size" {
  type        = object({ cpu = number, memory = number })
  description = "Size of each task, for compute ecs."
  default     = { cpu = 512, memory = 1024 }
}

variable "architecture" {
  type        = string
  description = "Processor architecture of image and machines: x86_64 or arm64."
  default     = "x86_64"
}

variable "database" {
  type = object({
    instance_class        = optional(string, "db.t4g.micro")
    allocated_storage     = optional(number, 20)
    max_allocated_storage = optional(number, 100)
    max_connections       = optional(number, 120)
    pool_size             = optional(number, 4)
    multi_az              = optional(bool, true)
    backup_retention_days = optional(number, 35)
  })
  description = "Size and safety of the database, and the connections each process keeps to it (pool_size)."
  default     = {}
}

variable "cache" {
  type        = object({ node_type = optional(string, "cache.t4g.micro"), replicas = optional(number, 1) })
  description = "Shared counters of the rate limits; null counts in each process."
  default     = null
}

variable "cors_origins" {
  type        = list(string)
  description = "Web origins, other than the service's own, whose pages may upload and call the API."
  default     = []
}

variable "mail_from" {
  type        = string
  description = "Sender of mails; null sends none. Put SMTP_URL into the application's secret first."
  default     = null
}

variable "log_level" {
  type        = string
  description = "Least severe level that is logged."
  default     = "info"
}

variable "extra_environment" {
  type        = map(string)
  description = "More settings of the application, never secrets."
  default     = {}
}

variable "log_retention_days" {
  type        = number
  description = "Days logs are kept."
  default     = 30
}

variable "alarm_emails" {
  type        = list(string)
  description = "Who is told of alarms."
  default     = []
}

variable "runbook_url" {
  type        = string
  description = "Page with a section for each alarm."
  default     = "docs/operations.md"
}
