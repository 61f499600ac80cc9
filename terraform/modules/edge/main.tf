# HTTPS for one instance without a load balancer or a domain: CloudFront in front of a fixed address.
data "aws_ec2_managed_prefix_list" "cloudfront" {
  name = "com.amazonaws.global.cloudfront.origin-facing"
}

data "aws_cloudfront_cache_policy" "disabled" {
  name = "Managed-CachingDisabled"
}

data "aws_cloudfront_origin_request_policy" "all_viewer" {
  name = "Managed-AllViewer"
}

resource "aws_eip" "this" {
  #checkov:skip=CKV2_AWS_19:the instance takes the address itself once it is ready
  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_vpc_security_group_ingress_rule" "cloudfront" {
  security_group_id = var.service_security_group_id
  description       = "CloudFront"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront.id
  ip_protocol       = "tcp"
  from_port         = 8000
  to_port           = 8000
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_68:one development instance; the application limits rates itself
  #checkov:skip=CKV2_AWS_47:no Java behind it, so no Log4j
  #checkov:skip=CKV_AWS_86:the application logs every request, with its id
  #checkov:skip=CKV_AWS_174:CloudFront's own certificate cannot ask for a newer TLS; viewers negotiate 1.3 all the same
  #checkov:skip=CKV2_AWS_42:the point of this module is to need no domain; with one, use the load balancer
  #checkov:skip=CKV_AWS_310:there is one instance, nothing to fail over to
  #checkov:skip=CKV_AWS_305:an API has no root object
  #checkov:skip=CKV_AWS_374:its users may be anywhere
  #checkov:skip=CKV2_AWS_32:the application sets its security headers itself, the same on every platform
  enabled         = true
  comment         = var.name
  http_version    = "http2and3"
  is_ipv6_enabled = true
  price_class     = "PriceClass_100"

  origin {
    origin_id   = "instance"
    domain_name = aws_eip.this.public_dns

    custom_origin_config {
      http_port              = 8000
      https_port             = 443
      origin_protocol_policy = "http-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      origin_read_timeout    = 60
    }
  }

  default_cache_behavior {
    target_origin_id         = "instance"
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = data.aws_cloudfront_cache_policy.disabled.id
    origin_request_policy_id = data.aws_cloudfront_origin_request_policy.all_viewer.id
    compress                 = true
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}
