locals {
  prefix = "${var.project}-${var.owner}-${var.master}-${var.env}"

  # Databases and metrics are the account's, as everything else is; the default environment alone has the published
  # names, which say no environment (docs/adr/0025-environments-share-an-account.md).
  is_default        = var.env == var.default_env
  database_prefix   = "${join("_", concat([var.project, var.owner, var.master], local.is_default ? [] : [var.env]))}_"
  metrics_namespace = local.is_default ? "Albufera" : "Albufera/${var.env}"

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  tags = {
    Project     = var.project
    Owner       = var.owner
    Master      = var.master
    Environment = var.env
    ManagedBy   = "terraform"
  }

  arn = {
    emr            = "arn:${local.partition}:elasticmapreduce:${var.region}:${local.account_id}"
    emr_serverless = "arn:${local.partition}:emr-serverless:${var.region}:${local.account_id}"
    events         = "arn:${local.partition}:events:${var.region}:${local.account_id}"
    glue           = "arn:${local.partition}:glue:${var.region}:${local.account_id}"
    logs           = "arn:${local.partition}:logs:${var.region}:${local.account_id}"
    scheduler      = "arn:${local.partition}:scheduler:${var.region}:${local.account_id}"
    states         = "arn:${local.partition}:states:${var.region}:${local.account_id}"
  }

  # What each function needs of the place that it stands in.
  platform = {
    prefix                   = local.prefix
    build_dir                = var.build_dir
    code_bucket              = module.bucket["jobs"].name
    runtime                  = var.lambda_runtime
    architecture             = var.lambda_architecture
    log_level                = var.log_level
    metrics_namespace        = local.metrics_namespace
    log_retention_days       = var.log_retention_days
    kms_key_arn              = aws_kms_key.lake.arn
    undelivered_arn          = module.undelivered.arn
    notices_arn              = aws_sns_topic.notices.arn
    runbook_url              = var.runbook_url
    permissions_boundary_arn = var.permissions_boundary_arn
  }
}
