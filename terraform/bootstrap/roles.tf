# Two roles an environment, for GitHub's short-lived tokens: one that looks, one that changes.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

locals {
  provider_arn = "arn:aws:iam::${local.account}:oidc-provider/token.actions.githubusercontent.com"

  # What Terraform does to the state itself: read it, write it, hold the lock file beside it.
  state = { for name in var.environments : name => {
    object = "${aws_s3_bucket.state.arn}/envs/${name}/terraform.tfstate"
    lock   = "${aws_s3_bucket.state.arn}/envs/${name}/terraform.tfstate.tflock"
  } }

  look_at_state = { for name in var.environments : name => [
    {
      Sid       = "FindState"
      Effect    = "Allow"
      Action    = "s3:ListBucket"
      Resource  = aws_s3_bucket.state.arn
      Condition = { StringLike = { "s3:prefix" = "envs/${name}/*" } }
    },
    {
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = local.state[name].object
    },
    {
      Sid      = "LockState"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      Resource = local.state[name].lock
    },
    {
      Sid      = "StateKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = aws_kms_key.state.arn
    },
  ] }
}

# A plan runs for every pull request, in GitHub's environment `<name>-plan`, which needs no approval.
resource "aws_iam_role" "plan" {
  for_each = var.environments

  name        = "we-upload-plan-${each.key}"
  description = "Terraform plans ${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:${var.github_repository.owner}/${var.github_repository.name}:environment:${each.key}-plan"
        }
      }
    }]
  })

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = aws_iam_role.plan

  role       = each.value.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "plan" {
  for_each = aws_iam_role.plan

  name = "plan"
  role = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.look_at_state[each.key], [
      {
        # ReadOnlyAccess also reads what the account stores. A plan needs settings, never contents.
        Sid    = "NoContents"
        Effect = "Deny"
        Action = [
          "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartLiveTail", "logs:StartQuery",
          "secretsmanager:GetSecretValue", "sqs:ReceiveMessage",
        ]
        Resource = "*"
      },
      {
        Sid         = "NoFiles"
        Effect      = "Deny"
        Action      = ["s3:GetObject", "s3:GetObjectVersion"]
        NotResource = [local.state[each.key].object, local.state[each.key].lock]
      },
      {
        # The deployment's parameter is encrypted, and part of the state.
        Sid       = "ReadParameters"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { StringLike = { "kms:EncryptionContext:PARAMETER_ARN" = "arn:aws:ssm:${var.region}:${local.account}:parameter/we-upload-${each.key}/*" } }
      },
    ])
  })
}

# An apply runs after the merge, in GitHub's environment `<name>`: prod's waits there for an approval.
resource "aws_iam_role" "apply" {
  for_each = var.environments

  name                 = "we-upload-apply-${each.key}"
  description          = "Terraform applies ${each.key}"
  max_session_duration = 7200

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:${var.github_repository.owner}/${var.github_repository.name}:environment:${each.key}"
        }
      }
    }]
  })

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_role_policy_attachment" "apply_reads" {
  for_each = aws_iam_role.apply

  role       = each.value.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = aws_iam_policy.apply

  role       = aws_iam_role.apply[each.key].name
  policy_arn = each.value.arn
}
