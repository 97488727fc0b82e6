# What the command `lake` may do: whoever looks after the lake takes this role and needs no other right.
#
# Each statement is what the command calls (cli/lake_cli), nothing beside it: it empties nothing, deletes no
# table, changes no function. Deploying is not its business (docs/operations.md, "Who may do what").

locals {
  # Nobody named: the account decides, by giving its people sts:AssumeRole on this role.
  operator_principals = (
    length(var.operator_principals) > 0 ? var.operator_principals : ["arn:${local.partition}:iam::${local.account_id}:root"]
  )

  looked_at_queues = concat(
    flatten([for queue in [module.uploads, module.jobs] : [queue.arn, queue.dead_letters_arn]]),
    [module.looks.dead_letters_arn, module.undelivered.arn],
  )
}

resource "aws_iam_role" "operator" {
  name                 = "${local.prefix}-operator"
  description          = "Looks after ${local.prefix} by the command lake: uploads, runs, questions, replays, keys of the API."
  max_session_duration = 3600 # the command takes it again by itself
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = local.operator_principals }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "operator" {
  name = "operate"
  role = aws_iam_role.operator.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "Upload"
        Effect   = "Allow"
        Action   = ["s3:PutObject", "s3:PutObjectTagging"] # what is replayed brings its tags
        Resource = [for path in values(module.catalog.upload_paths) : "${local.bucket_arns.raw}/${path}/*"]
      },
      {
        Sid      = "TakeFromQuarantine"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectTagging"]
        Resource = "${local.bucket_arns.quarantine}/*"
      },
      {
        # Without the listing a missing object reads as "forbidden".
        Sid      = "SeeWhatIsThere"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [for role in ["athena", "gold", "jobs", "ops", "served", "silver"] : local.bucket_arns[role]]
      },
      {
        Sid    = "ReadTablesAndReports"
        Effect = "Allow"
        Action = "s3:GetObject"
        Resource = concat(
          ["${local.bucket_arns.jobs}/catalog/catalog.json", "${local.bucket_arns.jobs}/runs/*", "${local.bucket_arns.served}/served/*"],
          [for database in values(module.catalog.databases) : "${local.bucket_arns[database.layer]}/${database.name}.db/*"],
        )
      },
      {
        # A pointer, never a snapshot: going back computes nothing and deletes nothing.
        Sid      = "ShowAnotherSnapshot"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${local.bucket_arns.served}/served/*/current.json"
      },
      {
        Sid      = "ReadTheLedger"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:Query"]
        Resource = [aws_dynamodb_table.ledger.arn, "${aws_dynamodb_table.ledger.arn}/index/by_state"]
      },
      {
        Sid       = "LetFilesWaitAgain"
        Effect    = "Allow"
        Action    = "dynamodb:PutItem"
        Resource  = aws_dynamodb_table.ledger.arn
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["file#*"] } }
      },
      {
        Sid      = "AskForJobs"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = module.jobs.arn
      },
      {
        Sid      = "CountMessages"
        Effect   = "Allow"
        Action   = "sqs:GetQueueAttributes"
        Resource = local.looked_at_queues
      },
      {
        Sid      = "PollNow"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = module.ingest.arn
      },
      {
        Sid      = "RunPipelines"
        Effect   = "Allow"
        Action   = ["states:ListExecutions", "states:StartExecution"]
        Resource = [for pipeline in values(module.pipeline) : pipeline.arn]
      },
      {
        Sid      = "FollowRuns"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution", "states:GetExecutionHistory"]
        Resource = [for pipeline in values(module.pipeline) : "${replace(pipeline.arn, ":stateMachine:", ":execution:")}:*"]
      },
      {
        Sid    = "Ask"
        Effect = "Allow"
        Action = [
          "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution",
        ]
        Resource = aws_athena_workgroup.lake.arn
      },
      {
        Sid      = "KeepAnswers"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = "${local.bucket_arns.athena}/results/*"
      },
      {
        Sid      = "SeeTheTables"
        Effect   = "Allow"
        Action   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
        Resource = module.catalog.glue_arns
      },
      local.look_for_default,
      {
        Sid      = "KeepKeysOfTheApi"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan"]
        Resource = aws_dynamodb_table.api_keys.arn
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.lake.arn
      },
      {
        Sid      = "ReadSetAsideRecords"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for folder in ["stream-errors", "stream-replayed"] : "${local.bucket_arns.ops}/${folder}/*"]
      },
      {
        Sid      = "MarkSentRecords"
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${local.bucket_arns.ops}/stream-replayed/*"
      },
      ], length(aws_kinesis_stream.stream) == 0 ? [] : [{
        Sid      = "SendRecordsAgain"
        Effect   = "Allow"
        Action   = "kinesis:PutRecords"
        Resource = values(aws_kinesis_stream.stream)[*].arn
    }])
  })
}
