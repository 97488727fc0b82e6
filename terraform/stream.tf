# A stream for each source that never ends: Kinesis keeps the records, Firehose brings them to their Iceberg table.
# They are there while var.stream_enabled says so, and with them the container that fills them (services.tf) and all
# alarms about them: Kinesis is paid for by the hour, also when nothing comes. Tables and the transform stay.

locals {
  streams = { for id, stream in module.catalog.streams : id => stream if var.stream_enabled }

  # Kinesis keeps a week: as long as a mended transform may take, and as `lake replay` may come late.
  stream_hours = 168

  stream_tables = {
    for id, stream in local.streams : id => {
      database = stream.database
      table    = split(".", stream.tables[0])[1]
    }
  }
}

resource "aws_kinesis_stream" "stream" {
  for_each = local.streams

  name             = "${local.prefix}-${each.value.slug}"
  retention_period = local.stream_hours
  encryption_type  = "KMS"
  kms_key_id       = aws_kms_key.lake.arn

  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

resource "aws_kinesis_firehose_delivery_stream" "stream" {
  #checkov:skip=CKV_AWS_240:Encryption at rest is asked of Firehose for Direct PUT only; its source here, Kinesis, is encrypted.
  #checkov:skip=CKV_AWS_241:The same: Kinesis carries the lake's own key.
  for_each = local.streams

  name        = "${local.prefix}-${each.value.slug}"
  destination = "iceberg"

  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.stream[each.key].arn
    role_arn           = aws_iam_role.firehose[each.key].arn
  }

  iceberg_configuration {
    role_arn           = aws_iam_role.firehose[each.key].arn
    catalog_arn        = "${local.arn.glue}:catalog"
    buffering_interval = var.kfh_buffer_max_interval_in_seconds
    buffering_size     = var.kfh_buffer_max_size_in_mbs
    retry_duration     = 300
    s3_backup_mode     = "FailedDataOnly"

    # No unique_keys: records are only ever inserted (Firehose keeps no order), and readers take one row a key.
    destination_table_configuration {
      database_name = local.stream_tables[each.key].database
      table_name    = local.stream_tables[each.key].table
    }

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = "${module.transform_stream.arn}:$LATEST"
        }
      }
    }

    # What can't be delivered is set aside here, and only `lake replay` brings it back.
    s3_configuration {
      role_arn            = aws_iam_role.firehose[each.key].arn
      bucket_arn          = local.bucket_arns.ops
      error_output_prefix = "stream-errors/${each.value.slug}/!{firehose:error-output-type}/"
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.firehose[each.key].name
      log_stream_name = aws_cloudwatch_log_stream.firehose[each.key].name
    }
  }

  # The tables must be there first, and so must the rights.
  depends_on = [aws_lambda_invocation.create_tables, aws_iam_role_policy.firehose, module.bucket]
}

resource "aws_cloudwatch_log_group" "firehose" {
  for_each = local.streams

  name              = "/aws/kinesisfirehose/${local.prefix}-${each.value.slug}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.lake.arn
}

resource "aws_cloudwatch_log_stream" "firehose" {
  for_each = local.streams

  name           = "delivery"
  log_group_name = aws_cloudwatch_log_group.firehose[each.key].name
}

resource "aws_iam_role" "firehose" {
  for_each = local.streams

  name                 = "${local.prefix}-${each.value.slug}-firehose"
  description          = "What Firehose may do for the stream ${each.key} of ${local.prefix}."
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "firehose" {
  for_each = local.streams

  name = "deliver"
  role = aws_iam_role.firehose[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadTheStream"
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
        Resource = aws_kinesis_stream.stream[each.key].arn
      },
      {
        Sid      = "Transform"
        Effect   = "Allow"
        Action   = ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"]
        Resource = [module.transform_stream.arn, "${module.transform_stream.arn}:$LATEST"]
      },
      {
        Sid    = "CommitToTheTable"
        Effect = "Allow"
        Action = ["glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"]
        Resource = [
          "${local.arn.glue}:catalog",
          "${local.arn.glue}:database/${local.stream_tables[each.key].database}",
          "${local.arn.glue}:table/${local.stream_tables[each.key].database}/${local.stream_tables[each.key].table}",
        ]
      },
      {
        Sid      = "SeeTheBuckets"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = [local.bucket_arns.silver, local.bucket_arns.ops]
      },
      {
        Sid    = "WriteTheTable"
        Effect = "Allow"
        Action = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = join("/", [
          local.bucket_arns.silver, "${local.stream_tables[each.key].database}.db", local.stream_tables[each.key].table, "*",
        ])
      },
      {
        # No deletion: what failed stays until somebody has looked.
        Sid      = "SetAside"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = "${local.bucket_arns.ops}/stream-errors/${each.value.slug}/*"
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.lake.arn
      },
      {
        Sid      = "SayWhatFailed"
        Effect   = "Allow"
        Action   = "logs:PutLogEvents"
        Resource = "${aws_cloudwatch_log_group.firehose[each.key].arn}:log-stream:*"
      },
    ]
  })
}

# --- The transform ------------------------------------------------------------------------------

module "transform_stream" {
  source = "./modules/lambda_function"

  name        = "transform_stream"
  description = "Make rows of a stream's records for Firehose; a bad record fails alone."
  platform    = local.platform
  layers      = local.layers

  size = {
    memory_mb = 512
    # Firehose waits for five minutes at most; a batch of a megabyte takes a second.
    timeout_seconds = 60
    concurrency     = var.reserved_concurrency.transform_stream
  }

  environment = { DATABASE_PREFIX = local.database_prefix }

  policy_statements = []
}

# --- Alarms -------------------------------------------------------------------------------------

locals {
  stream_alarms = merge([
    for id, stream in local.streams : {
      "${stream.slug}-behind" = {
        about      = "Records of ${id} wait in Kinesis for more than an hour: Firehose does not take them."
        runbook    = "stream-behind"
        namespace  = "AWS/Kinesis"
        metric     = "GetRecords.IteratorAgeMilliseconds"
        dimensions = { StreamName = aws_kinesis_stream.stream[id].name }
        statistic  = "Maximum"
        threshold  = 3600000
      }
      "${stream.slug}-not-delivered" = {
        about      = "Firehose could not write rows of ${id} to their table and set them aside."
        runbook    = "stream-not-delivered"
        namespace  = "AWS/Firehose"
        metric     = "DeliveryToIceberg.FailedRowCount"
        dimensions = { DeliveryStreamName = aws_kinesis_firehose_delivery_stream.stream[id].name }
        statistic  = "Sum"
        threshold  = 0
      }
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "stream" {
  for_each = local.stream_alarms

  alarm_name        = "${local.prefix}-${each.key}"
  alarm_description = "${each.value.about} Runbook: ${var.runbook_url}#${each.value.runbook}"

  namespace   = each.value.namespace
  metric_name = each.value.metric
  dimensions  = each.value.dimensions
  statistic   = each.value.statistic
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.notices.arn]
  ok_actions    = [aws_sns_topic.notices.arn]
}
