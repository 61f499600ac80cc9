resource "aws_appautoscaling_target" "serve" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this["serve"].name}"
  min_capacity       = var.capacity.min
  max_capacity       = var.capacity.max
}

locals {
  scaling = {
    processor = { metric = "ECSServiceAverageCPUUtilization", target = 60, label = null }
    requests  = { metric = "ALBRequestCountPerTarget", target = var.requests_per_target, label = var.load_balancer.request_label }
  }
}

resource "aws_appautoscaling_policy" "serve" {
  for_each = local.scaling

  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.serve.service_namespace
  scalable_dimension = aws_appautoscaling_target.serve.scalable_dimension
  resource_id        = aws_appautoscaling_target.serve.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.target
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
      resource_label         = each.value.label
    }
  }
}
