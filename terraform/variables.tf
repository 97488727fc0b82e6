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

variable "default_env" {
  description = "Environment whose databases and metrics have the published names, without an environment in them: one in each account and region."
  type        = string
  default     = "dev"
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
  description = "Concurrency kept for each function; null takes from the account's pool. A new account has 10 in all and may keep none."
  type = object({
    promote          = optional(number)
    start_job        = optional(number)
    create_tables    = optional(number)
    transform_stream = optional(number)
    ingest           = optional(number)
    watch            = optional(number)
    results_api      = optional(number)
  })
  default = {}
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
    condition     = var.sweep_minutes >= 6 && var.sweep_minutes <= 480
    error_message = "Take 6 to 480 minutes: a FIFO queue takes a sweep within five minutes of the last for its repetition, and the alarm looks back three turns within a day."
  }
}

variable "watch_minutes" {
  description = "Minutes between two looks at the lake when nothing else asks for one."
  type        = number
  default     = 5

  validation {
    condition     = contains([1, 5, 15], var.watch_minutes)
    error_message = "Take 1, 5 or 15 minutes: a metric's alarm counts in these, and looks at each quarter of an hour."
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
  description = "What all jobs together may take at one moment: the cost cap. A new account may have 16 vCPU."
  type = object({
    cpu    = string
    memory = string
    disk   = string
  })
  default = { cpu = "16 vCPU", memory = "64 GB", disk = "200 GB" }
}

variable "spark_maximum_executors" {
  description = "To how many executors one job may grow; with its driver, and its siblings of a stage, it fits spark_maximum_capacity."
  type        = number
  default     = 3

  validation {
    condition     = var.spark_maximum_executors >= 1
    error_message = "A job needs an executor."
  }
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

# --- Streams ------------------------------------------------------------------------------------

variable "stream_enabled" {
  description = "Let the weather stream in: Kinesis, Firehose, the container that asks, and their alarms. Some 45 USD a month, whatever comes; `make image` first, or the container finds none."
  type        = bool
  default     = false
}

variable "kfh_buffer_max_interval_in_seconds" {
  description = "Seconds after which Firehose writes what it has of a stream."
  type        = number
  default     = 300

  validation {
    # AWS takes less for Iceberg by its API only; each write is a commit and a handful of small files.
    condition = (var.kfh_buffer_max_interval_in_seconds <= 900
    && var.kfh_buffer_max_interval_in_seconds >= (var.env == "laptop" ? 0 : 60))
    error_message = "Take 60 to 900 seconds (0 to 900 on a laptop)."
  }
}

variable "kfh_buffer_max_size_in_mbs" {
  description = "Megabytes at which Firehose writes what it has of a stream."
  type        = number
  default     = 5

  validation {
    condition     = var.kfh_buffer_max_size_in_mbs >= 1 && var.kfh_buffer_max_size_in_mbs <= 128
    error_message = "Take 1 to 128 MB."
  }
}

variable "weather_poller_tag" {
  description = "What is in the weather poller's image, as `make image` names it: deploy says the one of this checkout, a value here goes back to an older one."
  type        = string
  default     = "1"
}

variable "weather_poller_seconds" {
  description = "Seconds between two questions, where a test or a demo has no time; null asks as the catalogue says."
  type        = number
  default     = null
}

variable "service_network" {
  description = "VPC and private subnets (with a way out by HTTPS) for containers; null makes a small network for them."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
  default = null
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

# --- What the lake asks by itself -----------------------------------------------------------------

variable "secrets" {
  description = "Secrets of the APIs by logical name, each a JSON text: emt {email, password}, meteorology {key}, openweather {key}; written, never kept in the state."
  type        = map(string)
  default     = {}
  sensitive   = true
}

variable "secrets_version" {
  description = "Raise it to write changed secrets: what is never kept cannot be compared."
  type        = number
  default     = 1
}

variable "upstreams" {
  description = "Base URL by API in place of the catalogue's, for a test or a stand-in."
  type        = map(string)
  default     = {}
}

variable "schedules_enabled" {
  description = "Let polls and pipelines start by the clock; off, they start when they are asked to."
  type        = bool
  default     = true
}

# --- Results ------------------------------------------------------------------------------------

variable "api_limits" {
  description = "Requests a second that the results API takes of everybody together, and at once; each key has limits of its own."
  type = object({
    rate  = number
    burst = number
  })
  default = { rate = 100, burst = 200 }
}

variable "api_cors_origins" {
  description = "Origins (https://host) whose pages may ask the results API from a browser; its own page needs none."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.api_cors_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "Name each origin as a browser does: https://host, without a path and without a wildcard."
  }
}

# --- Governance -----------------------------------------------------------------------------------

variable "operator_principals" {
  description = "ARNs of who may look after the lake by the command `lake`; none leaves it to the account, whose administrators may let anyone take the role."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.operator_principals : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:", arn))])
    error_message = "An operator is named by the ARN of a role, a user or an account, never by a star."
  }
}

variable "reader_principals" {
  description = "ARNs of who may read gold through a role of its own; none makes no role."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.reader_principals : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:", arn))])
    error_message = "A reader is named by the ARN of a role, a user or an account, never by a star."
  }
}
