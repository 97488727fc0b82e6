# Each function stands here with what it may do, by eye.

locals {
  ledger_statement = {
    Sid      = "KeepTheLedger"
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    Resource = aws_dynamodb_table.ledger.arn
  }

  consume_actions = [
    "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
  ]

  layers = [aws_lambda_layer_version.layer["lake"].arn, aws_lambda_layer_version.layer["vendor"].arn]
}

# --- promote ------------------------------------------------------------------------------------

module "promote" {
  source = "./modules/lambda_function"

  name        = "promote"
  description = "Check what landed in raw, register it in the ledger, move it to bronze or to quarantine."
  platform    = local.platform
  layers      = local.layers

  size = {
    # The pre-scan stays under 256 MiB; a file of the declared maximum is kept on disk, not in memory.
    memory_mb       = 512
    disk_mb         = 1024
    timeout_seconds = local.timeouts.promote
    concurrency     = var.reserved_concurrency.promote
  }

  environment = {
    LEDGER_TABLE      = aws_dynamodb_table.ledger.name
    RAW_BUCKET        = module.bucket["raw"].name
    BRONZE_BUCKET     = module.bucket["bronze"].name
    QUARANTINE_BUCKET = module.bucket["quarantine"].name
    UPLOADS_QUEUE_URL = module.uploads.url
    JOBS_QUEUE_URL    = module.jobs.url
    KMS_KEY_ARN       = aws_kms_key.lake.arn
  }

  policy_statements = [
    local.ledger_statement,
    {
      Sid      = "TakeUploads"
      Effect   = "Allow"
      Action   = concat(local.consume_actions, ["sqs:SendMessage"]) # the sweep sends what was lost
      Resource = module.uploads.arn
    },
    {
      Sid      = "AskForJobs"
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = module.jobs.arn
    },
    {
      Sid      = "ListRaw"
      Effect   = "Allow"
      Action   = ["s3:ListBucket", "s3:ListBucketVersions"]
      Resource = local.bucket_arns.raw
    },
    {
      # By version only: an upload that lands while another is moved is not touched.
      Sid      = "EmptyRaw"
      Effect   = "Allow"
      Action   = ["s3:DeleteObjectVersion", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"]
      Resource = "${local.bucket_arns.raw}/*"
    },
    {
      # Without the listing a missing object reads as "forbidden".
      Sid      = "SeeBronzeAndQuarantine"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = [local.bucket_arns.bronze, local.bucket_arns.quarantine]
    },
    {
      # No deletion: bronze is never lost.
      Sid      = "FillBronze"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]
      Resource = "${local.bucket_arns.bronze}/*"
    },
    {
      Sid      = "FillQuarantine"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectTagging"]
      Resource = "${local.bucket_arns.quarantine}/*"
    },
  ]
}

resource "aws_lambda_event_source_mapping" "promote" {
  event_source_arn        = module.uploads.arn
  function_name           = module.promote.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = max(2, coalesce(var.reserved_concurrency.promote, 10))
  }
}

# --- start_job ----------------------------------------------------------------------------------

module "start_job" {
  source = "./modules/lambda_function"

  name        = "start_job"
  description = "Make one Spark job of up to ten waiting files of a lane, and settle jobs that ended."
  platform    = local.platform
  layers      = local.layers

  size = {
    timeout_seconds = local.timeouts.start_job
    concurrency     = var.reserved_concurrency.start_job
  }

  environment = {
    LEDGER_TABLE         = aws_dynamodb_table.ledger.name
    BRONZE_BUCKET        = module.bucket["bronze"].name
    QUARANTINE_BUCKET    = module.bucket["quarantine"].name
    JOBS_BUCKET          = module.bucket["jobs"].name
    SILVER_BUCKET        = module.bucket["silver"].name
    LOGS_BUCKET          = module.logs_bucket.name
    DATABASE_PREFIX      = local.database_prefix
    SPARK_APPLICATION_ID = aws_emrserverless_application.spark.id
    SPARK_ROLE_ARN       = aws_iam_role.spark.arn
    NOTICES_TOPIC_ARN    = aws_sns_topic.notices.arn
    JOB_TIMEOUT_MINUTES  = var.job_timeout_minutes
    KMS_KEY_ARN          = aws_kms_key.lake.arn
    CODE_VERSION         = local.code_version
    SPARK_PARAMETERS     = local.spark_parameters
  }

