mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name                     = "we-upload-test"
  vpc_id                   = "vpc-0123456789abcdef0"
  subnet_ids               = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  client_security_group_id = "sg-0fedcba9876543210"
  kms_key_arn              = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  alarm_topic_arn          = "arn:aws:sns:eu-central-1:123456789012:mock-topic"
  service_connections      = 80
  max_connections          = 100
}

run "survives_a_lost_zone_and_a_mistaken_delete_by_default" {
  command = plan

  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot
    error_message = "standby, deletion protection, last snapshot"
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period == 35 && !aws_db_instance.this.delete_automated_backups
    error_message = "35 days of backups, which outlive the instance"
  }
}

run "everything_is_encrypted_with_the_key" {
  command = plan

  assert {
    condition = aws_db_instance.this.storage_encrypted && alltrue([
      for key in [aws_db_instance.this.kms_key_id, aws_db_instance.this.master_user_secret_kms_key_id, aws_db_instance.this.performance_insights_kms_key_id] :
      key == var.kms_key_arn
    ])
    error_message = "storage, password and insights"
  }
}

run "connections_are_encrypted_and_verified" {
  command = plan

  assert {
    condition     = one([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"]) == "1"
    error_message = "the server refuses plain connections"
  }

  assert {
    condition     = strcontains(output.url, "sslmode=verify-full") && !can(regex("//[^@]*:[^@]*@", output.url))
    error_message = "the client verifies the server, and the URL carries no password"
  }
}

run "only_the_service_connects" {
  command = plan

  assert {
    condition     = !aws_db_instance.this.publicly_accessible
    error_message = "no public address"
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.service.referenced_security_group_id == var.client_security_group_id &&
      aws_vpc_security_group_ingress_rule.service.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.service.from_port == 5432
    )
    error_message = "one group on one port, no range of addresses"
  }
}

run "the_password_is_kept_by_rds_and_changes_at_a_known_hour" {
  command = plan

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "no password in the state"
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.master.rotation_rules[0].duration == "1h" && !aws_secretsmanager_secret_rotation.master.rotate_immediately
    error_message = "a one-hour window, and no surprise on apply"
  }
}

run "is_watched" {
  command = plan

  assert {
    condition     = aws_db_instance.this.performance_insights_enabled && aws_db_instance.this.monitoring_interval == 60
    error_message = "insights and enhanced monitoring"
  }

  assert {
    condition     = length(setsubtract(["failover", "failure", "low storage"], aws_db_event_subscription.this.event_categories)) == 0
    error_message = "failovers, failures and low storage reach the topic"
  }
}

run "a_small_environment_may_do_without_standby_and_protection" {
  command = plan

  variables {
    multi_az              = false
    deletion_protection   = false
    backup_retention_days = 7
  }

  assert {
    condition     = !aws_db_instance.this.multi_az && aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.backup_retention_period == 7
    error_message = "no standby, no last snapshot, a week of backups"
  }
}

run "refuses_one_subnet" {
  command = plan
  variables { subnet_ids = ["subnet-0123456789abcdef0"] }
  expect_failures = [var.subnet_ids]
}

run "refuses_a_disk_that_cannot_grow" {
  command = plan
  variables { max_allocated_storage = 20 }
  expect_failures = [var.max_allocated_storage]
}

run "refuses_to_run_without_backups" {
  command = plan
  variables { backup_retention_days = 0 }
  expect_failures = [var.backup_retention_days]
}

run "refuses_fewer_connections_than_the_service_opens" {
  command = plan
  variables { service_connections = 81 }
  expect_failures = [var.max_connections]
}

run "refuses_a_service_that_never_connects" {
  command = plan
  variables { service_connections = 0 }
  expect_failures = [var.service_connections]
}

run "refuses_odd_sizes" {
  command = plan
  variables {
    engine_version    = "18.1"
    instance_class    = "t4g.micro"
    allocated_storage = 5
    max_connections   = 10
  }
  expect_failures = [var.engine_version, var.instance_class, var.allocated_storage, var.max_connections]
}
