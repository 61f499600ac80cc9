mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name          = "we-upload-test"
  kms_key_arn   = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  queue_names   = { events = "events", dead = "dead" }
  database      = { identifier = "we-upload-test", allocated_storage = 20, max_connections = 100 }
  load_balancer = { arn_suffix = "app/mock/0123456789abcdef", target_group_arn_suffix = "targetgroup/mock/0123456789abcdef" }
}

run "watches_what_users_and_operators_would_miss_first" {
  command = plan

  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset([
      "latency", "unhealthy-hosts", "no-healthy-hosts", "queue-age", "dead-letters", "logged-errors",
      "files-missing", "fsck-stale", "worker-down", "jobs-wait", "jobs-failed",
      "database-processor", "database-connections", "database-storage", "database-memory",
    ])
    error_message = "every alarm"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length(alarm.alarm_actions) == 1])
    error_message = "each tells the topic"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["latency"].extended_statistic == "p95" && aws_cloudwatch_metric_alarm.this["latency"].threshold == 0.5
    error_message = "95 % within half a second"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["database-connections"].threshold == 80 &&
      aws_cloudwatch_metric_alarm.this["database-storage"].threshold == 2147483648 &&
      aws_cloudwatch_metric_alarm.this["database-storage"].comparison_operator == "LessThanThreshold"
    )
    error_message = "limits follow from the database's size"
  }
}

run "an_alarm_names_its_section_of_the_runbook" {
  command = plan
  variables { runbook_url = "https://example.com/operations" }

  assert {
    condition     = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.this : endswith(alarm.alarm_description, "https://example.com/operations#${key}")])
    error_message = "the alarm's own name"
  }

  assert {
    condition     = endswith(aws_cloudwatch_metric_alarm.ratio["budget-fast-long"].alarm_description, "#budget-fast") && contains(output.runbook_sections, "budget-fast")
    error_message = "windows point to their composite alarm"
  }
}

run "the_error_budget_is_watched_over_two_windows" {
  command = plan

  assert {
    condition = (
      abs(aws_cloudwatch_metric_alarm.ratio["budget-fast-long"].threshold - 0.0144) < 0.000001 &&
      abs(aws_cloudwatch_metric_alarm.ratio["budget-slow-short"].threshold - 0.006) < 0.000001
    )
    error_message = "14.4 and 6 times a budget of 0.1 %"
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.budget["fast"].alarm_rule == "ALARM(\"we-upload-test-budget-fast-long\") AND ALARM(\"we-upload-test-budget-fast-short\")"
    error_message = "both windows at once"
  }

  assert {
    condition     = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.ratio : length(alarm.alarm_actions) == (key == "server-errors" ? 1 : 0)])
    error_message = "a single window tells nobody"
  }
}

run "errors_of_the_load_balancer_itself_count" {
  command = plan

  assert {
    condition = toset([for query in aws_cloudwatch_metric_alarm.ratio["server-errors"].metric_query : query.metric[0].metric_name if startswith(query.id, "errors")]) == toset([
      "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"
    ])
    error_message = "a dead service answers nothing; its load balancer does"
  }
}

run "a_deployment_is_undone_by_errors_and_unhealthy_hosts" {
  command = plan

  assert {
    condition     = output.rollback_alarm_names == ["we-upload-test-server-errors", "we-upload-test-unhealthy-hosts"]
    error_message = "two alarms that react within minutes"
  }
}

run "without_a_load_balancer_the_log_is_the_source" {
  command = plan
  variables { load_balancer = null }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["latency"].metric_name == "Duration" && aws_cloudwatch_metric_alarm.this["latency"].threshold == 500
    error_message = "milliseconds, as the application logs them"
  }

  assert {
    condition     = !can(aws_cloudwatch_metric_alarm.this["unhealthy-hosts"]) && output.rollback_alarm_names == ["we-upload-test-server-errors"]
    error_message = "no alarms of a load balancer that is not there"
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.service["ServerErrors"].pattern == "{ $.event = \"request\" && $.status >= 500 }"
    error_message = "the fields the application writes"
  }
}

run "lost_files_and_a_check_that_does_not_come_are_told" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_metric_filter.service["LostFiles"].pattern == "{ $.event = \"fsck found\" && ($.kind = \"missing_object\" || $.kind = \"wrong_size\") }"
    error_message = "the kinds of which people lose files"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["files-missing"].datapoints_to_alarm == 1 && aws_cloudwatch_metric_alarm.this["files-missing"].evaluation_periods * aws_cloudwatch_metric_alarm.this["files-missing"].period == 86400
    error_message = "one finding rings, until the next night"
  }

  assert {
    condition = (
      aws_cloudwatch_log_metric_filter.service["FsckRuns"].pattern == "{ $.event = \"fsck finished\" }" &&
      aws_cloudwatch_metric_alarm.this["fsck-stale"].evaluation_periods * aws_cloudwatch_metric_alarm.this["fsck-stale"].period == 129600 &&
      aws_cloudwatch_metric_alarm.this["fsck-stale"].treat_missing_data == "breaching"
    )
    error_message = "a day and a half without the line that ends it"
  }
}

run "the_worker_is_watched_by_its_line_of_each_minute" {
  command = plan

  assert {
    condition = { for name in ["QueuedJobs", "FailedJobs", "OldestJob"] : name => aws_cloudwatch_log_metric_filter.service[name].metric_transformation[0].value } == {
      QueuedJobs = "$.queued"
      FailedJobs = "$.failed"
      OldestJob  = "$.oldest_seconds"
    }
    error_message = "the fields the worker writes"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["worker-down"].statistic == "SampleCount" && aws_cloudwatch_metric_alarm.this["worker-down"].treat_missing_data == "breaching" &&
      aws_cloudwatch_metric_alarm.this["worker-down"].evaluation_periods * aws_cloudwatch_metric_alarm.this["worker-down"].period == 600
    )
    error_message = "ten minutes without it mean that nobody works"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["jobs-wait"].threshold == 900 && aws_cloudwatch_metric_alarm.this["jobs-failed"].threshold == 0 &&
      aws_cloudwatch_metric_alarm.this["jobs-failed"].treat_missing_data == "ignore"
    )
    error_message = "a job late by a quarter of an hour, and any that failed for good"
  }
}

run "windows_fit_into_cloudwatch" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.period * alarm.evaluation_periods <= (alarm.period < 3600 ? 86400 : 604800)])
    error_message = "a day at most, a week in periods of an hour or more"
  }
}

run "logs_and_notifications_are_encrypted_and_expire" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.service.kms_key_id == var.kms_key_arn && aws_sns_topic.alarms.kms_master_key_id == var.kms_key_arn
    error_message = "our key"
  }

  assert {
    condition     = aws_cloudwatch_log_group.service.retention_in_days == 90
    error_message = "three months"
  }
}

run "people_are_told" {
  command = plan
  variables { alarm_emails = ["on-call@example.com"] }

  assert {
    condition     = keys(aws_sns_topic_subscription.email) == ["on-call@example.com"]
    error_message = "one subscription each"
  }
}

run "the_dashboard_shows_every_part" {
  command = plan

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 12
    error_message = "twelve panels behind a load balancer"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[6].properties.metrics == [["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "we-upload-test"]]
    error_message = "namespace, name, dimension, value"
  }
}

run "refuses_odd_values" {
  command = plan
  variables {
    log_retention_days        = 42
    alarm_emails              = ["nobody"]
    availability_objective    = 1
    latency_objective_seconds = 0
  }
  expect_failures = [var.log_retention_days, var.alarm_emails, var.availability_objective, var.latency_objective_seconds]
}
