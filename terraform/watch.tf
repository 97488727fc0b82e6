# The lake's own state, and how fresh the tables are that promise to be: measured from outside, so that a
# silence of the lake is seen as well. The queue `looks` (queues.tf) says when, the clock if nobody else (events.tf).

locals {
  # As the command `lake status` calls them; a name that ends in "dead" holds what nobody could handle.
  watched_queues = {
    "uploads"           = { url = module.uploads.url, name = module.uploads.name }
    "uploads, dead"     = { url = module.uploads.dead_letters_url, name = module.uploads.dead_letters_name }
    "jobs"              = { url = module.jobs.url, name = module.jobs.name }
    "jobs, dead"        = { url = module.jobs.dead_letters_url, name = module.jobs.dead_letters_name }
    "looks, dead"       = { url = module.looks.dead_letters_url, name = module.looks.dead_letters_name }
    "undelivered, dead" = { url = module.undelivered.url, name = module.undelivered.name }
  }
}

module "watch" {
  source = "./modules/lambda_function"

  name        = "watch"
  description = "Write the state of the lake where people read it; measure how fresh its tables are."
  platform    = local.platform
  layers      = local.layers

  size = {
    memory_mb       = 512 # the metadata of eight tables at once
    timeout_seconds = local.timeouts.watch
    concurrency     = var.reserved_concurrency.watch
  }

  environment = {
    LEDGER_TABLE    = aws_dynamodb_table.ledger.name
    DATABASE_PREFIX = local.database_prefix
    JOBS_BUCKET     = module.bucket["jobs"].name
    SERVED_BUCKET   = module.bucket["served"].name
    KMS_KEY_ARN     = aws_kms_key.lake.arn
    PIPELINES       = jsonencode({ for id, pipeline in module.pipeline : id => pipeline.arn })
    QUEUES          = jsonencode({ for name, queue in local.watched_queues : name => queue.url })
  }

  policy_statements = [
    {
      Sid      = "TakeLooks"
      Effect   = "Allow"
      Action   = local.consume_actions
      Resource = module.looks.arn
    },
    {
      Sid      = "ReadTheLedger"
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:Query"]
      Resource = [aws_dynamodb_table.ledger.arn, "${aws_dynamodb_table.ledger.arn}/index/by_state"]
    },
    {
      Sid      = "FindTheMetadata"
      Effect   = "Allow"
      Action   = "glue:GetTable"
      Resource = module.catalog.glue_arns
    },
    {
      # The metadata of tables, not their data.
      Sid    = "ReadTheMetadata"
      Effect = "Allow"
      Action = "s3:GetObject"
      Resource = [
        for database in values(module.catalog.databases) :
        "${local.bucket_arns[database.layer]}/${database.name}.db/*/metadata/*.metadata.json"
      ]
    },
    {
      Sid      = "SeeTheRuns"
      Effect   = "Allow"
      Action   = "states:ListExecutions"
      Resource = [for pipeline in module.pipeline : pipeline.arn]
    },
    {
      Sid      = "ReadWhyARunFailed"
      Effect   = "Allow"
      Action   = "states:DescribeExecution"
      Resource = [for pipeline in module.pipeline : "${local.arn.states}:execution:${pipeline.name}:*"]
    },
    {
      Sid      = "ReadWhatChecksSaid"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${local.bucket_arns.jobs}/runs/pipelines/*"
    },
    {
      # Without the listing a result that is not there yet reads as "forbidden".
      Sid       = "SeeWhichResultsThereAre"
      Effect    = "Allow"
      Action    = "s3:ListBucket"
      Resource  = local.bucket_arns.jobs
      Condition = { StringLike = { "s3:prefix" = "runs/pipelines/*" } }
    },
    {
      Sid      = "MeasureTheQueues"
      Effect   = "Allow"
      Action   = "sqs:GetQueueAttributes"
      Resource = [for name, queue in local.watched_queues : "${local.sqs_arn}:${queue.name}"]
    },
    {
      # The state of a minute ago is no history: each look takes out the version before.
      Sid      = "WriteTheState"
      Effect   = "Allow"
      Action   = ["s3:DeleteObjectVersion", "s3:PutObject"]
      Resource = "${local.bucket_arns.served}/served/_lake/state.json"
    },
  ]
}

resource "aws_lambda_event_source_mapping" "watch" {
  event_source_arn        = module.looks.arn
  function_name           = module.watch.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
}

# Where nobody is asked and nothing runs by the clock, tables grow old by intention, and so does a streamed one while the
# stream is off: each of these would ring for ever.
locals {
  unstreamed = var.stream_enabled ? [] : flatten([for stream in module.catalog.streams : stream.tables])
}

resource "aws_cloudwatch_metric_alarm" "stale" {
  for_each = {
    for table, minutes in module.catalog.fresh_tables : table => minutes
    if var.schedules_enabled && !contains(local.unstreamed, table)
  }

  alarm_name        = "${local.prefix}-${replace(replace(each.key, ".", "-"), "_", "-")}-stale"
  alarm_description = "Nothing was written to ${each.key} for over ${each.value} minutes, or nobody measures it. Runbook: ${var.runbook_url}#table-stale"

  namespace   = local.metrics_namespace
  metric_name = "FreshnessMinutes"
  dimensions  = { service = "watch", table = each.key }
  statistic   = "Maximum"
  period      = 900 # three looks: one that is late by a minute makes no gap

  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value
  evaluation_periods  = 2
  treat_missing_data  = "breaching"

  alarm_actions = [aws_sns_topic.notices.arn]
  ok_actions    = [aws_sns_topic.notices.arn]
}
