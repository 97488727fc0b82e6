resource "aws_iam_role" "this" {
  name                 = "${var.platform.prefix}-${var.name}"
  description          = var.description
  permissions_boundary = var.platform.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnEquals    = { "aws:SourceArn" = var.schedule_group_arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "start"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = var.sid
        Effect   = "Allow"
        Action   = var.action
        Resource = var.resources
      },
      {
        Sid      = "SetAsideWhatFailed"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = var.platform.undelivered_arn
      },
      {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.platform.kms_key_arn
      },
    ]
  })
}
