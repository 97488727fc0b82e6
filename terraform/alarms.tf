# Queues and functions bring their alarms along (modules/queue, modules/lambda_function). These are the lake's own.

locals {
  lake_alarms = {
    files_quarantined = {
      service = "promote"
      metric  = "FilesQuarantined"
      about   = "A file was refused before it became a job."
    }
    jobs_failed = {
      service = "start_job"
      metric  = "JobsFailed"
      about   = "A Spark job failed; its files are tried again up to three times."
    }
    polls_failed = {
      service = "ingest"
      metric  = "PollsFailed"
      about   = "An API did not give what it was asked for; it is asked again."
    }
    # A poisoned record, or a batch whose transform crashed four times: both wait for `lake replay`.
    records_refused = {
      service = "transform_stream"
      metric  = "RecordsRefused"
      about   = "The transform refused records of a stream."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "lake" {
  for_each = { for key, alarm in local.lake_alarms : key => alarm if var.stream_enabled || alarm.service != "transform_stream" }

  alarm_name        = "${local.prefix}-${replace(each.key, "_", "-")}"
  alarm_description = "${each.value.about} Runbook: ${var.runbook_url}#${replace(each.key, "_", "-")}"

  namespace   = local.metrics_namespace
  metric_name = each.value.metric
  dimensions  = { service = each.value.service }
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.notices.arn]
  ok_actions    = [aws_sns_topic.notices.arn]
}

# A schedule that stops makes no error anywhere: its silence is the alarm.
resource "aws_cloudwatch_metric_alarm" "clock_silent" {
  for_each = local.clocks

  alarm_name        = "${local.rule_names[each.key]}-silent"
  alarm_description = "The rule ${local.rule_names[each.key]} has not fired for three turns. Runbook: ${var.runbook_url}#clock-silent"

  namespace   = "AWS/Events"
  metric_name = "Invocations"
  dimensions  = { RuleName = aws_cloudwatch_event_rule.clock[each.key].name }
  statistic   = "Sum"
  period      = each.value.minutes * 60

  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 3
  treat_missing_data  = "breaching"

  alarm_actions = [aws_sns_topic.notices.arn]
  ok_actions    = [aws_sns_topic.notices.arn]
}
