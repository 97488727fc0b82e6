resource "aws_cloudwatch_dashboard" "lake" {
  dashboard_name = local.prefix

  # Through the parser and back: a slip in the template fails at plan, and spacing makes no diff.
  dashboard_body = jsonencode(jsondecode(templatefile("${path.module}/templates/dashboard.json.tftpl", {
    region    = var.region
    namespace = local.metrics_namespace
    functions = [
      module.promote.name, module.start_job.name, module.create_tables.name,
      module.ingest.name, module.transform_stream.name, module.watch.name, module.results_api.name,
    ]
    queues = [module.uploads.name, module.jobs.name, module.looks.name]
    dead_letters = [
      module.uploads.dead_letters_name, module.jobs.dead_letters_name, module.looks.dead_letters_name, module.undelivered.name,
    ]
    # Each of its metrics has both as dimensions.
    application  = { id = aws_emrserverless_application.spark.id, name = aws_emrserverless_application.spark.name }
    workgroup    = aws_athena_workgroup.lake.name
    pipelines    = [for pipeline in module.pipeline : pipeline.arn]
    streams      = [for stream in aws_kinesis_stream.stream : stream.name]
    fresh_tables = keys(module.catalog.fresh_tables)
  })))
}
