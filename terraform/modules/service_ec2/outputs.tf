output "deployment" {
  description = "What a deployment needs to know."
  value = {
    autoscaling_group       = aws_autoscaling_group.this.name
    launch_template_id      = aws_launch_template.this.id
    machine_image_parameter = data.aws_ssm_parameter.machine_image.name
    migrate_document        = aws_ssm_document.migrate.name
  }
}

output "most_processes" {
  description = "How many processes run at most, by their command: while instances are replaced there are more of them."
  value       = { for command in ["serve", "worker"] : command => ceil(var.capacity.max * local.most_percent / 100) }
}

output "deployment_statements" {
  description = "Rights of a deployment: to migrate, to make a launch template version and to roll it out."
  value = [
    {
      Sid       = "RunMigrations"
      Effect    = "Allow"
      Action    = ["ssm:SendCommand"]
      Resource  = [aws_ssm_document.migrate.arn]
      Condition = {}
    },
    {
      Sid       = "OnOurInstances"
      Effect    = "Allow"
      Action    = ["ssm:SendCommand"]
      Resource  = ["arn:aws:ec2:${local.region}:${local.account}:instance/*"]
      Condition = { StringEquals = { "ssm:resourceTag/aws:autoscaling:groupName" = var.name } }
    },
    {
      Sid       = "WhichMachineImage"
      Effect    = "Allow"
      Action    = ["ssm:GetParameter"]
      Resource  = ["arn:aws:ssm:${local.region}::parameter${data.aws_ssm_parameter.machine_image.name}"]
      Condition = {}
    },
    {
      Sid       = "NewVersion"
      Effect    = "Allow"
      Action    = ["ec2:CreateLaunchTemplateVersion"]
      Resource  = [aws_launch_template.this.arn]
      Condition = {}
    },
    {
      # Auto Scaling checks that whoever chooses a version could launch it.
      Sid       = "LaunchFromTheTemplate"
      Effect    = "Allow"
      Action    = ["ec2:RunInstances"]
      Resource  = ["*"]
      Condition = { ArnEquals = { "ec2:LaunchTemplate" = aws_launch_template.this.arn } }
    },
    {
      # The template's tags. CreateTags does not know the template, only the call that it is part of.
      Sid       = "TagWhatIsLaunched"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags"]
      Resource  = ["arn:aws:ec2:${local.region}:${local.account}:instance/*"]
      Condition = { StringEquals = { "ec2:CreateAction" = "RunInstances" } }
    },
    {
      Sid       = "WithTheInstanceRole"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [aws_iam_role.this.arn]
      Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
    },
    {
      Sid       = "RollOut"
      Effect    = "Allow"
      Action    = ["autoscaling:CancelInstanceRefresh", "autoscaling:RollbackInstanceRefresh", "autoscaling:StartInstanceRefresh"]
      Resource  = [aws_autoscaling_group.this.arn]
      Condition = {}
    },
    {
      Sid    = "Watch"
      Effect = "Allow"
      Action = [
        "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeInstanceRefreshes", "ec2:DescribeImages",
        "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates", "ssm:GetCommandInvocation",
      ]
      Resource  = ["*"]
      Condition = {}
    },
  ]
}

output "restart" {
  description = "How the whole service is restarted, for the rotation of the database password: calls and the rights they need."
  value = {
    calls = [{
      service    = "autoscaling"
      api        = "StartInstanceRefresh"
      parameters = jsonencode({ AutoScalingGroupName = aws_autoscaling_group.this.name })
    }]
    actions   = ["autoscaling:StartInstanceRefresh"]
    resources = [aws_autoscaling_group.this.arn]
  }
}
