variable "name" {
  type        = string
  description = "Prefix of every name, such as we-upload-prod."
}

variable "vpc_id" {
  type        = string
  description = "VPC to live in."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Public subnets, in two zones at least."

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids are at least two: a load balancer wants two zones."
  }
}

variable "service_security_group_id" {
  type        = string
  description = "Group of what stands behind the load balancer."
}

variable "certificate_arn" {
  type        = string
  description = "Certificate for HTTPS."
}

variable "target_type" {
  type        = string
  description = "What is registered: instance (EC2) or ip (Fargate)."

  validation {
    condition     = contains(["instance", "ip"], var.target_type)
    error_message = "target_type is instance or ip."
  }
}

variable "logs_bucket_name" {
  type        = string
  description = "Bucket that takes the access logs, below alb/."
}

variable "deletion_protection" {
  type        = bool
  description = "Whether AWS refuses to delete the load balancer."
  default     = true
}
