resource "aws_sqs_queue" "this" {
  name                      = var.name
  fifo_queue                = var.fifo
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600 # 14 days, the most there is: time for a person to look
  policy                    = var.policy
}

resource "aws_cloudwatch_metric_alarm" "messages" {
  alarm_name        = "${replace(var.name, ".", "-")}-not-empty"
  alarm_description = "${var.about} Runbook: ${var.runbook}"

  namespace   = "AWS/SQS"
  metric_name = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = aws_sqs_queue.this.name }
  statistic   = "Maximum"
  period      = 60

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.notices_arn]
  ok_actions    = [var.notices_arn]
}
