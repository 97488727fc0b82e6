variable "name" {
  description = "Name of the queue; a FIFO queue's ends in .fifo."
  type        = string
}

variable "fifo" {
  description = "A FIFO queue's dead letters need a FIFO queue."
  type        = bool
  default     = false
}

variable "kms_key_arn" {
  description = "Key of the messages."
  type        = string
}

variable "policy" {
  description = "Who may send; null leaves it to the roles."
  type        = string
  default     = null
}

variable "about" {
  description = "What it means when something lies here: the start of the alarm's text."
  type        = string
}

variable "runbook" {
  description = "Where the alarm's entry in the runbook is."
  type        = string
}

variable "notices_arn" {
  description = "Topic that hears of it."
  type        = string
}
