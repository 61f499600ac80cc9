output "kms_key_arn" {
  description = "Key for everything the environment stores."
  value       = aws_kms_key.this.arn
}

output "application_secret_arn" {
  description = "Secret with the JSON keys SECRET_KEY, SECRET_KEYS_RETIRED and SMTP_URL."
  value       = aws_cloudformation_stack.application.outputs["Arn"]
}
