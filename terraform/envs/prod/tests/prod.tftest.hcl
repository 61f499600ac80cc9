mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

run "prod_survives_a_lost_zone" {
  command = plan

  assert {
    condition     = var.database.multi_az && var.capacity.min >= 2 && var.network.zone_count == 3 && var.network.nat == "per_zone" && var.cache.replicas >= 1
    error_message = "two of everything, in several zones"
  }
}

run "prod_keeps_its_data" {
  command = plan

  assert {
    condition     = var.protected && var.database.backup_retention_days == 35
    error_message = "deletion protection, and 35 days to go back"
  }
}

run "prod_tells_somebody_and_undoes_bad_releases" {
  command = plan

  assert {
    condition     = length(var.alarm_emails) > 0 && toset(output.rollback_alarm_names) == toset(["we-upload-prod-server-errors", "we-upload-prod-unhealthy-hosts"])
    error_message = "alarms for people and for deployments"
  }

  assert {
    condition     = keys(output.objective_alarm_arns) == ["fast", "slow"]
    error_message = "and for the error budget"
  }
}

run "prod_runs_on_fargate_as_well" {
  command = plan
  variables { compute = "ecs" }

  assert {
    condition     = output.compute == "ecs" && output.deployment.cluster == "we-upload-prod"
    error_message = "the same image, another platform"
  }
}
