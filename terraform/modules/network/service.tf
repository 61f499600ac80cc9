# The service's own group stands here, so that database, cache and load balancer can name it without a cycle.
resource "aws_security_group" "service" {
  #checkov:skip=CKV2_AWS_5:attached to instances or tasks by the service modules
  name        = "${var.name}-service"
  description = "The application: no way in but what other modules add by name"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-service" }
}

locals {
  purposes = {
    443  = "AWS interfaces, the registry, telemetry over HTTPS"
    465  = "Mail submission inside TLS"
    587  = "Mail submission, with STARTTLS"
    4318 = "Telemetry to a collector of our own, OTLP over HTTP"
  }
}

resource "aws_vpc_security_group_egress_rule" "out" {
  for_each = { for port, purpose in local.purposes : port => purpose if contains(var.egress_ports, tonumber(port)) }

  security_group_id = aws_security_group.service.id
  description       = each.value
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.key
  to_port           = each.key
}
