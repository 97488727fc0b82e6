# Sources that the lake asks by itself: the function, its secrets, and when it is woken.

locals {
  # Five fields as everybody writes them; AWS wants a sixth (the year) and one of the two days as "?".
  # Days of the week are written by name (MON): AWS counts them from Sunday = 1, everybody else from 0.
  poll_crons = {
    for source, poll in module.catalog.polls : source => {
      zone   = poll.schedule.zone
      slug   = poll.slug
      fields = split(" ", poll.schedule.cron)
    } if poll.schedule != null
  }
  poll_schedules = {
    for source, cron in local.poll_crons : source => {
      name = "${local.prefix}-poll-${cron.slug}"
      zone = cron.zone
      expression = format("cron(%s %s *)",
        join(" ", slice(cron.fields, 0, 2)),
        cron.fields[4] == "*" ? join(" ", [cron.fields[2], cron.fields[3], "?"]) : join(" ", ["?", cron.fields[3], cron.fields[4]]),
      )
      input = { source = source }
    }
  }

  ingest_schedules = merge(local.poll_schedules, {
    # A source that is asked weekly must not wait a week when it failed.
    again = {
      name       = "${local.prefix}-poll-again"
      zone       = "UTC"
      expression = "rate(30 minutes)"
      input      = { "detail-type" = "Lake Sweep" }
    }
  })
}

module "ingest" {
  source = "./modules/lambda_function"

  name        = "ingest"
  description = "Ask an API for what people would otherwise upload, and land its file in raw."
  platform    = local.platform
  layers      = concat(local.layers, [for name in ["ingest", "results"] : aws_lambda_layer_version.layer[name].arn])

  size = {
    # The lines of a whole network are some 500 calls of a second, four at once.
    memory_mb       = 512
    timeout_seconds = local.timeouts.ingest
    concurrency     = var.reserved_concurrency.ingest
  }

  environment = {
    LEDGER_TABLE      = aws_dynamodb_table.ledger.name
    RAW_BUCKET        = module.bucket["raw"].name
    QUARANTINE_BUCKET = module.bucket["quarantine"].name
    KMS_KEY_ARN       = aws_kms_key.lake.arn
    SECRET_PREFIX     = local.prefix
    APIS              = jsonencode(var.upstreams)
  }

  policy_statements = concat([
    {
      Sid      = "KeepTheStatesOfPolls"
      Effect   = "Allow"
      Action   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      Resource = aws_dynamodb_table.ledger.arn
      # Its own items only: files and lanes belong to others.
      Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["poll#*"] } }
    },
    {
      Sid      = "LandFiles"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = [for poll in values(module.catalog.polls) : "${local.bucket_arns.raw}/${poll.path}/*"]
    },
    {
      Sid      = "KeepUnreadableAnswers"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = [for source in keys(module.catalog.polls) : "${local.bucket_arns.quarantine}/${source}/*"]
    },
    ], length(local.poll_secrets) == 0 ? [] : [{
      Sid      = "ReadItsSecrets"
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = [for name in local.poll_secrets : aws_secretsmanager_secret.upstream[name].arn]
  }])
}

# --- Secrets: named here, their values never in the state -----------------------------------------

locals {
  poll_secrets = toset([for poll in values(module.catalog.polls) : poll.secret if poll.secret != null])
}

resource "aws_secretsmanager_secret" "upstream" {
  #checkov:skip=CKV2_AWS_57:Only their owner can rotate them: they open somebody else's API. A rotated value is read at the next 401.
  for_each = module.catalog.secrets

  name        = "${local.prefix}-${each.key}-secret"
  description = "What the lake shows to the API of '${each.key}'."
  kms_key_id  = aws_kms_key.lake.arn
  # Where data can be made again a name must be free again at once.
  recovery_window_in_days = var.force_destroy ? 0 : 30
}

resource "aws_secretsmanager_secret_version" "upstream" {
  for_each = toset([for name in module.catalog.secrets : name if contains(nonsensitive(keys(var.secrets)), name)])

  secret_id                = aws_secretsmanager_secret.upstream[each.key].id
  secret_string_wo         = var.secrets[each.key]
  secret_string_wo_version = var.secrets_version
}

# --- Schedules ------------------------------------------------------------------------------------

resource "aws_scheduler_schedule" "ingest" {
  for_each = local.ingest_schedules

  name                         = each.value.name
  group_name                   = aws_scheduler_schedule_group.lake.name
  description                  = each.key == "again" ? "Ask again whoever did not answer." : "Ask for ${each.key}."
  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.zone
  state                        = var.schedules_enabled ? "ENABLED" : "DISABLED"
  kms_key_arn                  = aws_kms_key.lake.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.ingest.arn
    role_arn = module.ingest_clock.arn
    input    = jsonencode(each.value.input)

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }

    dead_letter_config {
      arn = module.undelivered.arn
    }
  }
}

module "ingest_clock" {
  source = "./modules/clock_role"

  name               = "ingest-scheduler"
  description        = "Wakes ${local.prefix}-ingest by the clock."
  sid                = "WakeIngest"
  action             = "lambda:InvokeFunction"
  resources          = [module.ingest.arn]
  account_id         = local.account_id
  schedule_group_arn = local.schedule_group_arn
  platform           = local.platform
}
