# The same lake where AWS is a process of this machine; deploy adds the interpreter's own lambda_runtime.
env                  = "laptop"
force_destroy        = true
log_retention_days   = 30
kms_deletion_days    = 7
reserved_concurrency = {}
sweep_minutes        = 5
watch_minutes        = 1
schedules_enabled    = false # a laptop asks nobody for ever: lake poll, lake run

kfh_buffer_max_interval_in_seconds = 10

lambda_architecture    = "x86_64"
spark_architecture     = "X86_64"
spark_maximum_capacity = { cpu = "2 vCPU", memory = "8 GB", disk = "20 GB" }

s3_use_path_style    = true
provider_max_retries = 5

# Whoever has this laptop is its reader as well.
reader_principals = ["arn:aws:iam::000000000000:root"]
