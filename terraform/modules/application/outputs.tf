output "environment" {
  description = "Settings, by name of the environment variable."
  value       = local.environment
}

output "secrets" {
  description = "Where each secret environment variable comes from: the secret's ARN and the key in its JSON."
  value       = local.secrets
}

output "runtime_policy_arn" {
  description = "Rights of the running process."
  value       = aws_iam_policy.runtime.arn
}

output "secrets_policy_arn" {
  description = "Rights of whatever starts the process."
  value       = aws_iam_policy.secrets.arn
}
