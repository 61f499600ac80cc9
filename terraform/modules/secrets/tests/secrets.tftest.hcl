mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables { name = "we-upload-test" }

run "the_key_rotates_and_cannot_vanish_at_once" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "rotation on, thirty days to regret a deletion"
  }
}

run "only_this_account_and_aws_services_use_the_key" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this.policy).Statement :
      try(statement.Principal.AWS, "") == "arn:aws:iam::123456789012:root" || can(statement.Principal.Service)
    ])
    error_message = "no principal but the account and services"
  }
}

run "the_secret_is_made_up_by_aws_and_encrypted_with_the_key" {
  command = plan

  assert {
    condition = (
      jsondecode(aws_cloudformation_stack.application.template_body).Resources.WeUploadTest.Properties.KmsKeyId == aws_kms_key.this.arn &&
      !can(jsondecode(aws_cloudformation_stack.application.template_body).Resources.WeUploadTest.Properties.SecretString)
    )
    error_message = "no value in the template, and our key"
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.application.template_body).Resources.WeUploadTest.Properties.GenerateSecretString.PasswordLength >= 32
    error_message = "the application refuses a SECRET_KEY under 32 characters"
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.application.template_body).Resources.WeUploadTest.DeletionPolicy == "Retain"
    error_message = "sessions and links outlive a destroyed stack"
  }
}
