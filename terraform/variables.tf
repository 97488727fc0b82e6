# --- Name and place -----------------------------------------------------------------------------

variable "project" {
  description = "First part of every name."
  type        = string
  default     = "tfm"
}

variable "owner" {
  description = "Second part of every name."
  type        = string
  default     = "dgv"
}

variable "master" {
  description = "Third part of every name."
  type        = string
  default     = "mbdde"
}

variable "env" {
  description = "Environment: the last part of every name, and a tag."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.env))
    error_message = "env takes 2 to 10 lower-case letters and digits, for example dev or prod."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "eu-west-1"
}

variable "build_dir" {
  description = "Folder that `make build` wrote: catalog.json, functions/, layers/, spark/."
  type        = string
  default     = "../build"
}

variable "spark_dir" {
  description = "Folder of the Spark entry scripts, one for each job of the catalogue."
  type        = string
  default     = "../spark"
}

# --- Functions ----------------------------------------------------------------------------------

variable "lambda_runtime" {
  description = "Runtime of the functions and their layers."
  type        = string
  # 3.11 runs on Amazon Linux 2 there and ends in June 2027.
  default = "python3.13"

  validation {
    condition     = can(regex("^python3\\.1[1-3]$", var.lambda_runtime))
    error_message = "The code runs on python3.11 to python3.13."
  }
}

variable "lambda_architecture" {
  description = "Processor of the functions: arm64 or x86_64; the wheels of the build must match."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture is arm64 or x86_64."
  }
}

variable "reserved_concurrency" {
  description = "Concurrency kept for each function; null takes from the account's pool (a new account may have only 10)."
  type = object({
    promote       = optional(number)
    start_job     = optional(number)
    create_tables = optional(number)
  })
  default = { promote = 10, start_job = 5, create_tables = 1 }
}

variable "log_level" {
  description = "Level below which the functions log nothing."
  type        = string
  default     = "INFO"
}

variable "log_retention_days" {
  description = "Days that log groups and the logs bucket keep."
  type        = number
  default     = 365
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary put on every role, where an organisation demands one."
  type        = string
  default     = null
}

variable "sweep_minutes" {
  description = "Minutes between two sweeps, which find what a lost event left behind."
  type        = number
  default     = 10

  validation {
    condition     = var.sweep_minutes >= 2 && var.sweep_minutes <= 480
    error_message = "Take 2 to 480 minutes: EventBridge spells one minute otherwise, and the alarm looks back three turns within a day."
  }
}

# --- Spark --------------------------------------------------------------------------------------

variable "spark_release" {
  description = "EMR release label; 7.13.0 carries the Spark and Iceberg that the tests run with."
  type        = string
  default     = "emr-7.13.0"
}

variable "spark_architecture" {
  description = "Processor of the Spark workers: ARM64 or X86_64; the wheels archive must match."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.spark_architecture)
    error_message = "spark_architecture is ARM64 or X86_64."
  }
}

variable "spark_maximum_capacity" {
  description = "What all jobs together may take at one moment: the cost cap."
  type = object({
    cpu    = string
    memory = string
    disk   = string
  })
  default = { cpu = "16 vCPU", memory = "64 GB", disk = "200 GB" }
}

variable "spark_idle_minutes" {
  description = "Minutes without a job after which the application stops."
  type        = number
  default     = 5
}

variable "job_timeout_minutes" {
  description = "Minutes after which a job is cancelled (the service's own default is 12 hours)."
  type        = number
  default     = 30
}

variable "subnet_ids" {
  description = "Subnets for the Spark workers; empty leaves them in the service's own network."
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "Security groups for the Spark workers; only together with subnet_ids."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.security_group_ids) == 0 || length(var.subnet_ids) > 0
    error_message = "security_group_ids need subnet_ids."
  }
}

variable "emr_studio_user_name" {
  description = "IAM Identity Center user who gets an EMR Studio; null makes no studio."
  type        = string
  default     = null
}

variable "emr_studio_vpc_id" {
  description = "VPC of the studio, the one that holds subnet_ids; needed with emr_studio_user_name."
  type        = string
  default     = null

  validation {
    condition = (var.emr_studio_user_name == null
    || (var.emr_studio_vpc_id != null && length(var.subnet_ids) > 0))
    error_message = "An EMR Studio needs emr_studio_vpc_id and subnet_ids."
  }
}

# --- Storage, cost, notices ---------------------------------------------------------------------

variable "force_destroy" {
  description = "Let `terraform destroy` delete data: true where the data can be made again."
  type        = bool
  default     = false
}

variable "raw_days" {
  description = "Days that raw, the inbox, keeps a file, also the old version of one that was moved."
  type        = number
  default     = 30
}

variable "kms_deletion_days" {
  description = "Days between the deletion of the key and its end."
  type        = number
  default     = 30
}

variable "athena_bytes_cutoff" {
  description = "Bytes that one query may scan before it is cancelled."
  type        = number
  default     = 10737418240 # 10 GiB

  validation {
    condition     = var.athena_bytes_cutoff >= 10485760
    error_message = "Athena takes no cutoff under 10 MiB."
  }
}

variable "notice_emails" {
  description = "Addresses that get the notices; each must confirm once."
  type        = set(string)
  default     = []
}

variable "runbook_url" {
  description = "Where docs/operations.md can be read; alarms point into it."
  type        = string
  default     = "docs/operations.md"
}

variable "monthly_budget_usd" {
  description = "Monthly cost of the account at which a notice goes out; null makes no budget."
  type        = number
  default     = null
}

# --- Provider -----------------------------------------------------------------------------------

variable "s3_use_path_style" {
  description = "Address buckets by path, for an endpoint without names for buckets."
  type        = bool
  default     = false
}

variable "provider_max_retries" {
  description = "Times that the provider repeats a failed call."
  type        = number
  default     = 25
}
