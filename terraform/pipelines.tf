# A state machine for each pipeline of the catalogue, and what they share.

locals {
  # The one declaration of how a Spark job of this lake is submitted: start_job and the pipelines use it.
  # The warehouse comes with the job: silver for loads, what its arguments say for the rest.
  spark_conf = {
    "spark.archives" = "s3://${local.bucket_names.jobs}/spark/environment.tar.gz#environment"
    # The wheels in the archive are built for this Python; EMR's default is not documented.
    "spark.emr-serverless.driverEnv.PYSPARK_PYTHON" = "python3.11"
    "spark.executorEnv.PYSPARK_PYTHON"              = "python3.11"
    "spark.emr-serverless.driverEnv.PYTHONPATH"     = "./environment"
    "spark.executorEnv.PYTHONPATH"                  = "./environment"
    # EMR tells a job AWS_REGION, if anything; boto3 and PyIceberg ask for AWS_DEFAULT_REGION alone.
    "spark.emr-serverless.driverEnv.AWS_REGION"         = var.region
    "spark.emr-serverless.driverEnv.AWS_DEFAULT_REGION" = var.region
    "spark.executorEnv.AWS_REGION"                      = var.region
    "spark.executorEnv.AWS_DEFAULT_REGION"              = var.region
    # Where EMR keeps the Iceberg that belongs to its release.
    "spark.jars"                                  = "/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar"
    "spark.sql.extensions"                        = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    "spark.sql.catalog.glue_catalog"              = "org.apache.iceberg.spark.SparkCatalog"
    "spark.sql.catalog.glue_catalog.catalog-impl" = "org.apache.iceberg.aws.glue.GlueCatalog"
    "spark.sql.catalog.glue_catalog.io-impl"      = "org.apache.iceberg.aws.s3.S3FileIO"
    "spark.sql.catalog.glue_catalog.warehouse"    = "s3://${local.bucket_names.silver}"
    "spark.sql.session.timeZone"                  = "UTC"
    # What a job finds without being told: where bronze is, and how this deployment calls its databases.
    "spark.lake.bronze"                             = "s3://${local.bucket_names.bronze}"
    "spark.lake.database_prefix"                    = local.database_prefix
    "spark.sql.adaptive.enabled"                    = "true"
    "spark.sql.adaptive.coalescePartitions.enabled" = "true"
    # A day's workbook is megabytes: 200 partitions would be 200 tasks of nothing.
    "spark.sql.shuffle.partitions" = "8"
    "spark.driver.cores"           = "2"
    "spark.driver.memory"          = "6g"
    "spark.executor.cores"         = "2"
    "spark.executor.memory"        = "6g"
    # EMR starts with the largest of the three, and with 3 where one is not said. The one that a job has
    # it keeps: given back for a moment, its place may be another job's, and the job would starve.
    "spark.executor.instances"                 = "1"
    "spark.dynamicAllocation.initialExecutors" = "1"
    "spark.dynamicAllocation.minExecutors"     = "1"
    "spark.dynamicAllocation.maxExecutors"     = tostring(var.spark_maximum_executors)
  }
  spark_parameters = join(" ", concat(
    ["--py-files s3://${local.bucket_names.jobs}/spark/lake.zip"],
    [for name, value in local.spark_conf : "--conf ${name}=${value}"],
  ))
}

module "pipeline" {
  source   = "./modules/pipeline"
  for_each = module.catalog.pipelines

  id                 = each.key
  pipeline           = each.value
  platform           = local.platform
  ledger             = { arn = aws_dynamodb_table.ledger.arn, name = aws_dynamodb_table.ledger.name }
  arns               = { events = local.arn.events, states = local.arn.states }
  schedule_group     = aws_scheduler_schedule_group.lake.name
  scheduler_role_arn = module.pipeline_clock.arn
  schedules_enabled  = var.schedules_enabled

  spark = {
    application_arn = aws_emrserverless_application.spark.arn
    application_id  = aws_emrserverless_application.spark.id
    jobs_bucket     = module.bucket["jobs"].name
    log_uri         = "s3://${module.logs_bucket.name}/spark/"
    parameters      = local.spark_parameters
    role_arn        = aws_iam_role.spark.arn
    served_uri      = "s3://${module.bucket["served"].name}"
  }
}

module "pipeline_clock" {
  source = "./modules/clock_role"

  name               = "pipeline-scheduler"
  description        = "Starts the pipelines of ${local.prefix} by the clock."
  sid                = "StartPipelines"
  action             = "states:StartExecution"
  resources          = [for pipeline in values(module.catalog.pipelines) : "${local.arn.states}:stateMachine:${local.prefix}-${pipeline.slug}"]
  account_id         = local.account_id
  schedule_group_arn = local.schedule_group_arn
  platform           = local.platform
}
