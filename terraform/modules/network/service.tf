# The service's own group stands here, so that database, cache and load balancer can name it without a cycle.
resource "aws_security_group" "service" {
  #checkov:skip=CKV2_AWS_5:attached to instances or tasks by the service modules
  name        = "${var.name}-service"
  description = "The application: no way in but what other modules add by name"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-service" }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.service.id
  description       = "AWS interfaces, the registry, the telemetry collector"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "smtp" {
  security_group_id = aws_security_group.service.id
  description       = "Mail submission, with TLS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 587
  to_port           = 587
}
