locals {
  name = "${var.platform.prefix}-${var.pipeline.slug}"
  arn  = "${var.arns.states}:stateMachine:${local.name}"
}

resource "aws_sfn_state_machine" "this" {
  name       = local.name
  role_arn   = aws_iam_role.this.arn
  definition = jsonencode(local.definition)

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  depends_on = [aws_iam_role_policy.this]
}

# Logs that services deliver share one resource policy of 5,120 characters; this prefix needs no entry in it.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${local.name}"
  retention_in_days = var.platform.log_retention_days
  kms_key_id        = var.platform.kms_key_arn
}

resource "aws_iam_role" "this" {
  name                 = "${local.name}-pipeline"
  description          = "What the pipeline ${var.id} may do."
  permissions_boundary = var.platform.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = split(":", var.arns.states)[4] }
        ArnLike      = { "aws:SourceArn" = local.arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "pipeline"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartJobs"
        Effect   = "Allow"
        Action   = "emr-serverless:StartJobRun"
        Resource = var.spark.application_arn
      },
      {
        Sid      = "FollowAndCancelJobs"
        Effect   = "Allow"
        Action   = ["emr-serverless:CancelJobRun", "emr-serverless:GetJobRun"]
        Resource = "${var.spark.application_arn}/jobruns/*"
      },
      {
        Sid       = "HandOverTheRole"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = var.spark.role_arn
        Condition = { StringEquals = { "iam:PassedToService" = "emr-serverless.amazonaws.com" } }
      },
      {
        # Step Functions hears of a job's end by a rule of its own, which it makes once and never removes.
        Sid      = "HearOfTheEnd"
        Effect   = "Allow"
        Action   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
        Resource = "${var.arns.events}:rule/StepFunctionsGetEventsForEMRServerlessJobRule"
      },
      {
        Sid      = "KeepTheLease"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"]
        Resource = var.ledger.arn
        Condition = {
          "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["pipeline#${var.id}"] }
        }
      },
      {
        Sid      = "LookAtTheHolder"
        Effect   = "Allow"
        Action   = "states:DescribeExecution"
        Resource = "${var.arns.states}:execution:${local.name}:*"
      },
      {
        Sid      = "TellPeople"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = var.platform.notices_arn
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.platform.kms_key_arn
      },
      {
        # Delivery of logs knows no resources: AWS takes nothing but * here.
        Sid    = "DeliverLogs"
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
        ]
        Resource = "*"
      },
      {
        # X-Ray knows no resources: AWS takes nothing but * here.
        Sid    = "Trace"
        Effect = "Allow"
        Action = [
          "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
        ]
        Resource = "*"
      },
    ]
  })
}

resource "aws_scheduler_schedule" "this" {
  count = var.pipeline.schedule == null ? 0 : 1

  name        = local.name
  group_name  = var.schedule_group
  description = "Starts the pipeline ${var.id} with the day of its turn as the business date."
  state       = var.schedules_enabled ? "ENABLED" : "DISABLED"
  kms_key_arn = var.platform.kms_key_arn

  schedule_expression          = local.schedule
  schedule_expression_timezone = var.pipeline.schedule.zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.this.arn
    role_arn = var.scheduler_role_arn
    # Scheduler looks for its attribute in the text as it stands, and jsonencode would escape < and >.
    input = "{\"date\":\"<aws.scheduler.scheduled-time>\",\"from\":null,\"full\":false,\"to\":null}"

    retry_policy {
      maximum_event_age_in_seconds = 86400
      maximum_retry_attempts       = 185
    }

    dead_letter_config {
      arn = var.platform.undelivered_arn
    }
  }
}

locals {
  # The catalogue writes cron as everybody does (minute hour day month weekday); AWS wants a question
  # mark where the day is not said, and a year.
  cron     = var.pipeline.schedule == null ? ["", "", "", "", ""] : split(" ", var.pipeline.schedule.cron)
  schedule = "cron(${local.cron[0]} ${local.cron[1]} ${local.cron[4] == "*" ? local.cron[2] : "?"} ${local.cron[3]} ${local.cron[4] == "*" ? "?" : local.cron[4]} *)"
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = {
    failed    = { metric = "ExecutionsFailed", about = "failed; the last good answer stays" }
    timed-out = { metric = "ExecutionsTimedOut", about = "was cut off after ${local.machine_seconds / 60} minutes" }
  }

  alarm_name        = "${local.name}-${each.key}"
  alarm_description = "The pipeline ${var.id} ${each.value.about}. Runbook: ${var.platform.runbook_url}#pipeline-${each.key}"

  namespace   = "AWS/States"
  metric_name = each.value.metric
  dimensions  = { StateMachineArn = local.arn }
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.platform.notices_arn]
  ok_actions    = [var.platform.notices_arn]
}
