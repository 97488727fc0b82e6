# Everything that Terraform knows of domains, sources and tables comes from the compiled catalogue.
module "catalog" {
  source = "./modules/catalog"

  catalog         = jsondecode(file("${var.build_dir}/catalog.json"))
  database_prefix = local.database_prefix
  bucket_names    = local.bucket_names
  glue_arn        = local.arn.glue
}
