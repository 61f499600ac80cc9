output "document_name" {
  description = "Automation that restarts the service, for an operator to start by hand as well."
  value       = aws_ssm_document.restart.name
}
