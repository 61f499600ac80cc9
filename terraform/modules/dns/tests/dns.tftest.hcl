mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  domain        = "upload.example.com"
  zone          = "example.com"
  load_balancer = { dns_name = "mock.eu-central-1.elb.amazonaws.com", zone_id = "Z215JYRZR1TBD5" }
}

run "the_name_points_to_the_load_balancer" {
  command = plan

  assert {
    condition     = aws_route53_record.service.alias[0].name == var.load_balancer.dns_name && aws_route53_record.service.alias[0].evaluate_target_health
    error_message = "an alias with health"
  }
}

run "the_certificate_proves_itself_by_dns" {
  command = plan

  assert {
    condition     = aws_acm_certificate.this.validation_method == "DNS" && aws_route53_record.validation.name == "_mock.upload.example.com."
    error_message = "one record proves it"
  }

  assert {
    condition     = aws_route53_record.issuer.type == "CAA"
    error_message = "no other authority may issue"
  }
}

run "refuses_a_name_outside_the_zone" {
  command = plan
  variables { domain = "upload.example.org" }
  expect_failures = [var.domain]
}

run "refuses_what_is_no_name" {
  command = plan
  variables {
    domain = "https://upload.example.com"
    zone   = "example.com"
  }
  expect_failures = [var.domain]
}
