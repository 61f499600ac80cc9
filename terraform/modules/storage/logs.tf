# Who read what: access logs of the files' bucket and the load balancer.
resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_18:the log of the log would never end
  #checkov:skip=CKV_AWS_21:written once by AWS and expired by age; nobody edits it
  #checkov:skip=CKV_AWS_144:access logs are not worth a copy in another region
  #checkov:skip=CKV_AWS_145:load balancers can write to buckets with S3's own keys only
  #checkov:skip=CKV2_AWS_62:nothing reacts to a log file
  bucket        = "${var.name}-logs-${local.account}"
  force_destroy = var.deletable
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket                  = aws_s3_bucket.logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # Paths of links contain their tokens, and a load balancer cannot leave paths out.
  rule {
    id     = "expire-tokens"
    status = "Enabled"

    filter {
      prefix = "alb/"
    }

    expiration {
      days = var.load_balancer_log_retention_days
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.logs.arn, "${aws_s3_bucket.logs.arn}/*"]
        Principal = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "BucketAccessLogs"
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/s3/*"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Condition = {
          ArnEquals    = { "aws:SourceArn" = aws_s3_bucket.files.arn }
          StringEquals = { "aws:SourceAccount" = local.account }
        }
      },
      {
        Sid       = "LoadBalancerAccessLogs"
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/alb/AWSLogs/${local.account}/*"
        Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.logs]
}
