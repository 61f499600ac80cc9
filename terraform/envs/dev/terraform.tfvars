# One free-tier sized instance behind CloudFront: no domain, no load balancer, no NAT gateway.
environment       = "dev"
github_repository = { owner = "we-upload", name = "we-upload" }

protected     = false
compute       = "ec2"
instance_type = "t3.micro"
capacity      = { min = 1, max = 2 }

network = { cidr = "10.20.0.0/16" }

database = {
  instance_class        = "db.t4g.micro"
  max_connections       = 120
  pool_size             = 4
  multi_az              = false
  backup_retention_days = 7
}

log_level          = "debug"
log_retention_days = 14
alarm_emails       = ["team@example.com"]
