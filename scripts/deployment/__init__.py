"""Running Terraform for people: finding its provider, showing its progress, keeping its outputs."""
