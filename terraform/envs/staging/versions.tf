terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }

  # The bucket and its region come from the bootstrap: terraform init -backend-config=bucket=... -backend-config=region=...
  # No `encrypt`: it would ask for S3's own key, where the bucket's default is the state's key.
  backend "s3" {
    key          = "envs/staging/terraform.tfstate"
    use_lockfile = true
  }
}
