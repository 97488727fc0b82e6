# What a person may get wrong in a tfvars file is said at plan, in a sentence; each of these is refused for itself.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  env = "dev"
}

run "values_that_cannot_work" {
  command = plan

  variables {
    env                  = "Dev_1"
    lambda_runtime       = "python3.9"
    lambda_architecture  = "mips"
    spark_architecture   = "arm64"
    sweep_minutes        = 5 # within what a FIFO queue takes for a repetition
    athena_bytes_cutoff  = 1000
    security_group_ids   = ["sg-1"] # without subnets
    emr_studio_user_name = "ana"    # without a network
    api_cors_origins     = ["*"]
  }

  expect_failures = [
    var.env,
    var.lambda_runtime,
    var.lambda_architecture,
    var.spark_architecture,
    var.sweep_minutes,
    var.athena_bytes_cutoff,
    var.security_group_ids,
    var.emr_studio_vpc_id,
    var.api_cors_origins,
  ]
}
