provider "aws" {
  region              = var.region
  allowed_account_ids = var.account_id == null ? null : [var.account_id]

  default_tags {
    tags = {
      project     = "we-upload"
      environment = var.environment
      managed-by  = "terraform"
    }
  }
}

module "stack" {
  source = "../../modules/stack"

  environment        = var.environment
  github_repository  = var.github_repository
  compute            = var.compute
  domain             = var.domain
  protected          = var.protected
  network            = var.network
  capacity           = var.capacity
  instance_type      = var.instance_type
  task_size          = var.task_size
  architecture       = var.architecture
  database           = var.database
  cache              = var.cache
  cors_origins       = var.cors_origins
  mail_from          = var.mail_from
  log_level          = var.log_level
  extra_environment  = var.extra_environment
  log_retention_days = var.log_retention_days
  alarm_emails       = var.alarm_emails
  runbook_url        = var.runbook_url
}
