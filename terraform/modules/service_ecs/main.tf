data "aws_region" "current" {}

locals {
  region = data.aws_region.current.region

  # New before old, a quarter at a time; ECS rounds down, so the smallest fleet needs room for one more.
  most_percent = {
    serve  = max(125, 100 + ceil(100 / var.capacity.min))
    worker = 200
  }

  # The API and the worker are one image with two commands.
  containers = {
    for command in ["serve", "worker"] : command => {
      name      = command
      image     = "${var.repository.url}:none"
      command   = [command]
      essential = true

      user                   = "10001:10001"
      readonlyRootFilesystem = true
      stopTimeout            = 30
      linuxParameters = {
        initProcessEnabled = true
        capabilities       = { drop = ["ALL"] }
        tmpfs              = [{ containerPath = "/tmp", size = 64, mountOptions = ["noexec", "nosuid", "nodev"] }]
      }

      portMappings = command == "serve" ? [{ containerPort = 8000, hostPort = 8000, protocol = "tcp" }] : []
      environment  = [for name, value in var.environment : { name = name, value = value }]
      secrets      = [for name, from in var.secrets : { name = name, valueFrom = "${from.arn}:${from.key}::" }]

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = var.log_group.name
          awslogs-region        = local.region
          awslogs-stream-prefix = "ecs"
          mode                  = "non-blocking"
        }
      }
    }
  }
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

# A deployment registers the next revision: this one with its image. Migrations run as a task of the `serve` family
# with the command `migrate`.
resource "aws_ecs_task_definition" "this" {
  #checkov:skip=CKV_AWS_249:two roles: the one that starts the task reads secrets, the one it runs with cannot
  for_each = local.containers

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.size.cpu
  memory                   = var.size.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode([each.value])
  # Kept when replaced: services run older revisions, and a roll-back needs them.
  skip_destroy = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.architecture)
  }
}

resource "aws_ecs_service" "this" {
  #checkov:skip=CKV_AWS_333:a public address only where there is no NAT gateway; the security group lets the load balancer alone in
  for_each = aws_ecs_task_definition.this

  name                               = each.key
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = each.value.arn
  desired_count                      = each.key == "serve" ? var.capacity.min : 1
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  propagate_tags                     = "SERVICE"
  enable_execute_command             = false
  availability_zone_rebalancing      = "ENABLED"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = local.most_percent[each.key]
  health_check_grace_period_seconds  = each.key == "serve" ? 60 : null
  # The first tasks have no image yet; an apply must not wait for them.
  wait_for_steady_state = false

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = var.public_address
  }

  dynamic "load_balancer" {
    for_each = each.key == "serve" ? [var.load_balancer.target_group_arn] : []

    content {
      target_group_arn = load_balancer.value
      container_name   = "serve"
      container_port   = 8000
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    enable      = true
    rollback    = true
    alarm_names = var.rollback_alarm_names
  }

  lifecycle {
    # Deployments set the revision, scaling the number of tasks.
    ignore_changes = [task_definition, desired_count]
  }
}
