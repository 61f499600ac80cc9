data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region
  # CloudFormation names the secret after this, with something random behind it: a new stack never meets an old secret.
  logical_id = join("", [for word in split("-", var.name) : title(word)])
}

# One key for everything the environment stores: a key of its own for each service would cost a dollar a month each
# and tell nothing apart, since one role uses them all.
resource "aws_kms_key" "this" {
  description             = "Everything ${var.name} stores"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecidesByIam"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:aws:iam::${local.account}:root" }
      },
      {
        Sid       = "LogsOfThisAccount"
        Effect    = "Allow"
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${local.region}:${local.account}:log-group:*" } }
      },
      {
        Sid       = "BucketEventsToTheQueue"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Principal = { Service = "s3.amazonaws.com" }
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        # These services pass no source account to KMS; the topic's own policy admits this account alone.
        Sid       = "AlarmsToTheTopic"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"] }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

# CloudFormation lets Secrets Manager make up the value itself: it stands in no state, plan or pipeline log.
# An operator changes it with `aws secretsmanager put-secret-value`; nothing here ever writes it again.
resource "aws_cloudformation_stack" "application" {
  #checkov:skip=CKV_AWS_124:made once with one secret in it; there are no later events to be told of
  name = "${var.name}-secrets"

  template_body = jsonencode({
    Resources = {
      (local.logical_id) = {
        Type                = "AWS::SecretsManager::Secret"
        DeletionPolicy      = "Retain"
        UpdateReplacePolicy = "Retain"
        Properties = {
          Description = "What the application must keep to itself: docs/operations.md says how to rotate it"
          KmsKeyId    = aws_kms_key.this.arn
          GenerateSecretString = {
            SecretStringTemplate = jsonencode({ SECRET_KEYS_RETIRED = "", SMTP_URL = "" })
            GenerateStringKey    = "SECRET_KEY"
            PasswordLength       = 64
            ExcludePunctuation   = true
          }
        }
      }
    }
    Outputs = { Arn = { Value = { Ref = local.logical_id } } }
  })
}
