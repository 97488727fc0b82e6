variable "prefix" {
  description = "Put before the name."
  type        = string
}

variable "name" {
  description = "What the queue holds, without prefix and suffix."
  type        = string
}

variable "fifo" {
  description = "Keep the order within a message group."
  type        = bool
  default     = false
}

variable "visibility_seconds" {
  description = "Seconds that a received message is hidden: six times its function's timeout, says AWS."
  type        = number
}

variable "delay_seconds" {
  description = "Seconds that a new message waits before anybody sees it."
  type        = number
  default     = 0
}

variable "max_receives" {
  description = "Tries before a message goes to the dead letters."
  type        = number
  default     = 5
}

variable "max_age_minutes" {
  description = "Minutes that a message may wait before the alarm."
  type        = number
}

variable "sending_rules" {
  description = "ARNs of the EventBridge rules that may send."
  type        = list(string)
  default     = []
}

variable "sqs_arn" {
  description = "arn:<partition>:sqs:<region>:<account>, the start of every queue's ARN."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the messages."
  type        = string
}

variable "notices_arn" {
  description = "Topic that hears of the alarms."
  type        = string
}

variable "runbook_url" {
  description = "The runbook that the alarms point into."
  type        = string
}
