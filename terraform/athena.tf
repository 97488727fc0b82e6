locals {
  queries = {
    arrivals_with_weather_today = "All arrivals of today (UTC), each with its nearest weather."
    delay_and_weather_by_hour   = "Delay rate and share of weather by hour and line since the start of yesterday (UTC). Together, not because of it."
  }
}

resource "aws_athena_workgroup" "lake" {
  name          = local.prefix
  description   = "Questions to the lake ${local.prefix}."
  force_destroy = var.force_destroy

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.athena_bytes_cutoff

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${module.bucket["athena"].name}/results/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.lake.arn
      }
    }
  }
}

resource "aws_athena_named_query" "lake" {
  for_each = local.queries

  name        = each.key
  description = each.value
  workgroup   = aws_athena_workgroup.lake.id
  database    = aws_glue_catalog_database.lake["emt_gold"].name
  query       = templatefile("${path.module}/queries/${each.key}.sql", { database = module.catalog.databases["emt_gold"].name })
}
