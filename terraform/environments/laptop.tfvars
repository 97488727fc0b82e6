# The same lake where AWS is a process of this machine; deploy adds the interpreter's own lambda_runtime.
env                = "laptop"
default_env        = "laptop" # its account is its own
force_destroy      = true
log_retention_days = 30
kms_deletion_days  = 7
sweep_minutes      = 6
watch_minutes      = 1
stream_enabled     = true
schedules_enabled  = false # a laptop asks nobody for ever: lake poll, lake run

kfh_buffer_max_interval_in_seconds = 10

lambda_architecture = "x86_64"
spark_architecture  = "X86_64"
# Every lane and every pipeline at once: here a job waits for a core and holds its place meanwhile.
spark_maximum_capacity  = { cpu = "40 vCPU", memory = "160 GB", disk = "400 GB" }
spark_maximum_executors = 1

s3_use_path_style    = true
provider_max_retries = 5

# Whoever has this laptop is its reader as well.
reader_principals = ["arn:aws:iam::000000000000:root"]
