# How fresh the tables are that promise to be: measured from outside, so that a silence of the lake is seen as well.

module "watch" {
  source = "./modules/lambda_function"

  name        = "watch"
  description = "Measure the age and the rows of each table with a promise of freshness."
  platform    = local.platform
  layers      = local.layers

  size = {
    timeout_seconds = 60
    concurrency     = var.reserved_concurrency.watch
  }

  environment = { DATABASE_PREFIX = local.database_prefix }

  policy_statements = [
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
        for table in keys(module.catalog.fresh_tables) : join("/", [
          local.bucket_arns[module.catalog.databases[split(".", table)[0]].layer],
          "${module.catalog.databases[split(".", table)[0]].name}.db", split(".", table)[1], "metadata", "*",
        ])
      ]
    },
  ]
}

resource "aws_scheduler_schedule" "watch" {
  name                = "${local.prefix}-watch"
  description         = "Look how fresh the tables are."
  schedule_expression = "rate(15 minutes)"
  state               = var.schedules_enabled ? "ENABLED" : "DISABLED"
  kms_key_arn         = aws_kms_key.lake.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.watch.arn
    role_arn = module.watch_clock.arn
    input    = jsonencode({ "detail-type" = "Lake Watch" })

    # A look that comes late says nothing: the next one does.
    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 3
    }

    dead_letter_config {
      arn = module.undelivered.arn
    }
  }
}

module "watch_clock" {
  source = "./modules/clock_role"

  name          = "watch-scheduler"
  description   = "Wakes ${local.prefix}-watch by the clock."
  schedules     = "watch"
  sid           = "Wake"
  action        = "lambda:InvokeFunction"
  resources     = [module.watch.arn]
  account_id    = local.account_id
  scheduler_arn = local.arn.scheduler
  platform      = local.platform
}

# Where the clock is off nothing is measured, and each of these would ring for ever.
resource "aws_cloudwatch_metric_alarm" "stale" {
  for_each = var.schedules_enabled ? module.catalog.fresh_tables : {}

  alarm_name        = "${local.prefix}-${replace(replace(each.key, ".", "-"), "_", "-")}-stale"
  alarm_description = "Nothing was written to ${each.key} for over ${each.value} minutes, or nobody measures it. Runbook: ${var.runbook_url}#table-stale"

  namespace   = "Albufera"
  metric_name = "FreshnessMinutes"
  dimensions  = { service = "watch", table = each.key }
  statistic   = "Maximum"
  period      = 900

  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value
  evaluation_periods  = 2
  treat_missing_data  = "breaching"

  alarm_actions = [aws_sns_topic.notices.arn]
  ok_actions    = [aws_sns_topic.notices.arn]
}
