output "identifier" {
  description = "Name of the instance, for its alarms."
  value       = aws_db_instance.this.identifier
}

output "url" {
  description = "Connection URL without the password; the server's certificate is checked against the bundle in the image."
  value = format(
    "postgresql://%s@%s:5432/%s?sslmode=verify-full&sslrootcert=/etc/ssl/certs/rds-global-bundle.pem",
    aws_db_instance.this.username, aws_db_instance.this.address, aws_db_instance.this.db_name
  )
}

output "password_secret_arn" {
  description = "Secret that RDS keeps the master password in, under the JSON key password."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "allocated_storage" {
  description = "Storage at the start, in GiB."
  value       = var.allocated_storage
}

output "max_connections" {
  description = "Connections the server takes."
  value       = var.max_connections
}
