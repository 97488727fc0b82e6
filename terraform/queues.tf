locals {
  sqs_arn = "arn:${local.partition}:sqs:${var.region}:${local.account_id}"

  # Seconds that each function may take: a message is hidden for six times that.
  timeouts = { promote = 120, start_job = 60, create_tables = 600, ingest = 900, watch = 60 }
}

# What landed in raw, for promote.
module "uploads" {
  source = "./modules/queue"

  prefix             = local.prefix
  name               = "uploads"
  visibility_seconds = 6 * local.timeouts.promote
  max_age_minutes    = 30
  sending_rules      = [local.rule_arns.raw_object_created, local.rule_arns.sweep_uploads]
  sqs_arn            = local.sqs_arn
  kms_key_arn        = aws_kms_key.lake.arn
  notices_arn        = aws_sns_topic.notices.arn
  runbook_url        = var.runbook_url
}

# What waits for Spark; one message group for each lane, so that one table has one writer.
module "jobs" {
  source = "./modules/queue"

  prefix             = local.prefix
  name               = "jobs"
  fifo               = true
  visibility_seconds = 6 * local.timeouts.start_job
  max_age_minutes    = 60
  sending_rules      = [local.rule_arns.job_ended, local.rule_arns.sweep_jobs]
  sqs_arn            = local.sqs_arn
  kms_key_arn        = aws_kms_key.lake.arn
  notices_arn        = aws_sns_topic.notices.arn
  runbook_url        = var.runbook_url
}

# What asks for a look at the lake: one after the other, and not before what happened stands in the ledger.
module "looks" {
  source = "./modules/queue"

  prefix             = local.prefix
  name               = "looks"
  fifo               = true
  delay_seconds      = 15
  visibility_seconds = 6 * local.timeouts.watch
  max_age_minutes    = 30
  sending_rules = [
    for rule in ["job_ended", "job_started", "pipeline_moved", "raw_object_created", "watch_clock"] : local.rule_arns[rule]
  ]
  sqs_arn     = local.sqs_arn
  kms_key_arn = aws_kms_key.lake.arn
  notices_arn = aws_sns_topic.notices.arn
  runbook_url = var.runbook_url
}

# What neither EventBridge nor Lambda could hand over after all their tries.
module "undelivered" {
  source = "./modules/dead_letter_queue"

  name        = "${local.prefix}-undelivered"
  kms_key_arn = aws_kms_key.lake.arn
  about       = "An event could not be delivered to its queue, function or topic."
  runbook     = "${var.runbook_url}#undelivered"
  notices_arn = aws_sns_topic.notices.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RulesSetAside"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "${local.sqs_arn}:${local.prefix}-undelivered"
      Condition = { ArnEquals = { "aws:SourceArn" = values(local.rule_arns) } }
    }]
  })
}
