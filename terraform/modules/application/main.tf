# What the application needs at run time, whatever runs it: settings, secrets and rights.
data "aws_region" "current" {}

locals {
  overflow = 5

  # What bucket, load balancer, alarms and database rely on.
  settings = {
    ENVIRONMENT             = "production"
    HOST                    = "0.0.0.0"
    PORT                    = "8000"
    PUBLIC_URL              = var.url
    CORS_ORIGINS            = join(",", var.cors_origins)
    TRUSTED_PROXIES         = join(",", var.trusted_proxies)
    LOG_LEVEL               = var.log_level
    LOG_FORMAT              = "json"
    AWS_REGION              = data.aws_region.current.region
    S3_BUCKET               = var.bucket.name
    UPLOAD_EVENTS_QUEUE_URL = var.queue.url
    UPLOAD_URL_TTL          = "PT${var.url_ttl_seconds}S"
    UPLOAD_MULTIPART_TTL    = "P${var.abort_unfinished_days - 1}D"
    DATABASE_URL            = var.database.url
    DATABASE_POOL_SIZE      = tostring(var.pool_size)
    DATABASE_MAX_OVERFLOW   = tostring(local.overflow)
    WORKER_CONCURRENCY      = tostring(var.pool_size)
  }

  environment = merge(
    local.settings,
    var.redis_url == null ? {} : { REDIS_URL = var.redis_url },
    var.mail_from == null ? {} : { MAIL_FROM = var.mail_from },
    var.extra_environment,
  )

  secrets = merge(
    {
      SECRET_KEY          = { arn = var.application_secret_arn, key = "SECRET_KEY" }
      SECRET_KEYS_RETIRED = { arn = var.application_secret_arn, key = "SECRET_KEYS_RETIRED" }
      DATABASE_PASSWORD   = { arn = var.database.password_secret_arn, key = "password" }
    },
    var.mail_from == null ? {} : { SMTP_URL = { arn = var.application_secret_arn, key = "SMTP_URL" } },
  )

  key_for = { for service in ["s3", "sqs", "secretsmanager"] : service => {
    StringEquals = { "kms:ViaService" = "${service}.${data.aws_region.current.region}.amazonaws.com" }
  } }
}

# What the process itself does: one bucket, one queue.
resource "aws_iam_policy" "runtime" {
  name        = "${var.name}-runtime"
  description = "The application: its files and its events"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Files"
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload",
          "s3:DeleteObject",
          "s3:GetObject",
          "s3:ListMultipartUploadParts",
          "s3:PutObject",
        ]
        Resource = "${var.bucket.arn}/objects/*"
      },
      {
        # Without ListBucket a missing object answers 403 instead of 404; fsck compares the bucket with the database.
        Sid      = "FindFiles"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = var.bucket.arn
      },
      {
        Sid       = "EncryptFiles"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.kms_key_arn
        Condition = local.key_for.s3
      },
      {
        Sid      = "UploadEvents"
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = var.queue.arn
      },
      {
        Sid       = "DecryptEvents"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = var.kms_key_arn
        Condition = local.key_for.sqs
      },
    ]
  })
}

# What starts the process does: read its secrets, and nothing the process needs later.
resource "aws_iam_policy" "secrets" {
  name        = "${var.name}-secrets"
  description = "Start of the application: its secrets"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Secrets"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = distinct(values(local.secrets)[*].arn)
      },
      {
        Sid       = "DecryptSecrets"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = var.kms_key_arn
        Condition = local.key_for.secretsmanager
      },
    ]
  })
}
