env                = "dev"
force_destroy      = true
log_retention_days = 30
kms_deletion_days  = 7
log_level          = "DEBUG"

spark_maximum_capacity  = { cpu = "8 vCPU", memory = "32 GB", disk = "100 GB" }
spark_maximum_executors = 1
athena_bytes_cutoff     = 1073741824 # 1 GiB
monthly_budget_usd      = 30
