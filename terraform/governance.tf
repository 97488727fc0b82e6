# Who may read what people are shown, and nothing else. Writers are the lake's own roles; nobody logs in as one.
#
# Rights are IAM's alone: the account's Data Catalog must leave new databases and tables to IAM (AWS's own default).

locals {
  # Athena and Spark look for a database `default` whenever they are asked anything.
  look_for_default = {
    Sid      = "LookForDefault"
    Effect   = "Allow"
    Action   = "glue:GetDatabase"
    Resource = ["${local.arn.glue}:catalog", "${local.arn.glue}:database/default"]
  }

  shown_databases = { for name, database in module.catalog.databases : name => database if database.layer == "gold" }
}

resource "aws_iam_role" "reader" {
  count = length(var.reader_principals) > 0 ? 1 : 0

  name                 = "${local.prefix}-reader"
  description          = "Reads gold by Athena or by its files, for an hour at a time; writes nothing but its own answers."
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.reader_principals }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "reader" {
  count = length(var.reader_principals) > 0 ? 1 : 0

  name = "read-gold"
  role = aws_iam_role.reader[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadGold"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for database in values(local.shown_databases) : "${local.bucket_arns[database.layer]}/${database.name}.db/*"]
      },
      {
        Sid      = "ListGold"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [local.bucket_arns.gold, local.bucket_arns.athena]
      },
      {
        Sid      = "KeepItsAnswers"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = "${local.bucket_arns.athena}/results/*"
      },
      {
        Sid      = "SeeTheTables"
        Effect   = "Allow"
        Action   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
        Resource = concat(["${local.arn.glue}:catalog"], flatten([for database in values(local.shown_databases) : [database.arn, database.table_arn]]))
      },
      local.look_for_default,
      {
        Sid    = "Ask"
        Effect = "Allow"
        Action = [
          "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution",
          "athena:StopQueryExecution",
        ]
        Resource = aws_athena_workgroup.lake.arn
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.lake.arn
      },
    ]
  })
}
