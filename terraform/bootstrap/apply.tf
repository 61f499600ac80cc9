# What an apply may change: things called we-upload-<environment>-*, and the kinds of things AWS gives ids to.
# Roles it makes carry the boundary below, so that it cannot make itself a stronger one.
locals {
  named = [
    "autoscaling", "cloudformation", "cloudwatch", "ecr", "ecs", "elasticache", "events", "logs", "rds",
    "secretsmanager", "sns", "sqs", "ssm",
  ]

  iam = { for name in var.environments : name => {
    roles = [
      "arn:aws:iam::${local.account}:role/we-upload-${name}-*",
      "arn:aws:iam::${local.account}:instance-profile/we-upload-${name}-*",
    ]
    policies = "arn:aws:iam::${local.account}:policy/we-upload-${name}-*"
    boundary = "arn:aws:iam::${local.account}:policy/we-upload-boundary-${name}"
  } }
}

resource "aws_iam_policy" "apply" {
  #checkov:skip=CKV_AWS_286:every role made here must carry the boundary, which has no IAM rights
  #checkov:skip=CKV_AWS_287:contents of secrets are denied below
  #checkov:skip=CKV_AWS_288:contents of files are denied below
  #checkov:skip=CKV_AWS_289:limited to roles and policies of the environment, under the boundary
  #checkov:skip=CKV_AWS_290:AWS gives ids, not names, to networks, keys, certificates and distributions
  #checkov:skip=CKV_AWS_355:AWS gives ids, not names, to networks, keys, certificates and distributions
  for_each = var.environments

  name        = "we-upload-apply-${each.key}"
  description = "Terraform applies ${each.key}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.look_at_state[each.key], [
      {
        Sid      = "WriteState"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = local.state[each.key].object
      },
      {
        Sid    = "NamedThings"
        Effect = "Allow"
        Action = concat(["s3:*"], [for service in local.named : "${service}:*"])
        Resource = concat(
          ["arn:aws:s3:::we-upload-${each.key}-*", "arn:aws:cloudwatch::${local.account}:dashboard/we-upload-${each.key}"],
          [for service in local.named : "arn:aws:${service}:${var.region}:${local.account}:*we-upload-${each.key}*"],
          # What CloudFormation and RDS name themselves, and the defaults their services want to be told of.
          [
            "arn:aws:secretsmanager:${var.region}:${local.account}:secret:WeUpload${title(each.key)}-*",
            "arn:aws:secretsmanager:${var.region}:${local.account}:secret:rds!db-*",
            "arn:aws:rds:${var.region}:${local.account}:og:default:*",
            "arn:aws:elasticache:${var.region}:${local.account}:parametergroup:default.*",
          ],
        )
      },
      {
        Sid    = "ThingsWithIds"
        Effect = "Allow"
        Action = [
          "acm:*", "application-autoscaling:*", "ec2:*", "ecs:CreateCluster", "ecs:DeregisterTaskDefinition",
          "ecs:RegisterTaskDefinition", "elasticloadbalancing:*", "kms:*", "logs:*LogDelivery*",
          "logs:PutResourcePolicy", "secretsmanager:CreateSecret", "secretsmanager:GetRandomPassword",
          "secretsmanager:TagResource", "sns:Unsubscribe",
        ]
        Resource  = "*"
        Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
      },
      {
        Sid      = "GlobalThings"
        Effect   = "Allow"
        Action   = ["cloudfront:*", "route53:ChangeResourceRecordSets"]
        Resource = "*"
      },
      {
        Sid       = "RolesUnderTheBoundary"
        Effect    = "Allow"
        Action    = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
        Resource  = local.iam[each.key].roles
        Condition = { StringEquals = { "iam:PermissionsBoundary" = local.iam[each.key].boundary } }
      },
      {
        Sid    = "RolesOtherwise"
        Effect = "Allow"
        Action = [
          "iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:DeleteInstanceProfile", "iam:DeleteRole",
          "iam:DeleteRolePolicy", "iam:PassRole", "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile",
          "iam:TagRole", "iam:UntagInstanceProfile", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole",
          "iam:UpdateRoleDescription",
        ]
        Resource = local.iam[each.key].roles
      },
      {
        Sid    = "Policies"
        Effect = "Allow"
        Action = [
          "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion",
          "iam:SetDefaultPolicyVersion", "iam:TagPolicy", "iam:UntagPolicy",
        ]
        Resource = local.iam[each.key].policies
      },
      {
        Sid      = "RolesOfAwsItself"
        Effect   = "Allow"
        Action   = "iam:CreateServiceLinkedRole"
        Resource = "arn:aws:iam::${local.account}:role/aws-service-role/*"
      },
      {
        Sid         = "NoContents"
        Effect      = "Deny"
        Action      = ["s3:GetObject", "s3:GetObjectVersion", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage"]
        NotResource = [local.state[each.key].object, local.state[each.key].lock]
      },
      {
        Sid      = "StateStays"
        Effect   = "Deny"
        Action   = ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
        Resource = aws_kms_key.state.arn
      },
    ])
  })
}

# The most that any role made by an apply can do, whatever its own policy says.
resource "aws_iam_policy" "boundary" {
  #checkov:skip=CKV_AWS_287:a boundary grants nothing; it caps what the roles' own narrow policies grant
  #checkov:skip=CKV_AWS_288:a boundary grants nothing; it caps what the roles' own narrow policies grant
  #checkov:skip=CKV_AWS_289:a boundary grants nothing; it caps what the roles' own narrow policies grant
  #checkov:skip=CKV_AWS_290:a boundary grants nothing; it caps what the roles' own narrow policies grant
  #checkov:skip=CKV_AWS_355:a boundary grants nothing; it caps what the roles' own narrow policies grant
  for_each = var.environments

  name        = "we-upload-boundary-${each.key}"
  description = "The most a role of ${each.key} can do"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "RunAndDeploy"
        Effect = "Allow"
        Action = [
          "autoscaling:*", "cloudwatch:*", "ec2:AssociateAddress", "ec2:CreateLaunchTemplateVersion", "ec2:CreateTags", "ec2:Describe*",
          "ec2:RunInstances", "ec2messages:*", "ecr:*", "ecs:*", "kms:Decrypt", "kms:GenerateDataKey", "logs:*",
          "s3:*", "secretsmanager:GetSecretValue", "sqs:*", "ssm:*", "ssmmessages:*",
        ]
        Resource = "*"
      },
      {
        Sid      = "PassItsOwnRoles"
        Effect   = "Allow"
        Action   = "iam:PassRole"
        Resource = "arn:aws:iam::${local.account}:role/we-upload-${each.key}-*"
      },
      {
        Sid      = "NoState"
        Effect   = "Deny"
        Action   = "s3:*"
        Resource = [aws_s3_bucket.state.arn, "${aws_s3_bucket.state.arn}/*"]
      },
    ]
  })
}
