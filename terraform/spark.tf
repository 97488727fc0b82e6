locals {
  spark_objects = merge(
    { for script in module.catalog.scripts : "spark/${script}.py" => "${var.spark_dir}/${script}.py" },
    {
      "catalog/catalog.json"     = "${var.build_dir}/catalog.json"
      "spark/environment.tar.gz" = "${var.build_dir}/spark/environment.tar.gz"
      "spark/lake.zip"           = "${var.build_dir}/spark/lake.zip"
    },
  )

  # Part of each job's token: new code may try again what old code could not do.
  code_version = substr(sha256(join("", [for key, path in local.spark_objects : filesha256(path)])), 0, 16)
}

resource "aws_emrserverless_application" "spark" {
  name          = local.prefix
  release_label = var.spark_release
  type          = "spark"
  architecture  = var.spark_architecture

  maximum_capacity {
    cpu    = var.spark_maximum_capacity.cpu
    memory = var.spark_maximum_capacity.memory
    disk   = var.spark_maximum_capacity.disk
  }

  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = var.spark_idle_minutes
  }

  dynamic "network_configuration" {
    for_each = length(var.subnet_ids) > 0 ? [var.subnet_ids] : []

    content {
      subnet_ids         = network_configuration.value
      security_group_ids = var.security_group_ids
    }
  }
}

resource "aws_s3_object" "spark" {
  for_each = local.spark_objects

  bucket = module.bucket["jobs"].name
  key    = each.key
  source = each.value
  # The ETag of an object under a KMS key is no hash of its content.
  source_hash = filesha256(each.value)

  # The bucket bears the lake's tags. Objects need none, and one that goes up in parts may lose them.
  override_provider {
    default_tags {
      tags = {}
    }
  }
}

resource "aws_iam_role" "spark" {
  name                 = "${local.prefix}-spark"
  description          = "What the Spark jobs of ${local.prefix} may do."
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "emr-serverless.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = "${local.arn.emr_serverless}:/applications/*" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "spark" {
  name = "jobs"
  role = aws_iam_role.spark.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "SeeTheBuckets"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
        Resource = [for role in ["bronze", "gold", "jobs", "logs", "ops", "served", "silver"] : local.bucket_arns[role]]
      },
      {
        Sid    = "ReadFilesAndCode"
        Effect = "Allow"
        Action = "s3:GetObject"
        Resource = concat(
          ["${local.bucket_arns.bronze}/*"],
          [for folder in ["batches", "catalog", "runs", "spark"] : "${local.bucket_arns.jobs}/${folder}/*"],
        )
      },
      {
        Sid    = "WriteTables"
        Effect = "Allow"
        Action = [
          "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
        ]
        Resource = [
          for database in values(module.catalog.databases) : "${local.bucket_arns[database.layer]}/${database.name}.db/*"
        ]
      },
      {
        Sid      = "WriteResultsAndLogs"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = ["${local.bucket_arns.jobs}/runs/*", "${local.bucket_arns.logs}/spark/*"]
      },
      {
        Sid      = "PublishResults"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = "${local.bucket_arns.served}/served/*"
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.lake.arn
      },
      {
        Sid      = "KeepTables"
        Effect   = "Allow"
        Action   = ["glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:UpdateTable"]
        Resource = module.catalog.glue_arns
      },
      {
        # A result is written as the files of a table that goes when the files are there.
        Sid    = "DropScratchTables"
        Effect = "Allow"
        Action = "glue:DeleteTable"
        Resource = concat(
          ["${local.arn.glue}:catalog"],
          flatten([
            for database in values(module.catalog.databases) : [
              database.arn, replace(database.table_arn, "/*", "/served_*"),
            ] if database.layer == "gold"
          ]),
        )
      },
      local.look_for_default,
    ]
  })
}