  policy_statements = [
    local.ledger_statement,
    {
      Sid      = "FindWhatWaits"
      Effect   = "Allow"
      Action   = "dynamodb:Query"
      Resource = "${aws_dynamodb_table.ledger.arn}/index/*"
    },
    {
      Sid       = "GiveLanesBack"
      Effect    = "Allow"
      Action    = "dynamodb:DeleteItem"
      Resource  = aws_dynamodb_table.ledger.arn
      Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["lane#*"] } }
    },
    {
      Sid      = "TakeJobs"
      Effect   = "Allow"
      Action   = local.consume_actions
      Resource = module.jobs.arn
    },
    {
      Sid      = "StartJobs"
      Effect   = "Allow"
      Action   = "emr-serverless:StartJobRun"
      Resource = aws_emrserverless_application.spark.arn
    },
    {
      Sid      = "FollowJobs"
      Effect   = "Allow"
      Action   = "emr-serverless:GetJobRun"
      Resource = "${aws_emrserverless_application.spark.arn}/jobruns/*"
    },
    {
      Sid       = "HandOverTheRole"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = aws_iam_role.spark.arn
      Condition = { StringEquals = { "iam:PassedToService" = "emr-serverless.amazonaws.com" } }
    },
    {
      Sid      = "WriteBatches"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = "${local.bucket_arns.jobs}/batches/*"
    },
    {
      Sid      = "ReadResults"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${local.bucket_arns.jobs}/runs/*"
    },
    {
      # Without the listing a missing object reads as "forbidden".
      Sid      = "SeeWhatIsThere"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = [local.bucket_arns.bronze, local.bucket_arns.jobs]
    },
    {
      Sid      = "ReadRefusedFiles"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:GetObjectTagging"]
      Resource = "${local.bucket_arns.bronze}/*"
    },
    {
      Sid      = "SetRefusedFilesAside"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectTagging"]
      Resource = "${local.bucket_arns.quarantine}/*"
    },
    {
      Sid      = "TellPeople"
      Effect   = "Allow"
      Action   = "sns:Publish"
      Resource = aws_sns_topic.notices.arn
    },
  ]
}

resource "aws_lambda_event_source_mapping" "start_job" {
  event_source_arn        = module.jobs.arn
  function_name           = module.start_job.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = max(2, coalesce(var.reserved_concurrency.start_job, 5))
  }
}

# --- create_tables ------------------------------------------------------------------------------

module "create_tables" {
  source = "./modules/lambda_function"

  name        = "create_tables"
  description = "Create each table of the catalogue that is not there, by Athena DDL."
  platform    = local.platform
  layers      = local.layers

  size = {
    timeout_seconds = local.timeouts.create_tables
    concurrency     = var.reserved_concurrency.create_tables
  }

  environment = {
    DATABASE_PREFIX  = local.database_prefix
    SILVER_BUCKET    = module.bucket["silver"].name
    GOLD_BUCKET      = module.bucket["gold"].name
    OPS_BUCKET       = module.bucket["ops"].name
    ATHENA_WORKGROUP = aws_athena_workgroup.lake.name
  }

  policy_statements = [
    {
      Sid      = "RunDdl"
      Effect   = "Allow"
      Action   = ["athena:GetQueryExecution", "athena:StartQueryExecution", "athena:StopQueryExecution"]
      Resource = aws_athena_workgroup.lake.arn
    },
    {
      Sid      = "KeepTables"
      Effect   = "Allow"
      Action   = ["glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:UpdateTable"]
      Resource = module.catalog.glue_arns
    },
    local.look_for_default,
    {
      Sid      = "SeeTheWarehouses"
      Effect   = "Allow"
      Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
      Resource = [for role in ["athena", "gold", "ops", "silver"] : local.bucket_arns[role]]
    },
    {
      # Athena writes the first metadata of a table, and each answer, with the rights of who asks.
      Sid    = "WriteMetadataAndAnswers"
      Effect = "Allow"
      Action = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      Resource = concat(
        ["${local.bucket_arns.athena}/*"],
        [for database in values(module.catalog.databases) : "${local.bucket_arns[database.layer]}/${database.name}.db/*"],
      )
    },
  ]
}

# The tables follow the catalogue: invoked at the first apply, and again when its hash changes.
resource "aws_lambda_invocation" "create_tables" {
  function_name = module.create_tables.name
  input         = jsonencode({ catalog_sha256 = module.catalog.sha256 })

  lifecycle {
    # A database that was made anew has lost its tables.
    replace_triggered_by = [aws_glue_catalog_database.lake]
  }
}
