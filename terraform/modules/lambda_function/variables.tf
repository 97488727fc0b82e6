variable "name" {
  description = "The verb: folder under functions/ and name of the zip."
  type        = string
}

variable "description" {
  description = "What the function does, in a sentence."
  type        = string
}

variable "platform" {
  description = "What all functions share of the place that they stand in."
  type = object({
    prefix                   = string
    build_dir                = string
    code_bucket              = string
    runtime                  = string
    architecture             = string
    log_level                = string
    log_retention_days       = number
    metrics_namespace        = string
    kms_key_arn              = string
    undelivered_arn          = string
    notices_arn              = string
    runbook_url              = string
    permissions_boundary_arn = string
  })
}

variable "size" {
  description = "Memory, time, disk and concurrency; null concurrency takes from the account's pool."
  type = object({
    memory_mb       = optional(number, 256)
    timeout_seconds = optional(number, 30)
    disk_mb         = optional(number, 512)
    concurrency     = optional(number)
  })
  default = {}
}

variable "layers" {
  description = "ARNs of the layers, in the order in which they are laid."
  type        = list(string)
}

variable "environment" {
  description = "Variables beside those of logger and metrics."
  type        = map(string)
}

variable "policy_statements" {
  description = "What the function may do beside logs, traces and its key."
  type        = any
}
