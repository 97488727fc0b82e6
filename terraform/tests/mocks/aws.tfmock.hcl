# What AWS would make up, in the shape that the provider's own checks accept.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
}

mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::123456789012:policy/mocked" }
}

mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:mocked" }
}

mock_resource "aws_lambda_layer_version" {
  defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:layer:mocked:1" }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:mocked"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/mocked"
  }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mocked" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:mocked" }
}

mock_resource "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/mocked" }
}

mock_resource "aws_emrserverless_application" {
  defaults = {
    id  = "00mocked"
    arn = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00mocked"
  }
}

mock_resource "aws_athena_workgroup" {
  defaults = { arn = "arn:aws:athena:eu-west-1:123456789012:workgroup/mocked" }
}

mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:mocked" }
}

mock_resource "aws_apigatewayv2_api" {
  defaults = {
    api_endpoint  = "https://mocked.execute-api.eu-west-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-west-1:123456789012:mocked"
  }
}

mock_resource "aws_security_group" {
  defaults = { arn = "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-mocked" }
}

# Queues and functions that are told apart by who points at them.

override_resource {
  target = module.uploads.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:uploads", id = "uploads", url = "uploads" }
}

override_resource {
  target = module.uploads.module.dead_letters.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:uploads-dlq", id = "uploads-dlq" }
}

override_resource {
  target = module.jobs.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo", id = "jobs.fifo", url = "jobs.fifo" }
}

override_resource {
  target = module.jobs.module.dead_letters.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:jobs-dlq.fifo", id = "jobs-dlq.fifo" }
}

override_resource {
  target = module.looks.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:looks.fifo", id = "looks.fifo", url = "looks.fifo" }
}

override_resource {
  target = module.looks.module.dead_letters.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:looks-dlq.fifo", id = "looks-dlq.fifo" }
}

override_resource {
  target = module.undelivered.aws_sqs_queue.this
  values = { arn = "arn:aws:sqs:eu-west-1:123456789012:undelivered", id = "undelivered" }
}

override_resource {
  target = module.promote.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:promote" }
}

override_resource {
  target = module.start_job.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:start_job" }
}

override_resource {
  target = module.watch.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:watch" }
}

mock_resource "aws_kinesis_stream" {
  defaults = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/mocked" }
}

mock_resource "aws_kinesis_firehose_delivery_stream" {
  defaults = { arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/mocked" }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mocked" }
}

mock_resource "aws_ecr_repository" {
  defaults = { arn = "arn:aws:ecr:eu-west-1:123456789012:repository/mocked" }
}

mock_resource "aws_ecs_task_definition" {
  defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/mocked:1" }
}

mock_resource "aws_ecs_cluster" {
  defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/mocked" }
}

override_resource {
  target = aws_dynamodb_table.api_keys
  values = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/api-keys" }
}

override_resource {
  target = module.create_tables.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:create_tables" }
}

override_resource {
  target = module.ingest.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:ingest" }
}

override_resource {
  target = module.results_api.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:results_api" }
}

override_resource {
  target = module.transform_stream.aws_lambda_function.this
  values = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:transform_stream" }
}

override_resource {
  target = aws_dynamodb_table.ledger
  values = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger" }
}

override_resource {
  target = aws_iam_role.spark
  values = { arn = "arn:aws:iam::123456789012:role/spark" }
}

override_resource {
  target = aws_secretsmanager_secret.upstream["emt"]
  values = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:emt" }
}

override_resource {
  target = aws_secretsmanager_secret.upstream["meteorology"]
  values = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:meteorology" }
}

override_resource {
  target = aws_secretsmanager_secret.upstream["openweather"]
  values = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:openweather" }
}
