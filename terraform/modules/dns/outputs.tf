output "certificate_arn" {
  description = "Certificate of the name, once it is valid."
  value       = aws_acm_certificate_validation.this.certificate_arn
}
