output "sha256" {
  description = "Hash of the catalogue's content."
  value       = var.catalog.sha256
}

output "databases" {
  description = "Each logical database with its physical name, place and ARNs."
  value       = local.databases
}

output "jobs" {
  description = "Names of the jobs, each an entry script."
  value       = toset(keys(var.catalog.jobs))
}

output "upload_prefixes" {
  description = "Where in raw the files of each uploaded source land."
  value       = local.upload_prefixes
}

output "glue_arns" {
  description = "Catalogue, databases and tables of the lake, as IAM resources."
  value = concat(
    ["${var.glue_arn}:catalog"],
    [for database in values(local.databases) : database.arn],
    [for database in values(local.databases) : database.table_arn],
  )
}
