variable "catalog" {
  description = "The compiled catalogue (catalog.json); its own loader refuses unknown keys, Terraform would drop them."
  type = object({
    sha256 = string
    databases = map(object({
      domain = string
      layer  = string
    }))
    sources = map(object({
      kind = string
      job  = string
    }))
    jobs  = map(object({ sources = list(string) }))
    lanes = map(list(string))
  })

  validation {
    condition = alltrue([
      for source in values(var.catalog.sources) : contains(keys(var.catalog.jobs), source.job)
    ])
    error_message = "Each source of the catalogue names one of its jobs; run `make build` again."
  }

  validation {
    condition = (
      sort(flatten(values(var.catalog.lanes))) == sort(keys(var.catalog.sources))
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
