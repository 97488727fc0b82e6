# The whole lake against a mocked AWS: run with an environment's values, as tests/terraform does:
#   terraform test -filter=tests/lake.tftest.hcl -var-file=environments/dev.tfvars

mock_provider "aws" {
  source = "./tests/mocks"
}

run "lake" {
  assert {
    condition     = output.prefix == "tfm-dgv-mbdde-${var.env}"
    error_message = "Names start with project, owner, master and environment."
  }

  assert {
    condition     = length(output.buckets) == 10 && output.buckets.raw == "tfm-dgv-mbdde-${var.env}-raw-123456789012"
    error_message = "Ten buckets, each named after its role and its account."
  }

  assert {
    condition = alltrue([for name in [
      "emt_silver", "meteorology_silver", "emt_gold", "ops",
    ] : contains([for database in aws_glue_catalog_database.lake : database.name], "tfm_dgv_mbdde_${var.env == var.default_env ? "" : "${var.env}_"}${name}")])
    error_message = "The published databases keep their names in the default environment."
  }
}
