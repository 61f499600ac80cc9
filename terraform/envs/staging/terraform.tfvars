# Built like prod, sized like dev: what breaks in prod should break here first.
environment       = "staging"
github_repository = { owner = "we-upload", name = "we-upload" }

protected     = false
compute       = "ec2"
domain        = { name = "staging.upload.example.com", zone = "example.com" }
instance_type = "t3.small"
capacity      = { min = 1, max = 3 }

network = {
  cidr = "10.21.0.0/16"
  nat  = "single"
}

database = {
  instance_class        = "db.t4g.micro"
  max_connections       = 150
  pool_size             = 4
  multi_az              = false
  backup_retention_days = 7
}

cache = { replicas = 0 }

log_retention_days = 30
alarm_emails       = ["team@example.com"]
