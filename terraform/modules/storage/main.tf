data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
}

resource "aws_s3_bucket" "files" {
  #checkov:skip=CKV_AWS_144:versions keep deleted files; a copy in another region doubles the bill and is the operator's choice
  bucket        = "${var.name}-files-${local.account}"
  force_destroy = var.deletable
}

resource "aws_s3_bucket_public_access_block" "files" {
  bucket                  = aws_s3_bucket.files.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

# Objects are never overwritten: versions are here to bring back what was deleted by mistake.
resource "aws_s3_bucket_versioning" "files" {
  bucket = aws_s3_bucket.files.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "files" {
  bucket        = aws_s3_bucket.files.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "s3/"
}

resource "aws_s3_bucket_cors_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  cors_rule {
    allowed_origins = var.cors_origins
    allowed_methods = ["GET", "HEAD", "PUT", "POST"]
    allowed_headers = ["content-type", "content-md5", "if-none-match", "range", "x-amz-*"]
    # The client reports each part's ETag when it completes a multipart upload.
    expose_headers  = ["ETag", "Content-Range", "x-amz-checksum-sha256", "x-amz-request-id"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "files" {
  bucket = aws_s3_bucket.files.id

  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.abort_unfinished_days
    }
  }

  rule {
    id     = "tier-what-is-not-read"
    status = "Enabled"

    filter {
      prefix = "objects/"
    }

    transition {
      days          = var.tiering_days
      storage_class = "INTELLIGENT_TIERING"
    }
  }

  rule {
    id     = "forget-deleted-files"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.deleted_retention_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.files]
}

resource "aws_s3_bucket_policy" "files" {
  bucket = aws_s3_bucket.files.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.files.arn, "${aws_s3_bucket.files.arn}/*"]
        Principal = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "ModernTlsOnly"
        Effect    = "Deny"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.files.arn, "${aws_s3_bucket.files.arn}/*"]
        Principal = "*"
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
      {
        # A signature is otherwise good for up to seven days, even one made by a leaked credential.
        Sid       = "NoStaleSignature"
        Effect    = "Deny"
        Action    = "s3:*"
        Resource  = "${aws_s3_bucket.files.arn}/*"
        Principal = "*"
        Condition = { NumericGreaterThan = { "s3:signatureAge" = tostring(var.url_ttl_seconds * 1000) } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.files]
}
