mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name                   = "we-upload-test"
  url                    = "https://upload.example.com"
  trusted_proxies        = ["10.20.0.0/20", "10.20.16.0/20"]
  bucket                 = { name = "files", arn = "arn:aws:s3:::files" }
  queue                  = { url = "https://sqs.eu-central-1.amazonaws.com/123456789012/events", arn = "arn:aws:sqs:eu-central-1:123456789012:events" }
  url_ttl_seconds        = 3600
  abort_unfinished_days  = 7
  database               = { url = "postgresql://we_upload@db:5432/we_upload?sslmode=verify-full", password_secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds" }
  application_secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:application"
  kms_key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "the_process_reaches_one_bucket_and_one_queue" {
  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_policy.runtime.policy).Statement : statement.Resource])) == toset([
      "${var.bucket.arn}/objects/*", var.bucket.arn, var.queue.arn, var.kms_key_arn
    ])
    error_message = "no other resource, and no wildcard"
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_policy.runtime.policy).Statement : statement.Action if startswith(statement.Sid, "F")])) == toset([
      "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject", "s3:ListBucket", "s3:ListBucketMultipartUploads"
    ])
    error_message = "the operations it uses, no more"
  }

  assert {
    condition     = !anytrue([for action in flatten([for policy in [aws_iam_policy.runtime.policy, aws_iam_policy.secrets.policy] : [for statement in jsondecode(policy).Statement : statement.Action]]) : strcontains(action, "*")])
    error_message = "no wildcard in an action"
  }
}

run "its_start_reads_its_secrets_only" {
  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_policy.secrets.policy).Statement : statement.Resource if statement.Sid == "Secrets"])) == toset([
      var.application_secret_arn, var.database.password_secret_arn
    ])
    error_message = "two secrets"
  }
}

run "the_key_works_through_the_service_only" {
  command = plan

  assert {
    condition = alltrue([
      for statement in concat(jsondecode(aws_iam_policy.runtime.policy).Statement, jsondecode(aws_iam_policy.secrets.policy).Statement) :
      can(statement.Condition.StringEquals["kms:ViaService"]) if statement.Resource == var.kms_key_arn
    ])
    error_message = "each use of the key names the service it goes through"
  }
}

run "no_secret_is_a_plain_setting" {
  command = plan

  assert {
    condition     = length(setintersection(keys(output.environment), ["SECRET_KEY", "SECRET_KEYS_RETIRED", "DATABASE_PASSWORD", "SMTP_URL"])) == 0
    error_message = "secrets come from Secrets Manager"
  }

  assert {
    condition     = toset(keys(output.secrets)) == toset(["SECRET_KEY", "SECRET_KEYS_RETIRED", "DATABASE_PASSWORD"])
    error_message = "and no SMTP_URL while no mail is sent"
  }
}

run "gives_up_on_an_upload_before_s3_does" {
  command = plan

  assert {
    condition     = output.environment.UPLOAD_MULTIPART_TTL == "P6D" && output.environment.UPLOAD_URL_TTL == "PT3600S"
    error_message = "a day before the bucket, and no URL outlives its signature"
  }
}

run "mail_cache_and_more_settings_when_asked_for" {
  command = plan

  variables {
    mail_from         = "We-Upload <no-reply@example.com>"
    redis_url         = "rediss://cache:6379"
    extra_environment = { OTEL_EXPORTER_OTLP_ENDPOINT = "https://otlp.example.com" }
  }

  assert {
    condition     = output.secrets.SMTP_URL.key == "SMTP_URL" && output.environment.MAIL_FROM == var.mail_from
    error_message = "the sender is a setting, the server a secret"
  }

  assert {
    condition     = output.environment.REDIS_URL == var.redis_url && output.environment.OTEL_EXPORTER_OTLP_ENDPOINT == "https://otlp.example.com"
    error_message = "both are set"
  }
}

run "refuses_a_plain_http_url" {
  command = plan
  variables { url = "http://upload.example.com" }
  expect_failures = [var.url]
}

run "refuses_secrets_among_the_settings" {
  command = plan
  variables { extra_environment = { SECRET_KEY = "in plain sight" } }
  expect_failures = [var.extra_environment]
}

run "the_life_of_a_token_is_no_secret" {
  command = plan
  variables { extra_environment = { AUTH_ACCESS_TOKEN_TTL = "PT5M", DOWNLOAD_URL_TTL = "3600" } }

  assert {
    condition     = output.environment.AUTH_ACCESS_TOKEN_TTL == "PT5M" && output.environment.DOWNLOAD_URL_TTL == "3600"
    error_message = "nor is a URL's, up to what the bucket accepts"
  }
}

run "connections_follow_from_the_pool" {
  command = plan

  assert {
    condition     = output.connections == { serve = 26, worker = 28 } && output.environment.DATABASE_POOL_SIZE == "10" && output.environment.DATABASE_MAX_OVERFLOW == "5"
    error_message = "10 for transactions, 5 beyond, 10 for prepared statements, 1 to listen on, and one for each lane of the queue"
  }
}

run "refuses_downloads_that_the_bucket_would_refuse" {
  command = plan
  variables { extra_environment = { DOWNLOAD_URL_TTL = "7200" } }
  expect_failures = [var.extra_environment]
}

run "refuses_a_download_time_it_cannot_compare" {
  command = plan
  variables { extra_environment = { DOWNLOAD_URL_TTL = "PT2H" } }
  expect_failures = [var.extra_environment]
}

run "refuses_to_set_twice_what_others_rely_on" {
  command = plan
  variables { extra_environment = { DATABASE_POOL_SIZE = "50" } }
  expect_failures = [var.extra_environment]
}

run "refuses_a_pool_too_small_for_a_worker" {
  command = plan
  variables { pool_size = 1 }
  expect_failures = [var.pool_size]
}

run "refuses_levels_that_hide_what_alarms_count" {
  command = plan
  variables { log_level = "warning" }
  expect_failures = [var.log_level]
}
