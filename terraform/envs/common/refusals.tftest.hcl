# What no environment accepts, whatever its terraform.tfvars say; the stack's own tests refuse the rest.
mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
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
