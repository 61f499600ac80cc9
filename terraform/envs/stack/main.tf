# One environment, whole. The environments differ by their terraform.tfvars alone.
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

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  name       = "we-upload-${var.environment}"
  boundary   = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:policy/we-upload-boundary-${var.environment}"
  balanced   = var.domain != null
  private    = var.network.nat != "none"
  url        = local.balanced ? "https://${var.domain.name}" : one(module.edge[*].url)
  origins    = distinct(concat([local.url], var.cors_origins))
  url_ttl    = 3600
  abort_days = 7
}

module "secrets" {
  source = "../../modules/secrets"

  name = local.name
}

module "network" {
  source = "../../modules/network"

  name                     = local.name
  cidr                     = var.network.cidr
  zone_count               = var.network.zone_count
  nat                      = var.network.nat
  egress_ports             = var.network.egress_ports
  kms_key_arn              = module.secrets.kms_key_arn
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = local.boundary
}

module "storage" {
  source = "../../modules/storage"

  name                  = local.name
  kms_key_arn           = module.secrets.kms_key_arn
  cors_origins          = local.origins
  url_ttl_seconds       = local.url_ttl
  abort_unfinished_days = local.abort_days
  deletable             = !var.protected
}

module "database" {
  source = "../../modules/database"

  name                     = local.name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.database_subnet_ids
  client_security_group_id = module.network.service_security_group_id
  kms_key_arn              = module.secrets.kms_key_arn
  alarm_topic_arn          = module.observability.topic_arn
  instance_class           = var.database.instance_class
  allocated_storage        = var.database.allocated_storage
  max_allocated_storage    = var.database.max_allocated_storage
  max_connections          = var.database.max_connections
  service_connections      = sum([for command, processes in local.most_processes : processes * module.application.connections[command]])
  multi_az                 = var.database.multi_az
  backup_retention_days    = var.database.backup_retention_days
  deletion_protection      = var.protected
  log_retention_days       = var.log_retention_days
  permissions_boundary_arn = local.boundary
}

module "cache" {
  source = "../../modules/cache"
  count  = var.cache == null ? 0 : 1

  name                     = local.name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.database_subnet_ids
  client_security_group_id = module.network.service_security_group_id
  kms_key_arn              = module.secrets.kms_key_arn
  node_type                = var.cache.node_type
  replicas                 = var.cache.replicas
}

module "registry" {
  source = "../../modules/registry"

  name        = local.name
  kms_key_arn = module.secrets.kms_key_arn
  deletable   = !var.protected
}

module "dns" {
  source = "../../modules/dns"
  count  = local.balanced ? 1 : 0

  domain        = var.domain.name
  zone          = var.domain.zone
  load_balancer = { dns_name = module.load_balancer[0].dns_name, zone_id = module.load_balancer[0].zone_id }
}

module "load_balancer" {
  source = "../../modules/load_balancer"
  count  = local.balanced ? 1 : 0

  name                      = local.name
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.public_subnet_ids
  service_security_group_id = module.network.service_security_group_id
  certificate_arn           = module.dns[0].certificate_arn
  target_type               = var.compute == "ecs" ? "ip" : "instance"
  logs_bucket_name          = module.storage.logs_bucket_name
  deletion_protection       = var.protected
}

module "edge" {
  source = "../../modules/edge"
  count  = local.balanced ? 0 : 1

  name                      = local.name
  service_security_group_id = module.network.service_security_group_id
}

module "observability" {
  source = "../../modules/observability"

  name               = local.name
  kms_key_arn        = module.secrets.kms_key_arn
  log_retention_days = var.log_retention_days
  alarm_emails       = var.alarm_emails
  runbook_url        = var.runbook_url
  queue_names        = { events = module.storage.queue_name, dead = module.storage.dead_letter_queue_name }

  load_balancer = one([for balancer in module.load_balancer : {
    arn_suffix              = balancer.arn_suffix
    target_group_arn_suffix = balancer.target_group_arn_suffix
  }])

  database = {
    identifier        = module.database.identifier
    allocated_storage = module.database.allocated_storage
    max_connections   = module.database.max_connections
  }
}
