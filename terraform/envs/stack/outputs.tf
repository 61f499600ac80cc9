output "url" {
  description = "Where people reach the service."
  value       = local.url
}

output "repository_url" {
  description = "Where images are pushed to."
  value       = module.registry.repository_url
}

output "compute" {
  description = "What runs the containers: ec2 or ecs."
  value       = var.compute
}

output "deployment" {
  description = "Names that a deployment on this platform needs: groups, clusters, services, and how to migrate."
  value       = local.service.deployment
}

output "deploy_role_arn" {
  description = "Role that GitHub's deploy job assumes."
  value       = module.delivery.role_arn
}

output "facts_parameter" {
  description = "SSM parameter that tells the deploy job all of this, as JSON."
  value       = module.delivery.facts_parameter
}

output "rollback_alarm_names" {
  description = "Alarms that undo a deployment."
  value       = module.observability.rollback_alarm_names
}

output "objective_alarm_arns" {
  description = "Alarms of the error budget, by how fast it burns."
  value       = module.observability.objective_alarm_arns
}

output "runbook_sections" {
  description = "Every section that the runbook must have."
  value       = module.observability.runbook_sections
}

output "log_group" {
  description = "Log group of the service."
  value       = module.observability.log_group.name
}

output "bucket_name" {
  description = "Bucket of the files."
  value       = module.storage.bucket_name
}

output "application_secret_arn" {
  description = "Secret to put SMTP_URL into, and to rotate SECRET_KEY in."
  value       = module.secrets.application_secret_arn
}

output "restart_document" {
  description = "SSM automation that restarts the service after a changed secret."
  value       = module.rotation.document_name
}
