# The service reads the database password when it starts. When RDS has changed it, open connections live on and
# new ones fail: the service is restarted, a few instances at a time, as a deployment would.
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  ssm        = "arn:aws:ssm:${data.aws_region.current.region}:${local.account}"
  automation = "${local.ssm}:automation-definition/${aws_ssm_document.restart.name}"
}

resource "aws_ssm_document" "restart" {
  name            = "${var.name}-restart"
  document_type   = "Automation"
  document_format = "JSON"

  content = jsonencode({
    schemaVersion = "0.3"
    description   = "Restart the service so that it reads its secrets again"
    assumeRole    = aws_iam_role.restart.arn
    mainSteps = [for index, call in var.restart.calls : {
      name   = "call${index + 1}"
      action = "aws:executeAwsApi"
      inputs = merge({ Service = call.service, Api = call.api }, jsondecode(call.parameters))
    }]
  })
}

# Events of Secrets Manager reach EventBridge through CloudTrail: the bootstrap makes a trail.
resource "aws_cloudwatch_event_rule" "rotated" {
  name        = "${var.name}-password-rotated"
  description = "RDS has changed the database password"

  event_pattern = jsonencode({
    source      = ["aws.secretsmanager"]
    detail-type = ["AWS Service Event via CloudTrail"]
    detail = {
      eventName           = ["RotationSucceeded"]
      additionalEventData = { SecretId = [var.secret_arn] }
    }
  })
}

resource "aws_cloudwatch_event_target" "restart" {
  rule     = aws_cloudwatch_event_rule.rotated.name
  arn      = local.automation
  role_arn = aws_iam_role.start.arn
}

resource "aws_iam_role" "restart" {
  name                 = "${var.name}-restart"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ssm.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "restart" {
  name = "restart"
  role = aws_iam_role.restart.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = var.restart.actions, Resource = var.restart.resources }]
  })
}

resource "aws_iam_role" "start" {
  name                 = "${var.name}-rotation"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.rotated.arn } }
    }]
  })
}

resource "aws_iam_role_policy" "start" {
  name = "start"
  role = aws_iam_role.start.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # A start is checked against the document, against the execution it makes, and by its former name as well.
        Effect = "Allow"
        Action = "ssm:StartAutomationExecution"
        Resource = [
          "${local.ssm}:document/${aws_ssm_document.restart.name}",
          "${local.ssm}:automation-execution/*",
          "${local.automation}:*",
        ]
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = aws_iam_role.restart.arn
        Condition = { StringEquals = { "iam:PassedToService" = "ssm.amazonaws.com" } }
      },
    ]
  })
}
