mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

run "dev_is_one_small_instance_behind_cloudfront" {
  command = plan

  assert {
    condition     = output.compute == "ec2" && startswith(output.url, "https://") && endswith(output.url, ".cloudfront.net")
    error_message = "no domain, HTTPS all the same"
  }

  assert {
    condition     = var.instance_type == "t3.micro" && var.capacity.min == 1 && var.network.nat == "none"
    error_message = "nothing that costs without being used"
  }

  assert {
    condition     = output.facts_parameter == "/we-upload-dev/deployment"
    error_message = "its own names"
  }
}

run "dev_tells_somebody" {
  command = plan

  assert {
    condition     = length(var.alarm_emails) > 0
    error_message = "alarms that nobody hears are none"
  }
}

run "dev_can_move_to_a_domain_and_fargate" {
  command = plan

  variables {
    compute = "ecs"
    domain  = { name = "dev.upload.example.com", zone = "example.com" }
  }

  assert {
    condition     = output.url == "https://dev.upload.example.com" && contains(keys(output.deployment.services), "worker")
    error_message = "by its variables alone"
  }
}
