output "bucket_name" {
  description = "Bucket of the files."
  value       = aws_s3_bucket.files.id
}

output "bucket_arn" {
  description = "ARN of the files' bucket."
  value       = aws_s3_bucket.files.arn
}

output "logs_bucket_name" {
  description = "Bucket that takes access logs."
  value       = aws_s3_bucket.logs.id

  # The load balancer proves that it may write here when it is made.
  depends_on = [aws_s3_bucket_policy.logs]
}

output "queue_arn" {
  description = "Queue of upload events."
  value       = aws_sqs_queue.events.arn
}

output "queue_url" {
  description = "URL of the queue, for UPLOAD_EVENTS_QUEUE_URL."
  value       = aws_sqs_queue.events.url
}

output "queue_name" {
  description = "Name of the queue, for its alarms."
  value       = aws_sqs_queue.events.name
}

output "dead_letter_queue_name" {
  description = "Name of the queue of events that failed five times."
  value       = aws_sqs_queue.dead.name
}
