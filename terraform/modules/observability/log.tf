# What the application writes becomes metrics: with no load balancer the only ones there are of requests, and everywhere
# the only ones of what its worker does.
locals {
  filters = {
    Requests     = { pattern = "{ $.event = \"request\" }", value = "1" }
    ServerErrors = { pattern = "{ $.event = \"request\" && $.status >= 500 }", value = "1" }
    Duration     = { pattern = "{ $.event = \"request\" && $.duration_ms >= 0 }", value = "$.duration_ms", unit = "Milliseconds" }
    LoggedErrors = { pattern = "{ $.level = \"error\" || $.level = \"critical\" }", value = "1" }
    LostFiles    = { pattern = "{ $.event = \"fsck found\" && ($.kind = \"missing_object\" || $.kind = \"wrong_size\") }", value = "1" }
    FsckRuns     = { pattern = "{ $.event = \"fsck finished\" }", value = "1" }
    # The worker's line of each minute.
    QueuedJobs = { pattern = "{ $.event = \"backlog\" && $.queued >= 0 }", value = "$.queued" }
    FailedJobs = { pattern = "{ $.event = \"backlog\" && $.failed >= 0 }", value = "$.failed" }
    OldestJob  = { pattern = "{ $.event = \"backlog\" && $.oldest_seconds >= 0 }", value = "$.oldest_seconds", unit = "Seconds" }
  }

  logged = { namespace = var.name, dimensions = {} }

  # Numbers that stay as they are until the next line keep their alarm meanwhile: missing = "ignore".
  log_alarms = {
    logged-errors = {
      text   = "The application logged an error"
      metric = "LoggedErrors"
      above  = 0, statistic = "Sum", period = 900, times = 1, missing = "notBreaching"
    }
    files-missing = {
      text   = "Last night's fsck found files whose objects are missing or have another size"
      metric = "LostFiles"
      above  = 0, statistic = "Sum", period = 3600, times = 24, enough = 1, missing = "notBreaching"
    }
    fsck-stale = {
      text   = "The nightly fsck has not finished for a day and a half, or never"
      metric = "FsckRuns"
      below  = 1, statistic = "Sum", period = 3600, times = 36, missing = "breaching"
    }
    worker-down = {
      text   = "No worker has reported its backlog for ten minutes"
      metric = "QueuedJobs"
      below  = 1, statistic = "SampleCount", period = 300, times = 2, missing = "breaching"
    }
    jobs-wait = {
      text   = "A short job has been due for 15 minutes"
      metric = "OldestJob"
      above  = 900, statistic = "Maximum", period = 300, times = 1, missing = "ignore"
    }
    jobs-failed = {
      text   = "Jobs failed at every attempt and need attention"
      metric = "FailedJobs"
      above  = 0, statistic = "Maximum", period = 300, times = 1, missing = "ignore"
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "service" {
  for_each = local.filters

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.service.name
  pattern        = each.value.pattern

  metric_transformation {
    namespace = var.name
    name      = each.key
    value     = each.value.value
    unit      = try(each.value.unit, "Count")
  }
}
