resource "aws_cloudwatch_log_group" "service" {
  #checkov:skip=CKV_AWS_338:what must be kept for years is in the database's audit events; logs serve to find faults
  name              = "/${var.name}/service"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

# What the application writes about each request becomes metrics: with no load balancer the only ones there are.
locals {
  filters = {
    Requests     = { pattern = "{ $.event = \"request\" }", value = "1" }
    ServerErrors = { pattern = "{ $.event = \"request\" && $.status >= 500 }", value = "1" }
    Duration     = { pattern = "{ $.event = \"request\" && $.duration_ms >= 0 }", value = "$.duration_ms" }
    LoggedErrors = { pattern = "{ $.level = \"error\" || $.level = \"critical\" }", value = "1" }
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
    unit      = each.key == "Duration" ? "Milliseconds" : "Count"
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AlarmsOfThisAccount"
      Effect    = "Allow"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alarms.arn
      Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"] }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}
