# What stands in each bucket, and how long. Names are known before the buckets are, so policies can be, too.
locals {
  buckets = {
    raw        = { expire_days = var.raw_days, noncurrent_days = var.raw_days, eventbridge = true } # the inbox
    bronze     = {}                                                                                 # never changed, never lost
    quarantine = {}                                                                                 # refused, with the reason: nothing goes in silence
    silver     = { noncurrent_days = 7 }                                                            # Iceberg keeps its own history
    gold       = { noncurrent_days = 7 }
    ops        = { noncurrent_days = 7 } # the accounts of every row
    served     = { noncurrent_days = 1 } # results as people read them; their snapshots are the history
    jobs       = { noncurrent_days = 30 }
    athena     = { expire_days = 7, noncurrent_days = 1 } # answers of queries
  }

  bucket_names = {
    for role in concat(keys(local.buckets), ["logs"]) :
    role => "${local.prefix}-${role}-${local.account_id}"
  }
  bucket_arns = {
    for role, name in local.bucket_names : role => "arn:${local.partition}:s3:::${name}"
  }
}

module "bucket" {
  source   = "./modules/bucket"
  for_each = local.buckets

  name            = local.bucket_names[each.key]
  kms_key_arn     = aws_kms_key.lake.arn
  force_destroy   = var.force_destroy
  expire_days     = try(each.value.expire_days, null)
  noncurrent_days = try(each.value.noncurrent_days, null)
  eventbridge     = try(each.value.eventbridge, false)
  access_logs     = { bucket = module.logs_bucket.name }
}

module "logs_bucket" {
  source = "./modules/bucket"

  name = local.bucket_names["logs"]
  # S3 delivers access logs only to buckets that are encrypted with its own keys; Spark encrypts its logs itself.
  kms_key_arn     = null
  force_destroy   = var.force_destroy
  expire_days     = var.log_retention_days
  noncurrent_days = 7

  policy_statements = [{
    Sid       = "S3DeliversAccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "${local.bucket_arns["logs"]}/access/*"
    Condition = {
      StringEquals = { "aws:SourceAccount" = local.account_id }
      ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:s3:::${local.prefix}-*" }
    }
  }]
}
