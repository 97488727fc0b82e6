# One key for the lake: its users are told apart by their roles.
resource "aws_kms_key" "lake" {
  description             = "Everything that the lake ${local.prefix} keeps."
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # AWS's own default: it hands the key to IAM; without it nobody could ever change this policy again.
        Sid       = "LeaveItToIam"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LogGroupsOfTheLake"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = [
              for service in ["ecs", "kinesisfirehose", "lambda", "vendedlogs/apis", "vendedlogs/states"] : "${local.arn.logs}:log-group:/aws/${service}/${local.prefix}-*"
            ]
          }
        }
      },
      {
        Sid       = "AlarmsAndBudgetToTheTopic"
        Effect    = "Allow"
        Principal = { Service = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
      {
        # No condition: EventBridge sends KMS neither source account nor source ARN, and each event would be lost in silence.
        # The queues' policies name the rules that may send.
        Sid       = "RulesToQueuesAndTopic"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_alias" "lake" {
  name          = "alias/${local.prefix}"
  target_key_id = aws_kms_key.lake.key_id
}
