mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name         = "we-upload-test"
  kms_key_arn  = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  cors_origins = ["https://upload.example.com"]
}

run "no_bucket_is_public" {
  command = plan

  assert {
    condition = alltrue([
      for block in [aws_s3_bucket_public_access_block.files, aws_s3_bucket_public_access_block.logs] :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "all four blocks, on both buckets"
  }

  assert {
    condition = alltrue([
      for policy in [aws_s3_bucket_policy.files.policy, aws_s3_bucket_policy.logs.policy] : alltrue([
        for statement in jsondecode(policy).Statement : statement.Effect == "Deny" || can(statement.Principal.Service)
      ])
    ])
    error_message = "policies allow AWS services only"
  }
}

run "plain_and_old_connections_are_refused" {
  command = plan

  assert {
    condition = alltrue([
      for policy in [aws_s3_bucket_policy.files.policy, aws_s3_bucket_policy.logs.policy, aws_sqs_queue_policy.events.policy] : anytrue([
        for statement in jsondecode(policy).Statement : statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
      ])
    ])
    error_message = "TLS only, on buckets and queue"
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.files.policy).Statement : try(statement.Condition.NumericLessThan["s3:TlsVersion"], "") == "1.2"
    ])
    error_message = "TLS 1.2 at least"
  }
}

run "everything_is_encrypted_with_the_key" {
  command = plan

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.files.rule :
      rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arn
    ])
    error_message = "SSE-KMS with bucket keys"
  }

  assert {
    condition     = aws_sqs_queue.events.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.dead.kms_master_key_id == var.kms_key_arn
    error_message = "both queues are encrypted"
  }
}

run "a_signature_older_than_its_url_may_be_is_refused" {
  command = plan

  variables { url_ttl_seconds = 900 }

  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.files.policy).Statement :
      statement.Effect == "Deny" && try(statement.Condition.NumericGreaterThan["s3:signatureAge"], "") == "900000"
    ])
    error_message = "the cap is in milliseconds"
  }
}

run "browsers_see_the_etag" {
  command = plan

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_cors_configuration.files.cors_rule :
      contains(rule.expose_headers, "ETag") && rule.allowed_origins == toset(["https://upload.example.com"])
    ])
    error_message = "CORS for the given origins, with the ETag"
  }
}

run "unfinished_uploads_end_files_are_tiered_and_deletions_can_be_undone" {
  command = plan

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.files.rule : rule.abort_incomplete_multipart_upload[0].days_after_initiation if rule.id == "abort-unfinished-uploads"]) == 7
    error_message = "unfinished uploads are dropped after seven days"
  }

  assert {
    condition     = one(flatten([for rule in aws_s3_bucket_lifecycle_configuration.files.rule : [for move in rule.transition : move.storage_class]])) == "INTELLIGENT_TIERING"
    error_message = "files are tiered"
  }

  assert {
    condition     = aws_s3_bucket_versioning.files.versioning_configuration[0].status == "Enabled" && !aws_s3_bucket.files.force_destroy
    error_message = "deletions can be undone, and destroy does not take the files along"
  }
}

run "created_objects_are_told_to_the_queue_by_this_bucket_alone" {
  command = plan

  assert {
    condition     = alltrue([for queue in aws_s3_bucket_notification.files.queue : queue.filter_prefix == "objects/" && queue.events == toset(["s3:ObjectCreated:*"])])
    error_message = "events of objects/ only"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_sqs_queue_policy.events.policy).Statement :
      statement.Effect == "Deny" || statement.Condition.ArnEquals["aws:SourceArn"] == aws_s3_bucket.files.arn
    ])
    error_message = "only this bucket may send"
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.events.redrive_policy).maxReceiveCount == 5 && aws_sqs_queue.dead.message_retention_seconds == 1209600
    error_message = "five tries, then two weeks to look at it"
  }
}

run "logs_with_tokens_of_links_are_kept_for_a_week" {
  command = plan

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.logs.rule : rule.expiration[0].days if rule.id == "expire-tokens"]) == 7
    error_message = "the load balancer's, below alb/"
  }
}

run "refuses_to_keep_tokens_longer_than_other_logs" {
  command = plan
  variables { load_balancer_log_retention_days = 91 }
  expect_failures = [var.load_balancer_log_retention_days]
}

run "a_deletable_environment_may_take_its_files_along" {
  command = plan
  variables { deletable = true }

  assert {
    condition     = aws_s3_bucket.files.force_destroy && aws_s3_bucket.logs.force_destroy
    error_message = "both buckets"
  }
}

run "refuses_any_origin" {
  command = plan
  variables { cors_origins = ["*"] }
  expect_failures = [var.cors_origins]
}

run "refuses_plain_http_origins" {
  command = plan
  variables { cors_origins = ["http://upload.example.com"] }
  expect_failures = [var.cors_origins]
}

run "refuses_urls_that_outlive_their_credentials" {
  command = plan
  variables { url_ttl_seconds = 604800 }
  expect_failures = [var.url_ttl_seconds]
}

run "refuses_to_drop_uploads_at_once" {
  command = plan
  variables { abort_unfinished_days = 1 }
  expect_failures = [var.abort_unfinished_days]
}

run "refuses_negative_days" {
  command = plan
  variables {
    tiering_days           = -1
    deleted_retention_days = 0
  }
  expect_failures = [var.tiering_days, var.deleted_retention_days]
}
