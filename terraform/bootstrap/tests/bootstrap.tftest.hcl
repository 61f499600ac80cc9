mock_provider "aws" {
  source          = "../mocks"
  override_during = plan
}

variables {
  github_repository = { owner = "we-upload", name = "we-upload" }
}

run "the_state_is_private_encrypted_and_versioned" {
  command = plan

  assert {
    condition = (
      aws_s3_bucket_public_access_block.state.block_public_acls && aws_s3_bucket_public_access_block.state.block_public_policy &&
      aws_s3_bucket_public_access_block.state.ignore_public_acls && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    )
    error_message = "no public state"
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.state.rule : rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"])
    error_message = "encrypted with the state's key"
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_s3_bucket_policy.state.policy).Statement : "${statement.Effect} ${statement.Sid}"]) == toset(["Deny TlsOnly", "Deny StateKeyOnly"])
    error_message = "plain connections and other keys are refused, nobody is let in"
  }

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "a broken state can be undone"
  }
}

run "each_role_trusts_one_environment_of_one_repository" {
  command = plan

  assert {
    condition = { for name, role in aws_iam_role.apply : name => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] } == {
      dev     = "repo:we-upload/we-upload:environment:dev"
      prod    = "repo:we-upload/we-upload:environment:prod"
      staging = "repo:we-upload/we-upload:environment:staging"
    }
    error_message = "compared whole, no wildcard"
  }

  assert {
    condition     = jsondecode(aws_iam_role.plan["prod"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:we-upload/we-upload:environment:prod-plan"
    error_message = "plans have environments of their own"
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.plan), values(aws_iam_role.apply)) : jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"])
    error_message = "for one audience"
  }
}

run "an_environment_reaches_its_own_state_only" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.apply["dev"].policy).Statement :
      startswith(statement.Resource, "arn:aws:s3:::mock-bucket/envs/dev/") if contains(["ReadState", "LockState", "WriteState"], statement.Sid)
    ])
    error_message = "dev cannot write the state of prod"
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(aws_iam_role_policy.plan["dev"].policy).Statement : statement.Sid == "WriteState"])
    error_message = "a plan writes the lock, never the state"
  }
}

run "a_plan_reads_settings_not_contents" {
  command = plan

  assert {
    condition     = toset([for statement in jsondecode(aws_iam_role_policy.plan["prod"].policy).Statement : statement.Sid if statement.Effect == "Deny"]) == toset(["NoContents", "NoFiles"])
    error_message = "no files, secrets, logs or messages"
  }
}

run "an_apply_cannot_make_itself_stronger" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.apply["dev"].policy).Statement :
      statement.Condition.StringEquals["iam:PermissionsBoundary"] == "arn:aws:iam::123456789012:policy/we-upload-boundary-dev"
      if length(setintersection(flatten([statement.Action]), ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"])) > 0
    ])
    error_message = "roles are made and filled under the boundary only"
  }

  assert {
    condition     = !anytrue([for action in flatten([for statement in jsondecode(aws_iam_policy.apply["dev"].policy).Statement : statement.Action]) : contains(["*", "iam:*", "iam:DeleteRolePermissionsBoundary"], action)])
    error_message = "no right to take the boundary off"
  }

  assert {
    condition     = !anytrue([for pattern in concat(local.iam["dev"].roles, [local.iam["dev"].policies]) : startswith("arn:aws:iam::123456789012:policy/we-upload-boundary-dev", trimsuffix(pattern, "*")) || startswith("arn:aws:iam::123456789012:role/we-upload-apply-dev", trimsuffix(pattern, "*"))])
    error_message = "neither the boundary nor its own role is among what it may change"
  }

  assert {
    condition     = toset([for action in flatten([for statement in jsondecode(aws_iam_policy.boundary["dev"].policy).Statement : statement.Action if statement.Effect == "Allow"]) : action if startswith(action, "iam:")]) == toset(["iam:PassRole"])
    error_message = "no IAM within the boundary but passing its own roles"
  }
}

run "an_apply_may_call_what_knows_no_resource" {
  command = plan

  assert {
    condition = length(setsubtract(["secretsmanager:GetRandomPassword", "sns:Unsubscribe"], flatten([
      for statement in jsondecode(aws_iam_policy.apply["dev"].policy).Statement : statement.Action if statement.Resource == "*" && statement.Effect == "Allow"
    ]))) == 0
    error_message = "Secrets Manager makes up the secret, and subscriptions end, by calls without a resource"
  }
}

run "policies_fit_into_iam" {
  command = plan

  assert {
    condition     = alltrue([for policy in concat(values(aws_iam_policy.apply), values(aws_iam_policy.boundary)) : length(policy.policy) <= 6144])
    error_message = "a managed policy has 6,144 characters at most"
  }
}

run "the_trail_is_encrypted_and_provable" {
  command = plan

  assert {
    condition     = aws_cloudtrail.this[0].enable_log_file_validation && aws_cloudtrail.this[0].is_multi_region_trail && aws_cloudtrail.this[0].kms_key_id == aws_kms_key.state.arn
    error_message = "every region, with checksums, under the key"
  }

  assert {
    condition = { for statement in jsondecode(aws_kms_key.state.policy).Statement : statement.Sid => can(statement.Condition.StringLike["kms:EncryptionContext:aws:cloudtrail:arn"]) if try(statement.Principal.Service, "") == "cloudtrail.amazonaws.com" } == {
      TrailEncrypts         = true
      TrailLooksAndDecrypts = false
    }
    error_message = "an encryption context is asked for where there is one"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.state.policy).Statement :
      statement.Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:eu-central-1:123456789012:trail/we-upload"
      if try(statement.Principal.Service, "") == "cloudtrail.amazonaws.com"
    ])
    error_message = "for our own trail alone"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_kms_key.state.policy).Statement : statement.Action if statement.Sid == "TrailLooksAndDecrypts"]) == ["kms:DescribeKey", "kms:Decrypt"]
    error_message = "CloudTrail describes the key, and decrypts because the bucket has a bucket key"
  }
}

run "an_account_may_have_provider_and_trail_already" {
  command = plan

  variables {
    create_oidc_provider = false
    create_trail         = false
    environments         = ["prod"]
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && length(aws_cloudtrail.this) == 0 && length(aws_s3_bucket.trail) == 0
    error_message = "neither is made twice"
  }

  assert {
    condition     = keys(aws_iam_role.apply) == ["prod"]
    error_message = "an account for one environment has roles for one"
  }
}

run "refuses_any_repository" {
  command = plan
  variables { github_repository = { owner = "*", name = "we-upload" } }
  expect_failures = [var.github_repository]
}

run "refuses_odd_environments_and_regions" {
  command = plan
  variables {
    environments = []
    region       = "frankfurt"
  }
  expect_failures = [var.environments, var.region]
}
