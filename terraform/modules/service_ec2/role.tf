resource "aws_iam_role" "this" {
  name                 = "${var.name}-instance"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-instance"
  role = aws_iam_role.this.name
}

resource "aws_iam_role_policy_attachment" "application" {
  for_each = var.policy_arns

  role       = aws_iam_role.this.name
  policy_arn = each.value
}

resource "aws_iam_role_policy" "instance" {
  #checkov:skip=CKV_AWS_290:Session Manager and the registry's login know no resources
  #checkov:skip=CKV_AWS_355:Session Manager and the registry's login know no resources
  name = "instance"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          # Less than AmazonSSMManagedInstanceCore, which may also read every parameter of the account.
          Sid    = "SessionManager"
          Effect = "Allow"
          Action = [
            "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage",
            "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
            "ssm:ListAssociations", "ssm:ListInstanceAssociations", "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
          ]
          Resource = "*"
        },
        {
          Sid      = "RegistryLogin"
          Effect   = "Allow"
          Action   = "ecr:GetAuthorizationToken"
          Resource = "*"
        },
        {
          Sid      = "PullImages"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = var.repository.arn
        },
        {
          Sid       = "DecryptImages"
          Effect    = "Allow"
          Action    = "kms:Decrypt"
          Resource  = var.kms_key_arn
          Condition = { StringEquals = { "kms:ViaService" = "ecr.${local.region}.amazonaws.com" } }
        },
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${var.log_group.arn}:*"
        },
      ],
      var.address == null ? [] : [{
        Sid    = "TakeTheAddress"
        Effect = "Allow"
        Action = "ec2:AssociateAddress"
        Resource = [
          var.address.arn,
          "arn:aws:ec2:${local.region}:${local.account}:instance/*",
          "arn:aws:ec2:${local.region}:${local.account}:network-interface/*",
        ]
      }],
    )
  })
}
