# The service: what it needs, the platform that runs it, and what happens when its password changes or a release comes.
module "application" {
  source = "../../modules/application"

  name                   = local.name
  url                    = local.url
  cors_origins           = var.cors_origins
  trusted_proxies        = local.balanced ? module.network.public_cidrs : one(module.edge[*].trusted_proxies)
  bucket                 = { name = module.storage.bucket_name, arn = module.storage.bucket_arn }
  queue                  = { url = module.storage.queue_url, arn = module.storage.queue_arn }
  url_ttl_seconds        = local.url_ttl
  abort_unfinished_days  = local.abort_days
  database               = { url = module.database.url, password_secret_arn = module.database.password_secret_arn }
  pool_size              = var.database.pool_size
  redis_url              = one(module.cache[*].url)
  application_secret_arn = module.secrets.application_secret_arn
  mail_from              = var.mail_from
  kms_key_arn            = module.secrets.kms_key_arn
  log_level              = var.log_level
  extra_environment      = var.extra_environment
}

locals {
  repository  = { url = module.registry.repository_url, arn = module.registry.repository_arn }
  policy_arns = { runtime = module.application.runtime_policy_arn, secrets = module.application.secrets_policy_arn }
  subnet_ids  = local.private ? module.network.private_subnet_ids : module.network.public_subnet_ids

  load_balancer = one([for balancer in module.load_balancer : {
    target_group_arn = balancer.target_group_arn
    request_label    = balancer.request_label
  }])
}

module "service_ec2" {
  source = "../../modules/service_ec2"
  count  = var.compute == "ec2" ? 1 : 0

  name                     = local.name
  subnet_ids               = local.subnet_ids
  public_address           = !local.private
  security_group_id        = module.network.service_security_group_id
  instance_type            = var.instance_type
  architecture             = var.architecture
  capacity                 = var.capacity
  load_balancer            = local.load_balancer
  address                  = one(module.edge[*].address)
  repository               = local.repository
  environment              = module.application.environment
  secrets                  = module.application.secrets
  policy_arns              = local.policy_arns
  log_group                = module.observability.log_group
  kms_key_arn              = module.secrets.kms_key_arn
  permissions_boundary_arn = local.boundary
}

module "service_ecs" {
  source = "../../modules/service_ecs"
  count  = var.compute == "ecs" ? 1 : 0

  name                     = local.name
  subnet_ids               = local.subnet_ids
  public_address           = !local.private
  security_group_id        = module.network.service_security_group_id
  size                     = var.task_size
  architecture             = var.architecture
  capacity                 = var.capacity
  load_balancer            = local.load_balancer
  rollback_alarm_names     = module.observability.rollback_alarm_names
  repository               = local.repository
  environment              = module.application.environment
  secrets                  = module.application.secrets
  policy_arns              = local.policy_arns
  log_group                = module.observability.log_group
  kms_key_arn              = module.secrets.kms_key_arn
  permissions_boundary_arn = local.boundary
}

locals {
  # Both platforms answer the same questions, so the rest need not know which one it is.
  service = one(concat(module.service_ec2, module.service_ecs))
  # Asked for by itself: the database needs this answer, and the platforms' others need the database.
  most_processes = var.compute == "ec2" ? module.service_ec2[0].most_processes : module.service_ecs[0].most_processes
}

module "rotation" {
  source = "../../modules/rotation"

  name                     = local.name
  secret_arn               = module.database.password_secret_arn
  restart                  = local.service.restart
  permissions_boundary_arn = local.boundary
}

module "delivery" {
  source = "../../modules/delivery"

  name                     = local.name
  environment              = var.environment
  github_repository        = var.github_repository
  repository_arn           = module.registry.repository_arn
  kms_key_arn              = module.secrets.kms_key_arn
  statements               = local.service.deployment_statements
  permissions_boundary_arn = local.boundary

  facts = {
    environment          = var.environment
    region               = data.aws_region.current.region
    url                  = local.url
    compute              = var.compute
    architecture         = var.architecture
    repository_url       = module.registry.repository_url
    log_group            = module.observability.log_group.name
    alarms               = module.observability.rollback_alarm_names
    objective_alarm_arns = module.observability.objective_alarm_arns
    deployment           = local.service.deployment
  }
}
