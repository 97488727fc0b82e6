# Who may read what people are shown, and nothing else. Writers are the lake's own roles; nobody logs in as one.
#
# Rights by IAM suffice: Lake Formation's grants stand beside them where an account has it in force.

locals {
  # Athena looks for a database `default` whenever it is asked anything.
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

# --- Lake Formation -------------------------------------------------------------------------------

resource "aws_lakeformation_permissions" "writer_database" {
  for_each = var.lake_formation_grants ? module.catalog.databases : {}

  principal   = aws_iam_role.spark.arn
  permissions = ["ALTER", "CREATE_TABLE", "DESCRIBE"]

  database {
    name = aws_glue_catalog_database.lake[each.key].name
  }
}

resource "aws_lakeformation_permissions" "writer_tables" {
  for_each = var.lake_formation_grants ? module.catalog.databases : {}

  principal   = aws_iam_role.spark.arn
  permissions = ["ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"]

  table {
    database_name = aws_glue_catalog_database.lake[each.key].name
    wildcard      = true
  }
}

resource "aws_lakeformation_permissions" "reader_database" {
  for_each = var.lake_formation_grants && length(var.reader_principals) > 0 ? local.shown_databases : {}

  principal   = aws_iam_role.reader[0].arn
  permissions = ["DESCRIBE"]

  database {
    name = aws_glue_catalog_database.lake[each.key].name
  }
}

resource "aws_lakeformation_permissions" "reader_tables" {
  for_each = var.lake_formation_grants && length(var.reader_principals) > 0 ? local.shown_databases : {}

  principal   = aws_iam_role.reader[0].arn
  permissions = ["DESCRIBE", "SELECT"]

  table {
    database_name = aws_glue_catalog_database.lake[each.key].name
    wildcard      = true
  }
}
