locals {
  # Named before they are: the queues let them in and wait for nothing.
  rule_names = {
    for rule in [
      "job_ended", "job_failed", "job_started", "pipeline_moved", "raw_object_created", "sweep_jobs", "sweep_uploads",
      "watch_clock",
    ] :
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
    job_started = {
      about = "A Spark job of the lake is at work."
      pattern = {
        source        = ["aws.emr-serverless"]
        "detail-type" = ["EMR Serverless Job Run State Change"]
        detail = {
          applicationId = [aws_emrserverless_application.spark.id]
          state         = ["RUNNING"]
        }
      }
    }
    pipeline_moved = {
      about = "A run of a pipeline began or ended."
      pattern = {
        source        = ["aws.states"]
        "detail-type" = ["Step Functions Execution Status Change"]
        detail        = { stateMachineArn = [for pipeline in module.pipeline : pipeline.arn] }
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

  # What the clock does, and every how many minutes.
  clocks = {
    sweep_uploads = { about = "Look for files in raw whose event was lost.", minutes = var.sweep_minutes }
    sweep_jobs    = { about = "Look for jobs whose end was not heard, and for lanes that stand still.", minutes = var.sweep_minutes }
    watch_clock   = { about = "Look at the whole lake and write down its state.", minutes = var.watch_minutes }
  }

  # Where each rule sends; the group keeps the events of jobs in order, and looks one after the other.
  targets = merge(
    {
      raw_object_created = { rule = "raw_object_created", arn = module.uploads.arn, group = null }
      job_ended          = { rule = "job_ended", arn = module.jobs.arn, group = "settle" }
      job_failed         = { rule = "job_failed", arn = aws_sns_topic.notices.arn, group = null }
      sweep_uploads      = { rule = "sweep_uploads", arn = module.uploads.arn, group = null }
      sweep_jobs         = { rule = "sweep_jobs", arn = module.jobs.arn, group = "settle" }
    },
    {
      for rule in ["job_ended", "job_started", "pipeline_moved", "raw_object_created", "watch_clock"] :
      "look_${rule}" => { rule = rule, arn = module.looks.arn, group = "look" }
    },
  )
}

resource "aws_cloudwatch_event_rule" "event" {
  for_each = local.rules

  name          = local.rule_names[each.key]
  description   = each.value.about
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_rule" "clock" {
  for_each = local.clocks

  name                = local.rule_names[each.key]
  description         = each.value.about
  schedule_expression = "rate(${each.value.minutes} ${each.value.minutes == 1 ? "minute" : "minutes"})"
}

resource "aws_cloudwatch_event_target" "lake" {
  for_each = local.targets

  rule      = merge(aws_cloudwatch_event_rule.event, aws_cloudwatch_event_rule.clock)[each.value.rule].name
  target_id = startswith(each.key, "look_") ? "look" : "lake"
  arn       = each.value.arn
  input     = startswith(each.key, "sweep_") ? jsonencode({ "detail-type" = "Lake Sweep" }) : null

  # People get a sentence, not the event.
  dynamic "input_transformer" {
    for_each = each.key == "job_failed" ? [1] : []

    content {
      input_paths    = { run = "$.detail.jobRunId", state = "$.detail.state" }
      input_template = "\"The Spark run <run> of ${local.prefix} ended as <state>. Runbook: ${var.runbook_url}#a-spark-job-failed\""
    }
  }

  dynamic "sqs_target" {
    for_each = each.value.group == null ? [] : [each.value.group]

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
