output "environment" {
  description = "Settings, by name of the environment variable."
  value       = local.environment
}

output "secrets" {
  description = "Where each secret environment variable comes from: the secret's ARN and the key in its JSON."
  value       = local.secrets
}

output "connections" {
  description = "Database connections that a process opens at most, by its command."
  # As many for prepared statements as for transactions, those it may open beyond, and one to listen on; each lane of a
  # worker that has jobs (short and long) has one of its own.
  value = {
    serve  = 2 * var.pool_size + local.overflow + 1
    worker = 2 * var.pool_size + local.overflow + 3
  }
}

output "runtime_policy_arn" {
  description = "Rights of the running process."
  value       = aws_iam_policy.runtime.arn
}

output "secrets_policy_arn" {
  description = "Rights of whatever starts the process."
  value       = aws_iam_policy.secrets.arn
}
