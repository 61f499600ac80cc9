output "log_group" {
  description = "Where the service logs to."
  value       = { name = aws_cloudwatch_log_group.service.name, arn = aws_cloudwatch_log_group.service.arn }
}

output "topic_arn" {
  description = "Topic of all alarms."
  value       = aws_sns_topic.alarms.arn
}

output "rollback_alarm_names" {
  description = "Alarms that undo a deployment."
  value = concat(
    [aws_cloudwatch_metric_alarm.ratio["server-errors"].alarm_name],
    [for key in ["unhealthy-hosts"] : aws_cloudwatch_metric_alarm.this[key].alarm_name if contains(keys(local.alarms), key)],
  )
}

output "objective_alarm_arns" {
  description = "Alarms of the error budget, by how fast it burns."
  value       = { for name, alarm in aws_cloudwatch_composite_alarm.budget : name => alarm.arn }
}

output "runbook_sections" {
  description = "Every section that the runbook must have."
  value       = sort(concat(keys(local.alarms), ["server-errors"], [for name in keys(local.burn_rates) : "budget-${name}"]))
}
