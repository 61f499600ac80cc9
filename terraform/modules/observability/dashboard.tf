locals {
  widgets = concat(
    [
      { title = "Failed requests", stat = "Sum", metrics = [for error in local.errors : [error.namespace, error.metric, error.dimensions]] },
      { title = "Requests", stat = "Sum", metrics = [[local.requests.namespace, local.requests.metric, local.requests.dimensions]] },
      { title = "Time to answer, 95th percentile", stat = "p95", metrics = [[local.alarms.latency.namespace, local.alarms.latency.metric, local.alarms.latency.dimensions]] },
      { title = "Errors in the log", stat = "Sum", metrics = [[var.name, "LoggedErrors", {}]] },
      { title = "Age of the oldest upload event", stat = "Maximum", metrics = [["AWS/SQS", "ApproximateAgeOfOldestMessage", { QueueName = var.queue_names.events }]] },
      { title = "Upload events put aside", stat = "Maximum", metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName = var.queue_names.dead }]] },
      { title = "Database processor", stat = "Average", metrics = [["AWS/RDS", "CPUUtilization", local.database]] },
      { title = "Database connections", stat = "Maximum", metrics = [["AWS/RDS", "DatabaseConnections", local.database]] },
      { title = "Database disk and memory", stat = "Minimum", metrics = [["AWS/RDS", "FreeStorageSpace", local.database], ["AWS/RDS", "FreeableMemory", local.database]] },
      { title = "Jobs that wait, jobs that failed", stat = "Maximum", metrics = [[var.name, "QueuedJobs", {}], [var.name, "FailedJobs", {}]] },
      { title = "Age of the oldest job", stat = "Maximum", metrics = [[var.name, "OldestJob", {}]] },
    ],
    [for widget in [
      { title = "Instances or tasks", stat = "Minimum", metrics = [["AWS/ApplicationELB", "HealthyHostCount", local.targets], ["AWS/ApplicationELB", "UnHealthyHostCount", local.targets]] },
    ] : widget if var.load_balancer != null],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [for index, widget in local.widgets : {
      type   = "metric"
      x      = index % 3 * 8
      y      = floor(index / 3) * 6
      width  = 8
      height = 6
      properties = {
        title  = widget.title
        region = data.aws_region.current.region
        period = 60
        stat   = widget.stat
        # Dimensions stand flat between the metric's name and its options.
        metrics = [for metric in widget.metrics : concat([metric[0], metric[1]], flatten([for name, value in metric[2] : [name, value]]))]
      }
    }]
  })
}
