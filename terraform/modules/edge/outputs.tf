output "url" {
  description = "Where people reach the service."
  value       = "https://${aws_cloudfront_distribution.this.domain_name}"
}

output "address" {
  description = "The fixed address, for the instance to take."
  value       = { allocation_id = aws_eip.this.allocation_id, arn = aws_eip.this.arn }
}

output "trusted_proxies" {
  description = "Ranges CloudFront speaks from."
  value       = [for entry in data.aws_ec2_managed_prefix_list.cloudfront.entries : entry.cidr]
}
