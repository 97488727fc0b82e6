variable "name" {
  description = "Name of the bucket, unique in the world."
  type        = string

  validation {
    condition     = length(var.name) <= 63
    error_message = "S3 takes names of up to 63 characters; shorten project, owner, master or env."
  }
}

variable "kms_key_arn" {
  description = "Key of the objects; null encrypts with the keys of S3, which delivered access logs demand."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Delete the bucket also when it holds objects."
  type        = bool
}

variable "expire_days" {
  description = "Days after which an object goes; null keeps it for ever."
  type        = number
  default     = null
}

variable "noncurrent_days" {
  description = "Days that a replaced or deleted version is kept; null keeps it for ever."
  type        = number
  default     = null
}

variable "access_logs" {
  description = "Bucket that gets the access logs; null for the logs bucket itself, which would log its own logs."
  type        = object({ bucket = string })
  default     = null
}

variable "eventbridge" {
  description = "Tell EventBridge of each change."
  type        = bool
  default     = false
}

variable "policy_statements" {
  description = "Statements beside the one that refuses plain HTTP."
  type        = any
  default     = []
}
