# Of the whole account: a filter by tag sees nothing until someone activates the tag for billing, and says nothing.
resource "aws_budgets_budget" "monthly" {
  count = var.monthly_budget_usd == null ? 0 : 1

  name         = local.prefix
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"

  dynamic "notification" {
    for_each = { ACTUAL = 100, FORECASTED = 80 }

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.notices.arn]
    }
  }

  # A topic whose policy does not let budgets in is refused.
  depends_on = [aws_sns_topic_policy.notices]
}
