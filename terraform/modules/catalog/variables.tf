variable "catalog" {
  description = "The compiled catalogue (catalog.json); its own loader refuses unknown keys, Terraform would drop them."
  type = object({
    sha256 = string
    databases = map(object({
      domain = string
      layer  = string
    }))
    sources = map(object({
      kind  = string
      job   = string
      path  = string
      feeds = optional(list(string), [])
      poll = optional(object({
        api           = string
        schedule      = optional(object({ cron = string, zone = string }))
        every_minutes = optional(number)
        query         = optional(map(string), {})
      }))
    }))
    tables = optional(map(object({ fresh_within_minutes = optional(number) })), {})
    jobs = map(object({
      script          = string
      sources         = list(string)
      timeout_minutes = optional(number)
      arguments = optional(list(object({
        name      = string
        literal   = optional(string)
        database  = optional(string)
        warehouse = optional(string)
      })), [])
    }))
    lanes = map(list(string))
    apis = optional(map(object({
      name      = string
      url       = string
      secret    = optional(string)
      parameter = optional(string)
    })), {})
    pipelines = optional(map(object({
      schedule        = optional(object({ cron = string, zone = string }))
      timeout_minutes = number
      stages          = list(list(string))
    })), {})
  })

  validation {
    condition = alltrue([
      for source in values(var.catalog.sources) :
      source.kind == "stream" || contains(keys(var.catalog.jobs), source.job)
    ])
    error_message = "Each source of the catalogue names one of its jobs; run `make build` again."
  }

  validation {
    condition = (
      sort(flatten(values(var.catalog.lanes))) ==
      sort([for id, source in var.catalog.sources : id if source.kind != "stream"])
    )
    error_message = "Each source of the catalogue stands in one lane, or two jobs could write one table at once."
  }
}

variable "database_prefix" {
  description = "Put before the logical name of each database."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*_$", var.database_prefix))
    error_message = "Glue and Athena take lower-case letters, digits and underscores only."
  }
}

variable "bucket_names" {
  description = "Bucket of each role; a layer is a role."
  type        = map(string)
}

variable "glue_arn" {
  description = "arn:<partition>:glue:<region>:<account>, the start of every Glue ARN."
  type        = string
}
