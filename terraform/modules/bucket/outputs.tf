# Not before the bucket is safe to write to; lifecycle rules take a minute and nobody waits for them.
output "name" {
  description = "Name of the bucket, once it is encrypted and closed."
  value       = aws_s3_bucket.this.bucket
  depends_on = [
    aws_s3_bucket_ownership_controls.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
    aws_s3_bucket_versioning.this,
  ]
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}
