output "deployment" {
  description = "What a deployment needs to know."
  value = {
    cluster  = aws_ecs_cluster.this.name
    services = { for command, service in aws_ecs_service.this : service.name => aws_ecs_task_definition.this[command].family }
    migrate = {
      task_definition  = aws_ecs_task_definition.this["serve"].family
      container        = "serve"
      command          = ["migrate"]
      subnets          = var.subnet_ids
      security_groups  = [var.security_group_id]
      assign_public_ip = var.public_address ? "ENABLED" : "DISABLED"
    }
  }
}

output "most_processes" {
  description = "How many processes run at most, by their command: while tasks are replaced there are more of them."
  value = {
    serve  = floor(var.capacity.max * local.most_percent.serve / 100)
    worker = floor(local.most_percent.worker / 100)
  }
}

output "deployment_statements" {
  description = "Rights of a deployment: to register revisions, to migrate and to roll out."
  value = [
    {
      # Registering a revision knows no resources; which roles it may name does the limiting.
      Sid       = "NewRevisions"
      Effect    = "Allow"
      Action    = ["ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"]
      Resource  = ["*"]
      Condition = {}
    },
    {
      Sid       = "WithTheTaskRoles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [aws_iam_role.task.arn, aws_iam_role.execution.arn]
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
    {
      Sid       = "RunMigrations"
      Effect    = "Allow"
      Action    = ["ecs:RunTask"]
      Resource  = ["${replace(aws_ecs_task_definition.this["serve"].arn, "/:[0-9]+$/", "")}:*"]
      Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.this.arn } }
    },
    {
      Sid       = "WatchMigrations"
      Effect    = "Allow"
      Action    = ["ecs:DescribeTasks", "ecs:StopTask"]
      Resource  = ["${replace(aws_ecs_cluster.this.arn, ":cluster/", ":task/")}/*"]
      Condition = {}
    },
    {
      Sid       = "RollOut"
      Effect    = "Allow"
      Action    = ["ecs:DescribeServices", "ecs:UpdateService"]
      Resource  = values(aws_ecs_service.this)[*].id
      Condition = {}
    },
  ]
}

output "restart" {
  description = "How the whole service is restarted, for the rotation of the database password: calls and the rights they need."
  value = {
    calls = [for service in aws_ecs_service.this : {
      service    = "ecs"
      api        = "UpdateService"
      parameters = jsonencode({ cluster = aws_ecs_cluster.this.name, service = service.name, forceNewDeployment = true })
    }]
    actions   = ["ecs:UpdateService"]
    resources = values(aws_ecs_service.this)[*].id
  }
}
