# An auto-scaling group behind a load balancer in three zones. compute = "ecs" runs the same image on Fargate.
environment       = "prod"
github_repository = { owner = "we-upload", name = "we-upload" }

protected     = true
compute       = "ec2"
domain        = { name = "upload.example.com", zone = "example.com" }
instance_type = "t3.medium"
task_size     = { cpu = 1024, memory = 2048 }
capacity      = { min = 2, max = 8 }

network = {
  cidr       = "10.22.0.0/16"
  zone_count = 3
  nat        = "per_zone"
}

database = {
  instance_class        = "db.m7g.large"
  allocated_storage     = 100
  max_allocated_storage = 1000
  max_connections       = 700
  pool_size             = 10
  multi_az              = true
  backup_retention_days = 35
}

cache = { node_type = "cache.t4g.small", replicas = 1 }

log_retention_days = 90
alarm_emails       = ["on-call@example.com"]
