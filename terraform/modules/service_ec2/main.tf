data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

data "aws_ssm_parameter" "machine_image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture}"
}

locals {
  account  = data.aws_caller_identity.current.account_id
  region   = data.aws_region.current.region
  registry = split("/", var.repository.url)[0]

  # Of the instances, while some are replaced: a quarter at a time, and at least one.
  most_percent = 125

  files = merge(
    {
      "/usr/local/bin/we-upload-metadata"      = { permissions = "0755", content = file("${path.module}/files/metadata.sh") }
      "/usr/local/bin/we-upload-container"     = { permissions = "0755", content = file("${path.module}/files/container.sh") }
      "/etc/systemd/system/we-upload@.service" = { permissions = "0644", content = file("${path.module}/files/container.service") }
      "/etc/we-upload/environment"             = { permissions = "0644", content = join("", [for name, value in var.environment : "${name}=${value}\n"]) }
      "/etc/we-upload/secrets"                 = { permissions = "0644", content = join("", [for name, from in var.secrets : "${name} ${from.arn} ${from.key}\n"]) }
      "/etc/we-upload/log-group"               = { permissions = "0644", content = var.log_group.name }
      "/root/.docker/config.json"              = { permissions = "0600", content = jsonencode({ credHelpers = { (local.registry) = "ecr-login" } }) }
    },
    var.address == null ? {} : {
      "/usr/local/bin/we-upload-address"              = { permissions = "0755", content = file("${path.module}/files/address.sh") }
      "/etc/systemd/system/we-upload-address.service" = { permissions = "0644", content = file("${path.module}/files/address.service") }
      "/etc/we-upload/address"                        = { permissions = "0644", content = var.address.allocation_id }
    },
  )
  units = concat(["we-upload@serve", "we-upload@worker"], var.address == null ? [] : ["we-upload-address"])

  user_data = join("\n", ["#cloud-config", yamlencode({
    packages    = ["docker", "amazon-ecr-credential-helper", "jq"]
    write_files = [for path, file in local.files : merge(file, { path = path })]
    runcmd = [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "docker"],
      concat(["systemctl", "enable", "--now", "--no-block"], local.units),
    ]
  })])
}

resource "aws_launch_template" "this" {
  #checkov:skip=CKV_AWS_88:a public address only where there is no NAT gateway, behind a group that lets CloudFront alone in
  name          = var.name
  image_id      = data.aws_ssm_parameter.machine_image.insecure_value
  instance_type = var.instance_type
  user_data     = base64encode(local.user_data)

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  network_interfaces {
    associate_public_ip_address = var.public_address
    security_groups             = [var.security_group_id]
    delete_on_termination       = true
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted   = true
      volume_type = "gp3"
      volume_size = 12
    }
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = var.name, image = "none" }
  }

  lifecycle {
    # A deployment decides what runs: it makes a version with the tag `image` and the newest machine image.
    ignore_changes = [image_id, tag_specifications]
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = var.name
  min_size                  = var.capacity.min
  max_size                  = var.capacity.max
  vpc_zone_identifier       = var.subnet_ids
  target_group_arns         = var.load_balancer[*].target_group_arn
  health_check_type         = var.load_balancer == null ? "EC2" : "ELB"
  health_check_grace_period = 300
  # Boot, packages, pull and start: only then does a roll-out stop an old instance.
  default_instance_warmup = 180
  max_instance_lifetime   = 30 * 86400
  # The first instances have no image yet; an apply must not wait for them.
  wait_for_capacity_timeout = "0"
  enabled_metrics           = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances"]

  # A numbered version: AWS cannot roll back to $Latest.
  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  # Every replacement keeps to this, rollouts too: new before old.
  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = local.most_percent
  }

  tag {
    key                 = "Name"
    value               = var.name
    propagate_at_launch = false
  }

  lifecycle {
    # Deployments set the version, scaling the number of instances.
    ignore_changes = [launch_template, desired_capacity]
  }
}

# Without a load balancer a second instance only takes the fixed address over, and leaves it nowhere when it goes again.
resource "aws_autoscaling_policy" "processor" {
  count = var.load_balancer == null ? 0 : 1

  name                   = "${var.name}-processor"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "requests" {
  count = var.load_balancer == null ? 0 : 1

  name                   = "${var.name}-requests"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.requests_per_target

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = var.load_balancer.request_label
    }
  }
}
