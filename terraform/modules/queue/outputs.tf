output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "dead_letters_arn" {
  description = "ARN of the queue of given-up messages."
  value       = module.dead_letters.arn
}

output "dead_letters_url" {
  description = "URL of the queue of given-up messages."
  value       = module.dead_letters.url
}

output "dead_letters_name" {
  description = "Name of the queue of given-up messages."
  value       = module.dead_letters.name
}
