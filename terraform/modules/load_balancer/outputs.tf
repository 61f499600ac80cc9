output "dns_name" {
  description = "Name that the service's record points to."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Hosted zone of that name."
  value       = aws_lb.this.zone_id
}

output "arn_suffix" {
  description = "The load balancer in CloudWatch's metrics."
  value       = aws_lb.this.arn_suffix
}

output "target_group_arn" {
  description = "Where instances or tasks register."
  value       = aws_lb_target_group.this.arn

  # ECS refuses a target group that no listener uses yet.
  depends_on = [aws_lb_listener.https]
}

output "target_group_arn_suffix" {
  description = "The target group in CloudWatch's metrics."
  value       = aws_lb_target_group.this.arn_suffix
}

output "request_label" {
  description = "The pair of both, by which scaling finds the requests of each target."
  value       = "${aws_lb.this.arn_suffix}/${aws_lb_target_group.this.arn_suffix}"
}
