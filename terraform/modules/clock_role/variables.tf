variable "name" {
  description = "Name of the role, without the lake's prefix."
  type        = string
}

variable "description" {
  description = "What the clock starts by this role."
  type        = string
}

variable "sid" {
  description = "The starting, in one word of the policy."
  type        = string
}

variable "action" {
  description = "What a schedule does to its target."
  type        = string
}

variable "resources" {
  description = "The targets."
  type        = list(string)
}

variable "account_id" {
  description = "Account of the schedules."
  type        = string
}

variable "schedule_group_arn" {
  description = "ARN of the group whose schedules may take it."
  type        = string
}

variable "platform" {
  description = "The place that it stands in."
  type = object({
    prefix                   = string
    kms_key_arn              = string
    undelivered_arn          = string
    permissions_boundary_arn = optional(string)
  })
}
