terraform {
  required_version = ">= 1.11"

  # The state lies where `terraform init -backend-config=path=...` says; for a team, scripts/deploy.py
  # puts S3 in its place (environments/<env>.s3.tfbackend).
  backend "local" {}

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Exact: the laptop's read-backs are mended for this provider, and plans must not move by themselves.
      version = "= 5.100.0"
    }
  }
}

# The endpoint comes from AWS_ENDPOINT_URL when it is set, so there is nothing here to switch.
provider "aws" {
  region            = var.region
  max_retries       = var.provider_max_retries
  s3_use_path_style = var.s3_use_path_style

  default_tags {
    tags = local.tags
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
