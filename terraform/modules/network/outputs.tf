output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets with a route to the internet, one a zone."
  value       = values(aws_subnet.public)[*].id
}

output "public_cidrs" {
  description = "Ranges of the public subnets: where the load balancer speaks from."
  value       = values(aws_subnet.public)[*].cidr_block
}

output "private_subnet_ids" {
  description = "Subnets that reach out through NAT only, one a zone."
  value       = values(aws_subnet.private)[*].id
}

output "database_subnet_ids" {
  description = "Subnets without any route out, one a zone."
  value       = values(aws_subnet.database)[*].id
}

output "service_security_group_id" {
  description = "Group of the application's instances or tasks."
  value       = aws_security_group.service.id
}
