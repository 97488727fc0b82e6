variable "id" {
  description = "The pipeline as people call it: DOMAIN/PIPELINE."
  type        = string
}

variable "pipeline" {
  description = "What modules/catalog says of the pipeline."
  type = object({
    slug            = string
    timeout_minutes = number
    stages          = list(list(string))
    schedule        = optional(object({ cron = string, zone = string }))
    jobs            = map(object({ script = string, arguments = list(string), timeout_minutes = number }))
  })

  validation {
    condition = alltrue([
      for job in flatten(var.pipeline.stages) : contains(keys(var.pipeline.jobs), job)
    ])
    error_message = "Each job of a stage is one of the pipeline's jobs."
  }
}

variable "platform" {
  description = "Where every pipeline stands: names, key, topic, logs (locals.tf)."
  type = object({
    prefix                   = string
    kms_key_arn              = string
    log_retention_days       = number
    notices_arn              = string
    permissions_boundary_arn = optional(string)
    runbook_url              = string
    undelivered_arn          = string
  })
}

variable "spark" {
  description = "How every Spark job of the lake is submitted (pipelines.tf)."
  type = object({
    application_arn = string
    application_id  = string
    jobs_bucket     = string
    log_uri         = string
    parameters      = string
    role_arn        = string
    served_uri      = string
  })
}

variable "ledger" {
  description = "Table that keeps the pipeline's lease."
  type        = object({ arn = string, name = string })
}

variable "arns" {
  description = "Start of every ARN of Step Functions and of EventBridge."
  type        = object({ events = string, states = string })
}

variable "schedule_group" {
  description = "Group that its schedule is in."
  type        = string
}

variable "scheduler_role_arn" {
  description = "Role with which the schedule starts the pipeline."
  type        = string
}

variable "schedules_enabled" {
  description = "Whether the schedule fires."
  type        = bool
}
