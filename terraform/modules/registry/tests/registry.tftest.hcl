mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name        = "we-upload-test"
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "images_are_scanned_encrypted_and_never_replaced" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push && aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "scan on push, immutable tags"
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].kms_key == var.kms_key_arn && !aws_ecr_repository.this.force_delete
    error_message = "our key, and destroy does not take the images along"
  }
}

run "old_images_go_and_enough_stay_to_roll_back" {
  command = plan
  variables { kept_images = 12 }

  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.countNumber] == [14, 12]
    error_message = "untagged ones for two weeks, twelve tagged ones"
  }
}

run "a_deletable_environment_may_take_its_images_along" {
  command = plan
  variables { deletable = true }

  assert {
    condition     = aws_ecr_repository.this.force_delete
    error_message = "so that destroy succeeds"
  }
}

run "refuses_to_keep_too_few" {
  command = plan
  variables { kept_images = 1 }
  expect_failures = [var.kept_images]
}
