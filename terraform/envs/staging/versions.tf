terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }

  # The bucket and its region come from the bootstrap: terraform init -backend-config=bucket=... -backend-config=region=...
  backend "s3" {
    key          = "envs/staging/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
