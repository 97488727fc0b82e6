# Each file, each upload, each claim on a bronze key, each writer's lease: the truth that messages only point at.
resource "aws_dynamodb_table" "ledger" {
  name         = "${local.prefix}-ledger"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  deletion_protection_enabled = !var.force_destroy

  dynamic "attribute" {
    for_each = toset(["last_seen", "pk", "received_at", "sk", "state", "waiting_lane"])

    content {
      name = attribute.value
      type = "S"
    }
  }

  # Sparse: a file has waiting_lane only while it waits, so the next batch of a lane is one query.
  global_secondary_index {
    name            = "waiting"
    hash_key        = "waiting_lane"
    range_key       = "received_at"
    projection_type = "ALL"
  }

  global_secondary_index {
    name            = "by_state"
    hash_key        = "state"
    range_key       = "last_seen"
    projection_type = "ALL"
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
