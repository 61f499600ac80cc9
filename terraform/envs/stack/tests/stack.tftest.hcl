mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  environment       = "test"
  github_repository = { owner = "we-upload", name = "we-upload" }
  domain            = { name = "upload.example.com", zone = "example.com" }
  network           = { nat = "single" }
}

run "with_a_domain_it_runs_behind_a_load_balancer" {
  command = plan

  assert {
    condition     = length(module.load_balancer) == 1 && length(module.dns) == 1 && length(module.edge) == 0
    error_message = "load balancer and certificate, no distribution"
  }

  assert {
    condition     = output.url == "https://upload.example.com" && contains(output.rollback_alarm_names, "we-upload-test-unhealthy-hosts")
    error_message = "under its own name, with the load balancer's alarms"
  }

  assert {
    condition     = module.application.environment.TRUSTED_PROXIES == "10.20.0.0/20,10.20.16.0/20"
    error_message = "the load balancer's subnets are believed, nobody else"
  }
}

run "without_a_domain_one_instance_runs_behind_cloudfront" {
  command = plan

  variables {
    domain    = null
    protected = false
    network   = {}
  }

  assert {
    condition     = length(module.edge) == 1 && length(module.load_balancer) == 0 && output.url == "https://d111111abcdef8.cloudfront.net"
    error_message = "HTTPS all the same"
  }

  assert {
    condition     = output.rollback_alarm_names == ["we-upload-test-server-errors"]
    error_message = "watched by what it logs"
  }
}

run "ecs_is_a_drop_in" {
  command = plan
  variables { compute = "ecs" }

  assert {
    condition     = length(module.service_ecs) == 1 && length(module.service_ec2) == 0
    error_message = "one platform"
  }

  assert {
    condition     = output.deployment.services == { serve = "we-upload-test-serve", worker = "we-upload-test-worker" } && output.deployment.migrate.command == ["migrate"]
    error_message = "a deployment learns services, families and how to migrate"
  }
}

run "ec2_tells_a_deployment_what_it_needs" {
  command = plan

  assert {
    condition     = output.deployment.autoscaling_group == "we-upload-test" && output.deployment.migrate_document == "we-upload-test-migrate"
    error_message = "group, template and migration"
  }

  assert {
    condition     = output.facts_parameter == "/we-upload-test/deployment"
    error_message = "one parameter holds all of it"
  }
}

run "a_cache_is_optional" {
  command = plan
  variables { cache = {} }

  assert {
    condition     = startswith(module.application.environment.REDIS_URL, "rediss://")
    error_message = "the application is told of it"
  }
}

run "the_application_knows_its_limits_as_the_bucket_does" {
  command = plan

  assert {
    condition     = module.application.environment.UPLOAD_URL_TTL == "PT3600S" && module.application.environment.UPLOAD_MULTIPART_TTL == "P6D"
    error_message = "URLs as old as the bucket allows; uploads end a day before the bucket drops them"
  }
}

run "the_database_is_told_what_the_whole_service_opens" {
  command = plan
  variables {
    capacity = { min = 2, max = 8 }
    database = { pool_size = 10, max_connections = 700 }
  }

  assert {
    condition     = local.most_processes == { serve = 10, worker = 10 } && module.application.connections == { serve = 26, worker = 28 }
    error_message = "ten of each, 540 connections in all"
  }
}

run "refuses_ecs_without_a_domain" {
  command = plan
  variables {
    compute   = "ecs"
    domain    = null
    protected = false
  }
  expect_failures = [var.domain]
}

run "refuses_a_fleet_without_a_load_balancer" {
  command = plan
  variables {
    domain    = null
    protected = false
    capacity  = { min = 2, max = 4 }
    database  = { max_connections = 200 }
  }
  expect_failures = [var.domain]
}

run "refuses_protected_data_behind_a_plain_last_hop" {
  command = plan
  variables { domain = null }
  expect_failures = [var.domain]
}

run "refuses_odd_choices" {
  command = plan
  variables {
    environment = "Prod!"
    compute     = "lambda"
  }
  expect_failures = [var.environment, var.compute]
}

run "refuses_regions_of_other_partitions" {
  command = plan
  variables { region = "cn-north-1" }
  expect_failures = [var.region]
}

run "refuses_what_is_no_account" {
  command = plan
  variables { account_id = "prod" }
  expect_failures = [var.account_id]
}
