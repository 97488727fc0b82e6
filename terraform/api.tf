# Results for people and programs: an HTTP API before one function. The function checks keys (docs/adr/0017).

locals {
  api_name = "${local.prefix}-results"

  # Each route has a bucket of its own, so that a flood of one leaves the others alone. What needs no key
  # (the page, its description, health) is `$default`, as everything else is.
  api_routes = {
    "$default"                    = { rate = var.api_limits.rate, burst = var.api_limits.burst }
    "GET /v1/results/{name}/rows" = { rate = var.api_limits.rate, burst = var.api_limits.burst }
    "GET /extract-trusted-info"   = { rate = 2, burst = 5 } # every result in one answer
  }
}

module "results_api" {
  source = "./modules/lambda_function"

  name        = "results_api"
  description = "Answer questions about results, and serve the page."
  platform    = local.platform
  layers      = concat(local.layers, [aws_lambda_layer_version.layer["results"].arn])

  size = {
    # A whole processor comes with 1,769 MB. On disk: the snapshots that are asked for.
    memory_mb       = 1769
    disk_mb         = 1024
    timeout_seconds = 25
    concurrency     = var.reserved_concurrency.results_api
  }

  environment = {
    SERVED_BUCKET  = module.bucket["served"].name
    API_KEYS_TABLE = aws_dynamodb_table.api_keys.name
    API_URL        = aws_apigatewayv2_api.results.api_endpoint
  }

  policy_statements = [
    {
      Sid      = "ReadWhatIsServed"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${local.bucket_arns.served}/served/*"
    },
    {
      # Without the listing a missing object reads as "forbidden".
      Sid      = "SeeWhatIsServed"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = local.bucket_arns.served
    },
    {
      Sid      = "CheckKeys"
      Effect   = "Allow"
      Action   = "dynamodb:GetItem"
      Resource = aws_dynamodb_table.api_keys.arn
    },
  ]
}

# Keys by their hash; the keys themselves are nowhere.
resource "aws_dynamodb_table" "api_keys" {
  name         = "${local.prefix}-api-keys"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "hash"

  deletion_protection_enabled = !var.force_destroy

  attribute {
    name = "hash"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.lake.arn
  }
}

resource "aws_apigatewayv2_api" "results" {
  name          = local.api_name
  description   = "Results of the lake."
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = length(var.api_cors_origins) == 0 ? [] : [var.api_cors_origins]

    content {
      allow_origins  = cors_configuration.value
      allow_methods  = ["GET", "HEAD"]
      allow_headers  = ["accept", "if-none-match", "x-api-key"]
      expose_headers = ["age", "etag", "link", "retry-after", "warning", "x-left-out"]
      max_age        = 3600
    }
  }
}

resource "aws_apigatewayv2_integration" "results" {
  api_id                 = aws_apigatewayv2_api.results.id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.results_api.arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 29000
}

resource "aws_apigatewayv2_route" "results" {
  #checkov:skip=CKV_AWS_309:The function checks keys, by hash and with a limit for each; the page and health need none.
  for_each = local.api_routes

  api_id    = aws_apigatewayv2_api.results.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.results.id}"
}

resource "aws_apigatewayv2_stage" "results" {
  api_id      = aws_apigatewayv2_api.results.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.api_limits.rate
    throttling_burst_limit   = var.api_limits.burst
    detailed_metrics_enabled = true
  }

  dynamic "route_settings" {
    for_each = local.api_routes

    content {
      route_key                = route_settings.key
      throttling_rate_limit    = route_settings.value.rate
      throttling_burst_limit   = route_settings.value.burst
      detailed_metrics_enabled = true
    }
  }

  # Who asked for what, and how it went; never a key.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.results_access.arn
    format = jsonencode({
      at        = "$context.requestTime"
      request   = "$context.requestId"
      source    = "$context.identity.sourceIp"
      agent     = "$context.identity.userAgent"
      method    = "$context.httpMethod"
      path      = "$context.path"
      route     = "$context.routeKey"
      status    = "$context.status"
      bytes     = "$context.responseLength"
      latency   = "$context.responseLatency"
      function  = "$context.integrationLatency"
      error     = "$context.error.message"
      its_error = "$context.integrationErrorMessage"
    })
  }

  depends_on = [aws_apigatewayv2_route.results]
}

resource "aws_cloudwatch_log_group" "results_access" {
  name              = "/aws/vendedlogs/apis/${local.api_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.lake.arn
}

resource "aws_lambda_permission" "results_api" {
  statement_id  = "TheApiAsks"
  action        = "lambda:InvokeFunction"
  function_name = module.results_api.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.results.execution_arn}/*"
}

resource "aws_cloudwatch_metric_alarm" "api_errors" {
  alarm_name        = "${local.prefix}-api-errors"
  alarm_description = "The results API answered with an error of its own. Runbook: ${var.runbook_url}#api-errors"

  namespace   = "AWS/ApiGateway"
  metric_name = "5xx"
  dimensions  = { ApiId = aws_apigatewayv2_api.results.id }
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.notices.arn]
  ok_actions    = [aws_sns_topic.notices.arn]
}

resource "aws_cloudwatch_metric_alarm" "api_slow" {
  alarm_name        = "${local.prefix}-api-slow"
  alarm_description = "One answer of a hundred took longer than two seconds, for a quarter of an hour. Runbook: ${var.runbook_url}#api-slow"

  namespace          = "AWS/ApiGateway"
  metric_name        = "Latency"
  dimensions         = { ApiId = aws_apigatewayv2_api.results.id }
  extended_statistic = "p99"
  period             = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 2000 # a cold start takes about one
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.notices.arn]
  ok_actions    = [aws_sns_topic.notices.arn]
}
