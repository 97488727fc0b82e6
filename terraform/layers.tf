resource "aws_lambda_layer_version" "layer" {
  for_each = {
    lake    = "The package lake, with the compiled catalogue."
    vendor  = "Third-party packages of the functions."
    ingest  = "Third-party packages of ingest alone: what asks over HTTP."
    results = "DuckDB: the results API reads Parquet by it, ingest writes some."
  }

  layer_name               = "${local.prefix}-${each.key}"
  description              = each.value
  filename                 = "${var.build_dir}/layers/${each.key}.zip"
  source_code_hash         = filebase64sha256("${var.build_dir}/layers/${each.key}.zip")
  compatible_runtimes      = [var.lambda_runtime]
  compatible_architectures = [var.lambda_architecture]
}
