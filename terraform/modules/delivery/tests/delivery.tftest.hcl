mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name              = "we-upload-test"
  environment       = "test"
  github_repository = { owner = "we-upload", name = "we-upload" }
  repository_arn    = "arn:aws:ecr:eu-central-1:123456789012:repository/we-upload-test"
  kms_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  facts             = { url = "https://upload.example.com" }
  statements = [{
    Sid = "RollOut", Effect = "Allow", Action = ["ecs:UpdateService"], Resource = ["arn:aws:ecs:eu-central-1:123456789012:service/mock/serve"], Condition = {}
  }]
}

run "only_this_repository_and_environment_deploy" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:we-upload/we-upload:environment:test"
      }
    }
    error_message = "one subject, compared whole, for one audience"
  }
}

run "the_role_reaches_named_things_only" {
  command = plan

  assert {
    condition = toset([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid if contains(statement.Resource, "*")
    ]) == toset(["RegistryLogin", "WatchAlarms"])
    error_message = "a wildcard only where AWS knows no resource"
  }

  assert {
    condition     = anytrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid == "RollOut" && !can(statement.Condition)])
    error_message = "the platform's rights are added; an empty condition is left out"
  }
}

run "the_pipeline_finds_its_names_in_one_parameter" {
  command = plan

  assert {
    condition     = jsondecode(aws_ssm_parameter.facts.value).url == "https://upload.example.com" && aws_ssm_parameter.facts.type == "SecureString"
    error_message = "as JSON, encrypted"
  }

  assert {
    condition     = output.facts_parameter == "/we-upload-test/deployment"
    error_message = "under a name that follows from the environment"
  }
}

run "refuses_what_is_no_repository" {
  command = plan
  variables { github_repository = { owner = "we-upload", name = "*" } }
  expect_failures = [var.github_repository]
}
