env           = "prod"
force_destroy = false

spark_maximum_capacity = { cpu = "32 vCPU", memory = "128 GB", disk = "400 GB" }
job_timeout_minutes    = 60
athena_bytes_cutoff    = 107374182400 # 100 GiB
monthly_budget_usd     = 300
