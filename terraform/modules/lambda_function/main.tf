locals {
  name = "${var.platform.prefix}-${replace(var.name, "_", "-")}"
  zip  = "${var.platform.build_dir}/functions/${var.name}.zip"
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117:It talks to AWS APIs only, over TLS; in a VPC each call would need a paid endpoint.
  #checkov:skip=CKV_AWS_272:The zips are built from this repository and deployed by hash; there is no signing profile to trust more.
  function_name = local.name
  description   = var.description
  role          = aws_iam_role.this.arn

  # The zip mirrors the repository, so the handler is the import path.
  handler           = "functions.${var.name}.handler.handler"
  s3_bucket         = aws_s3_object.zip.bucket
  s3_key            = aws_s3_object.zip.key
  s3_object_version = aws_s3_object.zip.version_id
  source_code_hash  = filebase64sha256(local.zip)
  layers            = var.layers
  runtime           = var.platform.runtime
  architectures     = [var.platform.architecture]

  memory_size                    = var.size.memory_mb
  timeout                        = var.size.timeout_seconds
  reserved_concurrent_executions = var.size.concurrency == null ? -1 : var.size.concurrency
  kms_key_arn                    = var.platform.kms_key_arn

  ephemeral_storage {
    size = var.size.disk_mb
  }

  environment {
    variables = merge({
      LOG_LEVEL                    = var.platform.log_level
      POWERTOOLS_METRICS_NAMESPACE = var.platform.metrics_namespace
      POWERTOOLS_SERVICE_NAME      = var.name
    }, var.environment)
  }

  tracing_config {
    mode = "Active"
  }

  # Whoever invokes it asynchronously loses nothing; queues have dead letters of their own.
  dead_letter_config {
    target_arn = var.platform.undelivered_arn
  }

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}

# By way of a bucket: the provider makes functions out of local files one at a time, five seconds each.
resource "aws_s3_object" "zip" {
  bucket = var.platform.code_bucket
  key    = "functions/${var.name}.zip"
  source = local.zip
  # The ETag of an object under a KMS key is no hash of its content.
  source_hash = filesha256(local.zip)

  # The bucket bears the lake's tags. Objects need none, and one that goes up in parts may lose them.
  override_provider {
    default_tags {
      tags = {}
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.platform.log_retention_days
  kms_key_id        = var.platform.kms_key_arn
}

resource "aws_iam_role" "this" {
  name                 = local.name
  description          = "What ${local.name} may do."
  permissions_boundary = var.platform.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(var.policy_statements, [
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this.arn}:*"
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.platform.kms_key_arn
      },
      {
        Sid      = "SetAsideWhatFailed"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = var.platform.undelivered_arn
      },
      {
        # X-Ray knows no resources: AWS takes nothing but * here.
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      },
    ])
  })
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = {
    errors    = { metric = "Errors", about = "failed" }
    throttles = { metric = "Throttles", about = "was not let run" }
  }

  alarm_name        = "${local.name}-${each.key}"
  alarm_description = "${local.name} ${each.value.about} at least once in five minutes. Runbook: ${var.platform.runbook_url}#function-${each.key}"

  namespace   = "AWS/Lambda"
  metric_name = each.value.metric
  dimensions  = { FunctionName = aws_lambda_function.this.function_name }
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.platform.notices_arn]
  ok_actions    = [var.platform.notices_arn]
}
