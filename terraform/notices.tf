# Where the lake tells people: alarms, failed jobs, the budget.
resource "aws_sns_topic" "notices" {
  name              = "${local.prefix}-notices"
  display_name      = "Lake ${local.prefix}"
  kms_master_key_id = aws_kms_key.lake.arn
}

resource "aws_sns_topic_policy" "notices" {
  arn = aws_sns_topic.notices.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsAndBudget"
        Effect    = "Allow"
        Principal = { Service = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.notices.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
      {
        # EventBridge takes no conditions in a topic's policy.
        Sid       = "Rules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.notices.arn
      },
      {
        # The owner's own roles (start_job) publish by their policies; plain HTTP nobody may use.
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.notices.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.notice_emails

  topic_arn = aws_sns_topic.notices.arn
  protocol  = "email"
  endpoint  = each.value
}
