locals {
  balancer = try({ LoadBalancer = var.load_balancer.arn_suffix }, {})
  targets  = try(merge(local.balancer, { TargetGroup = var.load_balancer.target_group_arn_suffix }), {})
  database = { DBInstanceIdentifier = var.database.identifier }
  gibibyte = 1073741824
  source   = var.load_balancer == null ? "log" : "balancer"

  # Where there is no load balancer, the application's log tells how long requests take.
  latency = {
    log      = { namespace = var.name, metric = "Duration", dimensions = {}, above = var.latency_objective_seconds * 1000 }
    balancer = { namespace = "AWS/ApplicationELB", metric = "TargetResponseTime", dimensions = local.balancer, above = var.latency_objective_seconds }
  }[local.source]

  # Each alarm is a section of the runbook with the same name.
  alarms = merge(
    {
      latency = merge(local.latency, {
        text      = "More than 5 % of requests take longer than the objective allows"
        statistic = "p95", period = 300, times = 3, missing = "notBreaching"
      })
      queue-age = {
        text      = "Upload events are waiting: the worker is behind or down"
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = var.queue_names.events }
        above     = 300, statistic = "Maximum", period = 60, times = 5, missing = "notBreaching"
      }
      dead-letters = {
        text      = "Upload events failed five times and are in the dead-letter queue"
        namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = var.queue_names.dead }
        above     = 0, statistic = "Maximum", period = 300, times = 1, missing = "notBreaching"
      }
      database-processor = {
        text      = "The database's CPU has been above 80 % for 15 minutes"
        namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = local.database
        above     = 80, statistic = "Average", period = 300, times = 3, missing = "breaching"
      }
      database-connections = {
        text      = "80 % of the database's connections are in use"
        namespace = "AWS/RDS", metric = "DatabaseConnections", dimensions = local.database
        above     = floor(var.database.max_connections * 0.8), statistic = "Maximum", period = 60, times = 5, missing = "notBreaching"
      }
      database-storage = {
        text      = "The database's disk is nearly full; it grows automatically up to its limit"
        namespace = "AWS/RDS", metric = "FreeStorageSpace", dimensions = local.database
        below     = var.database.allocated_storage * local.gibibyte / 10, statistic = "Minimum", period = 300, times = 1, missing = "notBreaching"
      }
      database-memory = {
        text      = "The database is short of memory and starts to swap"
        namespace = "AWS/RDS", metric = "FreeableMemory", dimensions = local.database
        below     = local.gibibyte / 16, statistic = "Average", period = 300, times = 3, missing = "notBreaching"
      }
    },
    { for name, alarm in local.log_alarms : name => merge(local.logged, alarm) },
    { for name, alarm in local.balancer_alarms : name => alarm if var.load_balancer != null },
  )

  balancer_alarms = {
    unhealthy-hosts = {
      text      = "An instance or task does not answer its health check"
      namespace = "AWS/ApplicationELB", metric = "UnHealthyHostCount", dimensions = local.targets
      above     = 0, statistic = "Maximum", period = 60, times = 3, missing = "notBreaching"
    }
    no-healthy-hosts = {
      text      = "No instance or task answers its health check: the service is down"
      namespace = "AWS/ApplicationELB", metric = "HealthyHostCount", dimensions = local.targets
      below     = 1, statistic = "Minimum", period = 60, times = 2, missing = "breaching"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text}. ${var.runbook_url}#${each.key}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = try(each.value.below, null) == null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  period              = each.value.period
  evaluation_periods  = each.value.times
  datapoints_to_alarm = try(each.value.enough, null)
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
