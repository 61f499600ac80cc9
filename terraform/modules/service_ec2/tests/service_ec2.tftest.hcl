mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name              = "we-upload-test"
  subnet_ids        = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_id = "sg-0fedcba9876543210"
  capacity          = { min = 1, max = 2 }
  repository        = { url = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/we-upload-test", arn = "arn:aws:ecr:eu-central-1:123456789012:repository/we-upload-test" }
  environment       = { PORT = "8000" }
  secrets           = { SECRET_KEY = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:application", key = "SECRET_KEY" } }
  policy_arns       = { runtime = "arn:aws:iam::123456789012:policy/runtime", secrets = "arn:aws:iam::123456789012:policy/secrets" }
  log_group         = { name = "/we-upload-test/service", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/we-upload-test/service" }
  kms_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "instances_are_hardened" {
  command = plan

  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "IMDSv2, one hop: containers on other networks get no credentials"
  }

  assert {
    condition     = tobool(aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted)
    error_message = "the disk is encrypted"
  }

  assert {
    condition     = aws_launch_template.this.key_name == null && !strcontains(local.user_data, "ssh")
    error_message = "no SSH: Session Manager opens a shell"
  }
}

run "containers_are_locked_down_under_systemd" {
  command = plan

  assert {
    condition = alltrue([
      for option in ["--read-only", "--cap-drop ALL", "--user 10001:10001", "no-new-privileges", "--log-driver awslogs"] :
      strcontains(local.files["/usr/local/bin/we-upload-container"].content, option)
    ])
    error_message = "read-only, no capabilities, not root, logs to CloudWatch"
  }

  assert {
    condition     = endswith(trimspace(local.files["/usr/local/bin/we-upload-container"].content), "\"$image\" \"$command\" \"$${@:3}\"")
    error_message = "a command may have arguments, as fsck has after a restore"
  }

  assert {
    condition     = yamldecode(local.user_data).runcmd[2] == ["systemctl", "enable", "--now", "--no-block", "we-upload@serve", "we-upload@worker"]
    error_message = "the API and the worker"
  }

  assert {
    condition     = !strcontains(local.user_data, "migrate'") && length(base64encode(local.user_data)) < 16384
    error_message = "no migration at start-up, and within EC2's 16 KB"
  }
}

run "secrets_are_fetched_not_written" {
  command = plan

  assert {
    condition     = local.files["/etc/we-upload/secrets"].content == "SECRET_KEY arn:aws:secretsmanager:eu-central-1:123456789012:secret:application SECRET_KEY\n"
    error_message = "the instance holds where a secret is, not what"
  }
}

run "migrations_run_on_demand_with_an_image_of_our_registry" {
  command = plan

  assert {
    condition = (
      strcontains(jsondecode(aws_ssm_document.migrate.content).mainSteps[0].inputs.runCommand[0], "migrate") &&
      can(regex(jsondecode(aws_ssm_document.migrate.content).parameters.image.allowedPattern, "${var.repository.url}@sha256:${sha256("image")}")) &&
      !can(regex(jsondecode(aws_ssm_document.migrate.content).parameters.image.allowedPattern, "evil.example.com/image@sha256:${sha256("image")}"))
    )
    error_message = "a digest of our own repository, nothing else"
  }
}

run "the_instance_role_is_narrow" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.instance.policy).Statement :
      !contains(flatten([statement.Resource]), "*") if !contains(["SessionManager", "RegistryLogin"], statement.Sid)
    ])
    error_message = "a wildcard resource only where AWS knows no other"
  }

  assert {
    condition     = keys(aws_iam_role_policy_attachment.application) == ["runtime", "secrets"]
    error_message = "the application's rights and no managed policy"
  }
}

run "a_deployment_may_launch_and_tag_from_the_template_only" {
  command = plan

  assert {
    condition = { for statement in output.deployment_statements : statement.Action[0] => statement.Condition if startswith(statement.Action[0], "ec2:") && length(statement.Condition) > 0 } == {
      "ec2:RunInstances" = { ArnEquals = { "ec2:LaunchTemplate" = aws_launch_template.this.arn } }
      "ec2:CreateTags"   = { StringEquals = { "ec2:CreateAction" = "RunInstances" } }
    }
    error_message = "each call under the one condition that AWS knows for it"
  }

  assert {
    condition     = toset([for resource in flatten([for statement in output.deployment_statements : statement.Resource if statement.Sid == "TagWhatIsLaunched"]) : split("/", split(":", resource)[5])[0]]) == toset(aws_launch_template.this.tag_specifications[*].resource_type)
    error_message = "it tags what the template tags: instances"
  }
}

run "replaces_before_it_stops_and_renews_every_month" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this.instance_maintenance_policy[0].min_healthy_percentage == 100 && aws_autoscaling_group.this.max_instance_lifetime == 2592000
    error_message = "never under full strength; no instance older than thirty days"
  }

  assert {
    condition     = aws_autoscaling_group.this.instance_maintenance_policy[0].max_healthy_percentage == 125
    error_message = "a bad image meets a few requests, not half of them"
  }

  assert {
    condition     = output.most_processes == { serve = 3, worker = 3 }
    error_message = "each instance runs both, and a third may come before one of two goes"
  }

  assert {
    condition     = aws_autoscaling_group.this.launch_template[0].version == "1"
    error_message = "a numbered version, which AWS can roll back to"
  }
}

run "behind_a_load_balancer_its_health_counts" {
  command = plan

  variables {
    load_balancer = {
      target_group_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/mock/0123456789abcdef"
      request_label    = "app/mock/0123456789abcdef/targetgroup/mock/0123456789abcdef"
    }
    capacity = { min = 2, max = 6 }
  }

  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "ELB" && length(aws_autoscaling_group.this.target_group_arns) == 1
    error_message = "instances register and are replaced when unhealthy"
  }

  assert {
    condition     = aws_autoscaling_policy.requests[0].target_tracking_configuration[0].predefined_metric_specification[0].resource_label == var.load_balancer.request_label && length(aws_autoscaling_policy.processor) == 1
    error_message = "and it scales, on processor and requests"
  }
}

run "alone_it_takes_the_fixed_address_when_ready" {
  command = plan

  variables {
    address        = { allocation_id = "eipalloc-0123456789abcdef0", arn = "arn:aws:ec2:eu-central-1:123456789012:elastic-ip/eipalloc-0123456789abcdef0" }
    public_address = true
  }

  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "EC2" && contains(yamldecode(local.user_data).runcmd[2], "we-upload-address")
    error_message = "a unit of its own moves the address"
  }

  assert {
    condition     = length(aws_autoscaling_policy.processor) + length(aws_autoscaling_policy.requests) == 0
    error_message = "nothing scales in the instance that holds the address"
  }

  assert {
    condition     = anytrue([for statement in jsondecode(aws_iam_role_policy.instance.policy).Statement : try(contains(statement.Resource, var.address.arn), false)])
    error_message = "the right to take this address"
  }
}

run "refuses_no_room_for_a_new_instance" {
  command = plan
  variables { capacity = { min = 1, max = 1 } }
  expect_failures = [var.capacity]
}

run "refuses_odd_machines" {
  command = plan
  variables {
    instance_type       = "micro"
    architecture        = "sparc"
    requests_per_target = 0
  }
  expect_failures = [var.instance_type, var.architecture, var.requests_per_target]
}
