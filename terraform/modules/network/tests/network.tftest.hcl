mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name        = "we-upload-test"
  kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "spreads_three_tiers_over_two_zones_by_default" {
  command = plan

  assert {
    condition     = alltrue([for tier in [aws_subnet.public, aws_subnet.private, aws_subnet.database] : length(tier) == 2])
    error_message = "each tier has a subnet in each of two zones"
  }

  assert {
    condition = length(distinct(concat(
      values(aws_subnet.public)[*].cidr_block, values(aws_subnet.private)[*].cidr_block, values(aws_subnet.database)[*].cidr_block
    ))) == 6
    error_message = "no two subnets share a range"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_route.nat) == 0
    error_message = "no NAT gateway unless asked for"
  }
}

run "a_third_zone_keeps_the_ranges_of_the_first_two" {
  command = plan

  variables { zone_count = 3 }

  assert {
    condition = (
      aws_subnet.private["eu-central-1b"].cidr_block == cidrsubnet("10.20.0.0/16", 4, 6) &&
      aws_subnet.private["eu-central-1c"].cidr_block == cidrsubnet("10.20.0.0/16", 4, 7)
    )
    error_message = "adding a zone must not renumber subnets"
  }
}

run "one_nat_gateway_serves_all_zones" {
  command = plan

  variables { nat = "single" }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.nat) == 2
    error_message = "one gateway, a route from each zone"
  }
}

run "a_nat_gateway_in_each_zone" {
  command = plan

  variables {
    nat        = "per_zone"
    zone_count = 3
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_route.nat) == 3
    error_message = "a gateway and a route in each zone"
  }
}

run "nothing_is_open" {
  command = plan

  assert {
    condition     = length(aws_default_security_group.this.ingress) + length(aws_default_security_group.this.egress) == 0
    error_message = "the default group allows nothing"
  }

  assert {
    condition     = !anytrue([for subnet in values(aws_subnet.public) : subnet.map_public_ip_on_launch == true])
    error_message = "no subnet hands out public addresses by itself"
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.out : rule.to_port]) == toset([443, 587])
    error_message = "the service speaks out over TLS ports only"
  }
}

run "mail_inside_tls_and_a_collector_when_asked_for" {
  command = plan
  variables { egress_ports = [443, 465, 4318] }

  assert {
    condition = { for rule in aws_vpc_security_group_egress_rule.out : rule.to_port => rule.description } == {
      443  = "AWS interfaces, the registry, telemetry over HTTPS"
      465  = "Mail submission inside TLS"
      4318 = "Telemetry to a collector of our own, OTLP over HTTP"
    }
    error_message = "those ports, each with its purpose"
  }
}

run "refuses_ports_without_a_purpose" {
  command = plan
  variables { egress_ports = [443, 25] }
  expect_failures = [var.egress_ports]
}

run "refuses_to_cut_the_service_off_from_aws" {
  command = plan
  variables { egress_ports = [587] }
  expect_failures = [var.egress_ports]
}

run "traffic_is_logged_and_encrypted" {
  command = plan

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn
    error_message = "all traffic is logged, under our key"
  }
}

run "s3_is_reached_inside_the_network" {
  command = plan

  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3.service_name == "com.amazonaws.eu-central-1.s3"
    error_message = "S3 has a gateway endpoint"
  }
}

run "refuses_a_small_range" {
  command = plan
  variables { cidr = "10.0.0.0/24" }
  expect_failures = [var.cidr]
}

run "refuses_a_single_zone" {
  command = plan
  variables { zone_count = 1 }
  expect_failures = [var.zone_count]
}

run "refuses_an_unknown_nat" {
  command = plan
  variables { nat = "some" }
  expect_failures = [var.nat]
}

run "refuses_an_odd_name" {
  command = plan
  variables { name = "We Upload" }
  expect_failures = [var.name]
}
