# Derivations only, no provider: `terraform test` runs them in a second.

locals {
  # The layer says which bucket holds a database; `silver` stands in the bucket of role `silver`.
  databases = {
    for logical, database in var.catalog.databases : logical => {
      name      = "${var.database_prefix}${logical}"
      domain    = database.domain
      layer     = database.layer
      warehouse = "s3://${var.bucket_names[database.layer]}"
      location  = "s3://${var.bucket_names[database.layer]}/${var.database_prefix}${logical}.db"
      arn       = "${var.glue_arn}:database/${var.database_prefix}${logical}"
      table_arn = "${var.glue_arn}:table/${var.database_prefix}${logical}/*"
    }
  }

  # A slash is no part of a name on AWS.
  slugs = {
    for id in concat(keys(var.catalog.sources), keys(var.catalog.pipelines)) :
    id => replace(replace(id, "/", "-"), "_", "-")
  }

  # The arguments of a job as its command line has them.
  job_arguments = {
    for name, job in var.catalog.jobs : name => flatten([
      for argument in job.arguments : [
        "--${argument.name}",
        argument.database != null ? local.databases[argument.database].name :
        argument.warehouse != null ? "s3://${var.bucket_names[argument.warehouse]}" :
        argument.literal,
      ]
    ])
  }
}
