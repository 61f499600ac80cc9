# The share of failed requests against the objective: how fast the error budget burns, over two windows each, as in
# chapter 5 of Google's SRE workbook. The long window proves that it matters, the short one that it still happens.
locals {
  budget = 1 - var.availability_objective

  errors = {
    log = [
      { namespace = var.name, metric = "ServerErrors", dimensions = {} },
    ]
    balancer = [
      { namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", dimensions = local.balancer },
      { namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", dimensions = local.balancer },
    ]
  }[local.source]

  requests = {
    log      = { namespace = var.name, metric = "Requests", dimensions = {} }
    balancer = { namespace = "AWS/ApplicationELB", metric = "RequestCount", dimensions = local.balancer }
  }[local.source]

  burn_rates = {
    fast = { rate = 14.4, long = 3600, short = 300, text = "At this error rate, a month's error budget is used up in two days" }
    slow = { rate = 6, long = 21600, short = 1800, text = "At this error rate, a month's error budget is used up in five days" }
  }

  # The rate of a deployment gone wrong: seen within three minutes, and used to undo it.
  ratios = merge(
    { server-errors = { period = 60, times = 3, above = 0.05, text = "More than 5 % of requests fail" } },
    { for pair in setproduct(keys(local.burn_rates), ["long", "short"]) : "budget-${pair[0]}-${pair[1]}" => {
      period = local.burn_rates[pair[0]][pair[1]]
      times  = 1
      above  = local.burn_rates[pair[0]].rate * local.budget
      text   = "Part of the alarm budget-${pair[0]}"
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "ratio" {
  for_each = local.ratios

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text}. ${var.runbook_url}#${join("-", slice(split("-", each.key), 0, 2))}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  evaluation_periods  = each.value.times
  treat_missing_data  = "notBreaching"
  # The windows of a burn rate speak through their composite alarm only.
  alarm_actions = startswith(each.key, "budget-") ? [] : [aws_sns_topic.alarms.arn]
  ok_actions    = startswith(each.key, "budget-") ? [] : [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "ratio"
    label       = "Share of failed requests"
    expression  = "(${join("+", [for index in range(length(local.errors)) : "FILL(errors${index},0)"])})/requests"
    return_data = true
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = local.requests.namespace
      metric_name = local.requests.metric
      dimensions  = local.requests.dimensions
      stat        = "Sum"
      period      = each.value.period
    }
  }

  dynamic "metric_query" {
    for_each = local.errors

    content {
      id = "errors${metric_query.key}"

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = "Sum"
        period      = each.value.period
      }
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "budget" {
  for_each = local.burn_rates

  alarm_name        = "${var.name}-budget-${each.key}"
  alarm_description = "${each.value.text}. ${var.runbook_url}#budget-${each.key}"
  alarm_actions     = [aws_sns_topic.alarms.arn]
  ok_actions        = [aws_sns_topic.alarms.arn]
  alarm_rule = join(" AND ", [
    for window in ["long", "short"] : "ALARM(\"${aws_cloudwatch_metric_alarm.ratio["budget-${each.key}-${window}"].alarm_name}\")"
  ])
}
