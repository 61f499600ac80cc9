mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name       = "we-upload-test"
  secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds"
  restart = {
    calls     = [{ service = "ecs", api = "UpdateService", parameters = "{\"cluster\": \"mock\", \"forceNewDeployment\": true}" }]
    actions   = ["ecs:UpdateService"]
    resources = ["arn:aws:ecs:eu-central-1:123456789012:service/mock/serve"]
  }
}

run "a_rotated_password_restarts_the_service" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.rotated.event_pattern).detail.additionalEventData.SecretId == [var.secret_arn]
    error_message = "the rotation of this secret and no other"
  }

  assert {
    condition = jsondecode(aws_ssm_document.restart.content).mainSteps == [{
      name = "call1", action = "aws:executeAwsApi", inputs = { Service = "ecs", Api = "UpdateService", cluster = "mock", forceNewDeployment = true }
    }]
    error_message = "the given call with its parameters"
  }

  assert {
    condition     = endswith(aws_cloudwatch_event_target.restart.arn, ":automation-definition/we-upload-test-restart")
    error_message = "the rule starts the automation"
  }
}

run "it_may_restart_and_nothing_else" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role_policy.restart.policy).Statement == [{ Effect = "Allow", Action = ["ecs:UpdateService"], Resource = ["arn:aws:ecs:eu-central-1:123456789012:service/mock/serve"] }]
    error_message = "exactly the given rights"
  }
}

run "the_rule_may_start_this_automation_and_nothing_else" {
  command = plan

  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.start.policy).Statement : statement.Resource if statement.Action == "ssm:StartAutomationExecution"]) == [
      "arn:aws:ssm:eu-central-1:123456789012:document/we-upload-test-restart",
      "arn:aws:ssm:eu-central-1:123456789012:automation-execution/*",
      "arn:aws:ssm:eu-central-1:123456789012:automation-definition/we-upload-test-restart:*",
    ]
    error_message = "document and execution, which AWS asks for, and the definition, which it asked for before"
  }
}

run "refuses_rights_on_everything" {
  command = plan
  variables { restart = { calls = [{ service = "ecs", api = "UpdateService", parameters = "{}" }], actions = ["ecs:UpdateService"], resources = ["*"] } }
  expect_failures = [var.restart]
}

run "refuses_no_calls" {
  command = plan
  variables { restart = { calls = [], actions = ["ecs:UpdateService"], resources = [] } }
  expect_failures = [var.restart]
}
