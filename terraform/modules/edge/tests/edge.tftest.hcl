mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name                      = "we-upload-test"
  service_security_group_id = "sg-0fedcba9876543210"
}

run "viewers_get_https_only" {
  command = plan

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && startswith(output.url, "https://")
    error_message = "plain requests are redirected"
  }
}

run "only_cloudfront_reaches_the_instance" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_ingress_rule.cloudfront.prefix_list_id == "pl-0a1b2c3d" && aws_vpc_security_group_ingress_rule.cloudfront.cidr_ipv4 == null
    error_message = "CloudFront's ranges, not the world"
  }

  assert {
    condition     = output.trusted_proxies == ["120.52.22.96/27"]
    error_message = "the same ranges are believed about X-Forwarded-For"
  }
}

run "nothing_is_cached_and_every_method_passes" {
  command = plan

  assert {
    condition     = data.aws_cloudfront_cache_policy.disabled.name == "Managed-CachingDisabled" && contains(aws_cloudfront_distribution.this.default_cache_behavior[0].allowed_methods, "PATCH")
    error_message = "an API, not a site"
  }
}
