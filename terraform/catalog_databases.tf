# Terraform keeps the databases; the tables come from the catalogue's DDL (create_tables), because the
# provider can neither partition an Iceberg table nor change its columns.
resource "aws_glue_catalog_database" "lake" {
  for_each = module.catalog.databases

  name         = each.value.name
  description  = "Layer ${each.value.layer} of ${each.value.domain}."
  location_uri = each.value.location
}
