output "state_bucket" {
  description = "Bucket for `terraform init -backend-config=bucket=...` of every environment."
  value       = aws_s3_bucket.state.id
}

output "plan_role_arns" {
  description = "Role of GitHub's environment `<name>-plan`, by name."
  value       = { for name, role in aws_iam_role.plan : name => role.arn }
}

output "apply_role_arns" {
  description = "Role of GitHub's environment `<name>`, by name."
  value       = { for name, role in aws_iam_role.apply : name => role.arn }
}
