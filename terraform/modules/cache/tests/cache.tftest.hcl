mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

variables {
  name                     = "we-upload-test"
  vpc_id                   = "vpc-0123456789abcdef0"
  subnet_ids               = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  client_security_group_id = "sg-0fedcba9876543210"
  kms_key_arn              = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "is_encrypted_at_rest_and_on_the_way" {
  command = plan

  assert {
    condition = (
      tobool(aws_elasticache_replication_group.this.at_rest_encryption_enabled) && aws_elasticache_replication_group.this.kms_key_id == var.kms_key_arn &&
      aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "required"
    )
    error_message = "both, and TLS is not optional"
  }

  assert {
    condition     = output.url == "rediss://master.mock.euc1.cache.amazonaws.com:6379"
    error_message = "the URL asks for TLS"
  }
}

run "only_the_service_connects" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_ingress_rule.service.referenced_security_group_id == var.client_security_group_id && aws_vpc_security_group_ingress_rule.service.cidr_ipv4 == null
    error_message = "one group, no range of addresses"
  }
}

run "a_replica_takes_over" {
  command = plan

  assert {
    condition     = aws_elasticache_replication_group.this.num_cache_clusters == 2 && aws_elasticache_replication_group.this.automatic_failover_enabled
    error_message = "two nodes and failover by default"
  }
}

run "one_node_alone_has_nothing_to_fail_over_to" {
  command = plan
  variables { replicas = 0 }

  assert {
    condition     = aws_elasticache_replication_group.this.num_cache_clusters == 1 && !aws_elasticache_replication_group.this.automatic_failover_enabled
    error_message = "AWS refuses failover without a replica"
  }
}

run "refuses_odd_sizes" {
  command = plan
  variables {
    node_type = "t4g.micro"
    replicas  = 6
  }
  expect_failures = [var.node_type, var.replicas]
}
