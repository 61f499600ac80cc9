mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name                      = "we-upload-test"
  vpc_id                    = "vpc-0123456789abcdef0"
  subnet_ids                = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  service_security_group_id = "sg-0fedcba9876543210"
  certificate_arn           = "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
  target_type               = "instance"
  logs_bucket_name          = "logs"
}

run "only_the_load_balancer_is_open_to_the_world" {
  command = plan

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.world : rule.from_port]) == toset([80, 443])
    error_message = "two ports"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.service.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.service.referenced_security_group_id == aws_security_group.this.id
    error_message = "the service is reached from the load balancer only"
  }
}

run "speaks_https_and_redirects_the_rest" {
  command = plan

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-1-2")
    error_message = "TLS 1.2 at least"
  }

  assert {
    condition     = aws_lb_listener.http.default_action[0].type == "redirect" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "port 80 forwards nothing"
  }
}

run "is_logged_protected_and_drops_bad_headers" {
  command = plan

  assert {
    condition     = aws_lb.this.access_logs[0].enabled && aws_lb.this.enable_deletion_protection && aws_lb.this.drop_invalid_header_fields
    error_message = "logs, protection, strict headers"
  }
}

run "waits_out_a_database_failover" {
  command = plan

  assert {
    condition     = aws_lb_target_group.this.health_check[0].interval * aws_lb_target_group.this.health_check[0].unhealthy_threshold >= 120
    error_message = "a Multi-AZ failover takes up to two minutes"
  }
}

run "tasks_register_by_address" {
  command = plan
  variables {
    target_type         = "ip"
    deletion_protection = false
  }

  assert {
    condition     = aws_lb_target_group.this.target_type == "ip" && !aws_lb.this.enable_deletion_protection
    error_message = "as Fargate needs it"
  }
}

run "refuses_one_zone" {
  command = plan
  variables { subnet_ids = ["subnet-0123456789abcdef0"] }
  expect_failures = [var.subnet_ids]
}

run "refuses_an_unknown_target" {
  command = plan
  variables { target_type = "lambda" }
  expect_failures = [var.target_type]
}
