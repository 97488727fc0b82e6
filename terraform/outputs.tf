# The only way in which scripts and the command `lake` learn names.

output "region" {
  description = "Region of everything."
  value       = var.region
}

output "account_id" {
  description = "Account of everything."
  value       = local.account_id
}

output "env" {
  description = "Environment."
  value       = var.env
}

output "prefix" {
  description = "Start of every name."
  value       = local.prefix
}

output "database_prefix" {
  description = "Put before a logical database to get the physical one."
  value       = local.database_prefix
}

output "buckets" {
  description = "Bucket of each role."
  value = merge(
    { for role, bucket in module.bucket : role => bucket.name },
    { logs = module.logs_bucket.name },
  )
}

output "ledger_table" {
  description = "DynamoDB table of the ledger."
  value       = aws_dynamodb_table.ledger.name
}

output "uploads_queue_url" {
  description = "Queue that promote reads."
  value       = module.uploads.url
}

output "uploads_dlq_url" {
  description = "What promote gave up."
  value       = module.uploads.dead_letters_url
}

output "jobs_queue_url" {
  description = "Queue that start_job reads."
  value       = module.jobs.url
}

output "jobs_dlq_url" {
  description = "What start_job gave up."
  value       = module.jobs.dead_letters_url
}

output "looks_queue_url" {
  description = "Queue of what asks for a look at the lake."
  value       = module.looks.url
}

output "looks_dlq_url" {
  description = "What watch gave up."
  value       = module.looks.dead_letters_url
}

output "undelivered_queue_url" {
  description = "What EventBridge and Lambda could not hand over."
  value       = module.undelivered.url
}

output "functions" {
  description = "Name of each function, by its verb."
  value = {
    promote       = module.promote.name
    start_job     = module.start_job.name
    create_tables = module.create_tables.name
    ingest        = module.ingest.name
    watch         = module.watch.name
    results_api   = module.results_api.name
  }
}

output "results_url" {
  description = "Where the page of results and their API are."
  value       = "${aws_apigatewayv2_api.results.api_endpoint}/"
}

output "api_keys_table" {
  description = "DynamoDB table of the API's keys, by their hash."
  value       = aws_dynamodb_table.api_keys.name
}

output "pipelines" {
  description = "State machine of each pipeline."
  value       = { for id, pipeline in module.pipeline : id => pipeline.arn }
}

output "streams" {
  description = "Each endless source, while the stream is on: its Kinesis stream, its poller, where failed records wait in the ops bucket, and the marks of those sent again."
  value = {
    for id, stream in local.streams : id => {
      name     = aws_kinesis_stream.stream[id].name
      table    = stream.tables[0]
      errors   = "stream-errors/${stream.slug}/"
      replayed = "stream-replayed/${stream.slug}/"
      cluster  = one(aws_ecs_cluster.services[*].name)
      poller   = try(aws_ecs_task_definition.weather_poller[id].family, null)
    }
  }
}

output "weather_poller_image" {
  description = "Where `make image` puts the weather poller, and for which processor."
  value = {
    repository   = aws_ecr_repository.weather_poller.repository_url
    architecture = lower(var.spark_architecture)
  }
}

output "spark_application_id" {
  description = "EMR Serverless application."
  value       = aws_emrserverless_application.spark.id
}

output "spark_role_arn" {
  description = "Role of the Spark jobs."
  value       = aws_iam_role.spark.arn
}

output "operator_role_arn" {
  description = "Role that the command `lake` works as."
  value       = aws_iam_role.operator.arn
}

output "reader_role_arn" {
  description = "Role of who reads gold; null where nobody was named."
  value       = one(aws_iam_role.reader[*].arn)
}

output "athena_workgroup" {
  description = "Workgroup that questions are asked in."
  value       = aws_athena_workgroup.lake.name
}

output "named_queries" {
  description = "Id of each named query."
  value       = { for name, query in aws_athena_named_query.lake : name => query.id }
}

output "notices_topic_arn" {
  description = "Topic of the notices."
  value       = aws_sns_topic.notices.arn
}

output "kms_key_arn" {
  description = "Key of the lake."
  value       = aws_kms_key.lake.arn
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.lake.dashboard_name
}

output "emr_studio_url" {
  description = "Where the studio is opened; null without one."
  value       = one([for studio in aws_emr_studio.notebooks : studio.url])
}
