output "role_arn" {
  description = "Role that a deployment assumes with GitHub's OIDC token."
  value       = aws_iam_role.this.arn
}

output "facts_parameter" {
  description = "Parameter that holds what a deployment needs to know, as JSON."
  value       = aws_ssm_parameter.facts.name
}
