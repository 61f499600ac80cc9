mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name              = "we-upload-test"
  subnet_ids        = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_id = "sg-0fedcba9876543210"
  load_balancer = {
    target_group_arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/mock/0123456789abcdef"
    request_label    = "app/mock/0123456789abcdef/targetgroup/mock/0123456789abcdef"
  }
  capacity             = { min = 2, max = 6 }
  rollback_alarm_names = ["we-upload-test-server-errors"]
  repository           = { url = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/we-upload-test", arn = "arn:aws:ecr:eu-central-1:123456789012:repository/we-upload-test" }
  environment          = { PORT = "8000" }
  secrets              = { SECRET_KEY = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:application", key = "SECRET_KEY" } }
  policy_arns          = { runtime = "arn:aws:iam::123456789012:policy/runtime", secrets = "arn:aws:iam::123456789012:policy/secrets" }
  log_group            = { name = "/we-upload-test/service", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/we-upload-test/service" }
  kms_key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "one_image_runs_as_api_and_worker" {
  command = plan

  assert {
    condition     = { for name, container in local.containers : name => container.command } == { serve = ["serve"], worker = ["worker"] }
    error_message = "two commands; migrations are no command of a service"
  }

  assert {
    condition     = length(aws_ecs_service.this["serve"].load_balancer) == 1 && length(aws_ecs_service.this["worker"].load_balancer) == 0
    error_message = "only the API is reached"
  }
}

run "containers_are_locked_down" {
  command = plan

  assert {
    condition = alltrue([
      for container in values(local.containers) :
      container.readonlyRootFilesystem && container.user == "10001:10001" && container.linuxParameters.capabilities.drop == ["ALL"]
    ])
    error_message = "read-only, not root, no capabilities"
  }

  assert {
    condition     = alltrue([for service in aws_ecs_service.this : !service.enable_execute_command && !service.network_configuration[0].assign_public_ip])
    error_message = "no shell from outside, no public address"
  }
}

run "secrets_come_from_secrets_manager" {
  command = plan

  assert {
    condition     = local.containers.serve.secrets == [{ name = "SECRET_KEY", valueFrom = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:application:SECRET_KEY::" }]
    error_message = "by reference to one key of the secret"
  }
}

run "the_process_cannot_read_its_secrets_again" {
  command = plan

  assert {
    condition     = aws_iam_role_policy_attachment.runtime.policy_arn == var.policy_arns.runtime && aws_iam_role_policy_attachment.secrets.policy_arn == var.policy_arns.secrets
    error_message = "the task's role has the runtime rights, the starting role the secrets"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.start.policy).Statement : statement.Resource != "*" if statement.Sid != "RegistryLogin"])
    error_message = "a wildcard resource only where AWS knows no other"
  }
}

run "a_bad_deployment_is_undone" {
  command = plan

  assert {
    condition = alltrue([
      for service in aws_ecs_service.this :
      service.deployment_circuit_breaker[0].enable && service.deployment_circuit_breaker[0].rollback &&
      service.alarms[0].rollback && service.alarms[0].alarm_names == toset(var.rollback_alarm_names)
    ])
    error_message = "by the circuit breaker and by the alarms"
  }

  assert {
    condition     = alltrue([for definition in aws_ecs_task_definition.this : definition.skip_destroy])
    error_message = "older revisions stay, to go back to"
  }
}

run "replaces_a_few_at_a_time_and_always_one" {
  command = plan

  assert {
    condition     = alltrue([for service in aws_ecs_service.this : service.deployment_minimum_healthy_percent == 100])
    error_message = "never under full strength"
  }

  assert {
    condition     = { for command, service in aws_ecs_service.this : command => service.deployment_maximum_percent } == { serve = 150, worker = 200 }
    error_message = "one more than two tasks, and one more than one"
  }

  assert {
    condition     = output.most_processes == { serve = 9, worker = 2 }
    error_message = "half more than six, and a second worker"
  }
}

run "a_larger_fleet_goes_by_quarters" {
  command = plan
  variables { capacity = { min = 8, max = 12 } }

  assert {
    condition     = aws_ecs_service.this["serve"].deployment_maximum_percent == 125
    error_message = "two of eight"
  }
}

run "scales_on_processor_and_requests" {
  command = plan

  assert {
    condition     = aws_appautoscaling_target.serve.min_capacity == 2 && aws_appautoscaling_target.serve.max_capacity == 6
    error_message = "between the given bounds"
  }

  assert {
    condition     = toset(keys(aws_appautoscaling_policy.serve)) == toset(["processor", "requests"])
    error_message = "two targets are tracked"
  }
}

run "without_nat_tasks_get_an_address_to_reach_out" {
  command = plan

  variables {
    public_address = true
    architecture   = "arm64"
  }

  assert {
    condition     = output.deployment.migrate.assign_public_ip == "ENABLED" && aws_ecs_service.this["worker"].network_configuration[0].assign_public_ip
    error_message = "services and migrations alike"
  }

  assert {
    condition     = aws_ecs_task_definition.this["serve"].runtime_platform[0].cpu_architecture == "ARM64"
    error_message = "on the architecture of the image"
  }
}

run "refuses_sizes_fargate_does_not_sell" {
  command = plan
  variables { size = { cpu = 512, memory = 512 } }
  expect_failures = [var.size]
}

run "refuses_a_deployment_nobody_watches" {
  command = plan
  variables { rollback_alarm_names = [] }
  expect_failures = [var.rollback_alarm_names]
}

run "refuses_odd_numbers" {
  command = plan
  variables {
    capacity            = { min = 3, max = 2 }
    requests_per_target = 0
    architecture        = "sparc"
  }
  expect_failures = [var.capacity, var.requests_per_target, var.architecture]
}
