locals {
  # Named before they are: the queues let them in and wait for nothing.
  rule_names = {
    for rule in ["job_ended", "job_failed", "raw_object_created", "sweep_jobs", "sweep_uploads"] :
    rule => "${local.prefix}-${replace(rule, "_", "-")}"
  }
  rule_arns = { for rule, name in local.rule_names : rule => "${local.arn.events}:rule/${name}" }

  rules = {
    raw_object_created = {
      about = "A file landed in raw."
      pattern = {
        source        = ["aws.s3"]
        "detail-type" = ["Object Created"]
        detail        = { bucket = { name = [local.bucket_names.raw] } }
      }
    }
    job_ended = {
      about = "A Spark job of the lake ended, well or not."
      pattern = {
        source        = ["aws.emr-serverless"]
        "detail-type" = ["EMR Serverless Job Run State Change"]
        detail = {
          applicationId = [aws_emrserverless_application.spark.id]
          state         = ["SUCCESS", "FAILED", "CANCELLED"]
        }
      }
    }
    job_failed = {
      about = "A Spark job of the lake failed: people hear of it."
      pattern = {
        source        = ["aws.emr-serverless"]
        "detail-type" = ["EMR Serverless Job Run State Change"]
        detail = {
          applicationId = [aws_emrserverless_application.spark.id]
          state         = ["FAILED", "CANCELLED"]
        }
      }
    }
  }

  sweeps = {
    sweep_uploads = "Look for files in raw whose event was lost."
    sweep_jobs    = "Look for jobs whose end was not heard, and for lanes that stand still."
  }

  # Where each rule sends; the group keeps the events of jobs in order.
  targets = {
    raw_object_created = { arn = module.uploads.arn }
    job_ended          = { arn = module.jobs.arn, group = "settle" }
    job_failed         = { arn = aws_sns_topic.notices.arn }
    sweep_uploads      = { arn = module.uploads.arn }
    sweep_jobs         = { arn = module.jobs.arn, group = "settle" }
  }
}

resource "aws_cloudwatch_event_rule" "event" {
  for_each = local.rules

  name          = local.rule_names[each.key]
  description   = each.value.about
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_rule" "sweep" {
  for_each = local.sweeps

  name                = local.rule_names[each.key]
  description         = each.value
  schedule_expression = "rate(${var.sweep_minutes} minutes)"
}

resource "aws_cloudwatch_event_target" "lake" {
  for_each = local.targets

  rule      = merge(aws_cloudwatch_event_rule.event, aws_cloudwatch_event_rule.sweep)[each.key].name
  target_id = "lake"
  arn       = each.value.arn
  input     = contains(keys(local.sweeps), each.key) ? jsonencode({ "detail-type" = "Lake Sweep" }) : null

  # People get a sentence, not the event.
  dynamic "input_transformer" {
    for_each = each.key == "job_failed" ? [1] : []

    content {
      input_paths    = { run = "$.detail.jobRunId", state = "$.detail.state" }
      input_template = "\"The Spark run <run> of ${local.prefix} ended as <state>. Runbook: ${var.runbook_url}#a-spark-job-failed\""
    }
  }

  dynamic "sqs_target" {
    for_each = try([each.value.group], [])

    content {
      message_group_id = sqs_target.value
    }
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.undelivered.arn
  }
}
