output "sha256" {
  description = "Hash of the catalogue's content."
  value       = var.catalog.sha256
}

output "databases" {
  description = "Each logical database with its physical name, place and ARNs."
  value       = local.databases
}

output "scripts" {
  description = "Entry scripts of the jobs; several jobs may share one."
  value       = toset([for job in values(var.catalog.jobs) : job.script])
}

output "glue_arns" {
  description = "Catalogue, databases and tables of the lake, as IAM resources."
  value = concat(
    ["${var.glue_arn}:catalog"],
    [for database in values(local.databases) : database.arn],
    [for database in values(local.databases) : database.table_arn],
  )
}

output "pipelines" {
  description = "Each pipeline with its stages, and what each of its jobs is called with."
  value = {
    for id, pipeline in var.catalog.pipelines : id => {
      slug            = local.slugs[id]
      schedule        = pipeline.schedule
      timeout_minutes = pipeline.timeout_minutes
      stages          = pipeline.stages
      jobs = {
        for job in distinct(flatten(pipeline.stages)) : job => {
          script          = var.catalog.jobs[job].script
          arguments       = local.job_arguments[job]
          timeout_minutes = var.catalog.jobs[job].timeout_minutes
        }
      }
    }
  }
}

output "upload_paths" {
  description = "Where the files of each source land in raw."
  value       = { for id, source in var.catalog.sources : id => source.path if source.kind == "upload" }
}

output "polls" {
  description = "Sources that an API is asked for, and when."
  value = {
    for id, source in var.catalog.sources : id => {
      slug     = local.slugs[id]
      path     = source.path
      schedule = source.poll.schedule
      secret   = var.catalog.apis[source.poll.api].secret
    } if source.kind == "upload" && source.poll != null
  }
}

output "streams" {
  description = "Sources that never end, and the tables that they are appended to."
  value = {
    for id, source in var.catalog.sources : id => {
      slug          = local.slugs[id]
      tables        = source.feeds
      database      = local.databases[split(".", source.feeds[0])[0]].name
      every_minutes = source.poll == null ? null : source.poll.every_minutes
      api           = source.poll == null ? null : var.catalog.apis[source.poll.api].name
      secret        = source.poll == null ? null : var.catalog.apis[source.poll.api].secret
      parameter     = source.poll == null ? null : var.catalog.apis[source.poll.api].parameter
      query         = source.poll == null ? {} : source.poll.query
    } if source.kind == "stream"
  }
}

output "secrets" {
  description = "Logical names of the secrets that the APIs need."
  value       = toset([for api in values(var.catalog.apis) : api.secret if api.secret != null])
}

output "apis" {
  description = "Address of each API."
  value       = { for api in values(var.catalog.apis) : api.name => api.url }
}

output "fresh_tables" {
  description = "Minutes within which each table with a promise is written again."
  value = {
    for id, table in var.catalog.tables : id => table.fresh_within_minutes if table.fresh_within_minutes != null
  }
}
