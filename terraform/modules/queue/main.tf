locals {
  suffix = var.fifo ? ".fifo" : ""
  name   = "${var.prefix}-${var.name}${local.suffix}"
  # Known before the queue is: the policy goes in with the queue, in one call.
  arn = "${var.sqs_arn}:${local.name}"
}

resource "aws_sqs_queue" "this" {
  name       = local.name
  fifo_queue = var.fifo
  # EventBridge sends to a FIFO queue without a deduplication id of its own.
  content_based_deduplication = var.fifo ? true : null

  visibility_timeout_seconds = var.visibility_seconds
  delay_seconds              = var.delay_seconds
  message_retention_seconds  = 1209600 # 14 days
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.kms_key_arn

  policy = length(var.sending_rules) == 0 ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RulesSend"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = local.arn
      Condition = { ArnEquals = { "aws:SourceArn" = var.sending_rules } }
    }]
  })
}

# Apart from the queue: both queues are then made at once (the provider waits 25 s for each).
resource "aws_sqs_queue_redrive_policy" "this" {
  queue_url = aws_sqs_queue.this.id

  redrive_policy = jsonencode({
    deadLetterTargetArn = module.dead_letters.arn
    maxReceiveCount     = var.max_receives
  })
}

module "dead_letters" {
  source = "../dead_letter_queue"

  name        = "${var.prefix}-${var.name}-dlq${local.suffix}"
  fifo        = var.fifo
  kms_key_arn = var.kms_key_arn
  about       = "A message of ${local.name} was tried ${var.max_receives} times and given up."
  runbook     = "${var.runbook_url}#dead-letters"
  notices_arn = var.notices_arn
}

resource "aws_cloudwatch_metric_alarm" "age" {
  alarm_name        = "${var.prefix}-${var.name}-waits"
  alarm_description = "The oldest message of ${local.name} waits for over ${var.max_age_minutes} minutes. Runbook: ${var.runbook_url}#queue-waits"

  namespace   = "AWS/SQS"
  metric_name = "ApproximateAgeOfOldestMessage"
  dimensions  = { QueueName = aws_sqs_queue.this.name }
  statistic   = "Maximum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = var.max_age_minutes * 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.notices_arn]
  ok_actions    = [var.notices_arn]
}
