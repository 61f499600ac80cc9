mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

run "staging_is_built_like_prod" {
  command = plan

  assert {
    condition     = output.url == "https://staging.upload.example.com" && contains(output.rollback_alarm_names, "we-upload-staging-unhealthy-hosts")
    error_message = "behind a load balancer, with its alarms"
  }

  assert {
    condition     = var.network.nat == "single" && var.cache != null && !var.protected
    error_message = "private instances, shared counters, and nothing that keeps it from being destroyed"
  }
}

run "staging_tells_somebody" {
  command = plan

  assert {
    condition     = length(var.alarm_emails) > 0
    error_message = "alarms that nobody hears are none"
  }
}

run "staging_runs_on_fargate_as_well" {
  command = plan
  variables { compute = "ecs" }

  assert {
    condition     = output.deployment.migrate.task_definition == "we-upload-staging-serve" && output.deployment.migrate.assign_public_ip == "DISABLED"
    error_message = "migrations run as a task in private subnets"
  }
}
