env = "prod"
# In an account of its own: default_env = "prod", before the first deploy, for the published names.
force_destroy = false

# What a new account may have; ask Service Quotas for more before you say more.
spark_maximum_capacity = { cpu = "16 vCPU", memory = "64 GB", disk = "200 GB" }
job_timeout_minutes    = 60
athena_bytes_cutoff    = 107374182400 # 100 GiB
monthly_budget_usd     = 300
