# The pipeline's way in: a role for one repository and one environment, and one parameter that tells it the names.
data "aws_caller_identity" "current" {}

resource "aws_ssm_parameter" "facts" {
  name        = "/${var.name}/deployment"
  description = "What a deployment needs to know"
  type        = "SecureString"
  key_id      = var.kms_key_arn
  value       = jsonencode(var.facts)
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-deploy"
  description          = "GitHub deploys ${var.github_repository.name} to ${var.environment}"
  max_session_duration = 7200
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/token.actions.githubusercontent.com" }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:${var.github_repository.owner}/${var.github_repository.name}:environment:${var.environment}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  #checkov:skip=CKV_AWS_290:the wildcard resources are calls that know no other, each conditioned where AWS allows it
  #checkov:skip=CKV_AWS_355:the wildcard resources are calls that know no other, each conditioned where AWS allows it
  name = "deploy"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in concat(local.common, var.statements) : {
      for key, value in statement : key => value if key != "Condition" || length(value) > 0
    }]
  })
}

locals {
  common = [
    {
      Sid       = "Facts"
      Effect    = "Allow"
      Action    = ["ssm:GetParameter"]
      Resource  = [aws_ssm_parameter.facts.arn]
      Condition = {}
    },
    {
      Sid       = "ReadFacts"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = aws_ssm_parameter.facts.arn } }
    },
    {
      Sid       = "RegistryLogin"
      Effect    = "Allow"
      Action    = ["ecr:GetAuthorizationToken"]
      Resource  = ["*"]
      Condition = {}
    },
    {
      Sid    = "PushImages"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImageScanFindings",
        "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      Resource  = [var.repository_arn]
      Condition = {}
    },
    {
      Sid       = "WatchAlarms"
      Effect    = "Allow"
      Action    = ["cloudwatch:DescribeAlarms"]
      Resource  = ["*"]
      Condition = {}
    },
  ]
}
