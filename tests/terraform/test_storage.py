"""Where data lies: every bucket closed, encrypted, versioned, kept as long as promised."""

from __future__ import annotations

from tests.terraform.mocked_lake import ACCOUNT, Lake, Resource, statements

ROLES = {
    *("raw", "bronze", "quarantine", "silver", "gold", "ops", "served", "jobs", "logs", "athena"),
}


def bucket_modules(lake: Lake) -> dict[str, str]:
    """The module of each role's bucket."""
    return {
        resource["bucket"].removeprefix(f"{lake.prefix}-").removesuffix(f"-{ACCOUNT}"): (
            resource.module
        )
        for resource in lake.all("aws_s3_bucket")
    }


def test_every_role_has_its_bucket(lake: Lake) -> None:
    assert set(bucket_modules(lake)) == ROLES
    assert lake.outputs["buckets"] == {role: f"{lake.prefix}-{role}-{ACCOUNT}" for role in ROLES}


def test_every_bucket_refuses_plain_http_and_the_public(lake: Lake) -> None:
    for module in bucket_modules(lake).values():
        arn = lake.one("aws_s3_bucket", module)["arn"]
        policy = lake.one("aws_s3_bucket_policy", module)
        tls_only = [
            statement
            for statement in statements(policy.address, policy["policy"])
            if statement.effect == "Deny"
        ]
        assert [
            (rule.principal, rule.actions, set(rule.resources), rule.condition) for rule in tls_only
        ] == [("*", ("s3:*",), {arn, f"{arn}/*"}, {"Bool": {"aws:SecureTransport": "false"}})]

        block = lake.one("aws_s3_bucket_public_access_block", module)
        assert all(
            block[setting]
            for setting in (
                *("block_public_acls", "block_public_policy"),
                *("ignore_public_acls", "restrict_public_buckets"),
            )
        )
        ownership = lake.one("aws_s3_bucket_ownership_controls", module)
        assert ownership["rule"][0]["object_ownership"] == "BucketOwnerEnforced"


def test_every_bucket_is_versioned_and_encrypted_with_the_lakes_key(lake: Lake) -> None:
    key = lake.one("aws_kms_key")
    assert key["enable_key_rotation"] is True

    for role, module in bucket_modules(lake).items():
        versioning = lake.one("aws_s3_bucket_versioning", module)
        assert versioning["versioning_configuration"][0]["status"] == "Enabled"
        encryption = lake.one("aws_s3_bucket_server_side_encryption_configuration", module)
        default = encryption["rule"][0]["apply_server_side_encryption_by_default"][0]
        if role == "logs":  # S3 cannot deliver access logs to a bucket under an own key
            assert default["sse_algorithm"] == "AES256"
        else:
            assert (default["sse_algorithm"], default["kms_master_key_id"]) == (
                "aws:kms",
                key["arn"],
            )


def test_raw_is_kept_short_and_what_was_kept_or_refused_for_ever(lake: Lake) -> None:
    modules = bucket_modules(lake)

    def rule(role: str) -> Resource:
        (found,) = lake.one("aws_s3_bucket_lifecycle_configuration", modules[role])["rule"]
        return Resource("", "", "", found)

    assert rule("raw")["expiration"][0]["days"] == 30
    assert rule("raw")["noncurrent_version_expiration"][0]["noncurrent_days"] == 30
    assert not any(rule(role)["expiration"] for role in ROLES - {"raw", "logs", "athena"})
    # Results keep snapshots of their own, and the state of the lake changes each minute.
    assert rule("served")["noncurrent_version_expiration"][0]["noncurrent_days"] == 1
    for role in ("bronze", "quarantine"):
        assert not rule(role)["noncurrent_version_expiration"]
    for role in ROLES:
        assert rule(role)["abort_incomplete_multipart_upload"][0]["days_after_initiation"] == 7


def test_every_bucket_but_the_one_of_logs_writes_access_logs(lake: Lake) -> None:
    logged = {
        module
        for module in bucket_modules(lake).values()
        if lake.all("aws_s3_bucket_logging", module)
    }
    assert logged == {module for role, module in bucket_modules(lake).items() if role != "logs"}
    assert {resource["target_bucket"] for resource in lake.all("aws_s3_bucket_logging")} == {
        lake.outputs["buckets"]["logs"]
    }


def test_only_raw_tells_eventbridge(lake: Lake) -> None:
    telling = {
        role
        for role, module in bucket_modules(lake).items()
        if lake.one("aws_s3_bucket_notification", module)["eventbridge"]
    }
    assert telling == {"raw"}


def test_what_is_kept_of_the_lake_is_under_its_key(lake: Lake) -> None:
    key = lake.one("aws_kms_key")["arn"]

    for table in lake.all("aws_dynamodb_table"):
        assert table["server_side_encryption"][0]["kms_key_arn"] == key
    assert {queue["kms_master_key_id"] for queue in lake.all("aws_sqs_queue")} == {key}
    assert lake.one("aws_sns_topic")["kms_master_key_id"] == key
    assert {group["kms_key_id"] for group in lake.all("aws_cloudwatch_log_group")} == {key}
    assert {function["kms_key_arn"] for function in lake.all("aws_lambda_function")} == {key}
    answers = lake.one("aws_athena_workgroup")["configuration"][0]["result_configuration"][0]
    assert answers["encryption_configuration"][0] == {
        "encryption_option": "SSE_KMS",
        "kms_key_arn": key,
    }


def test_the_ledger_has_its_two_indexes_and_can_be_brought_back(lake: Lake) -> None:
    (ledger,) = (one for one in lake.all("aws_dynamodb_table") if one["hash_key"] == "pk")

    assert (ledger["name"], ledger["hash_key"], ledger["range_key"]) == (
        f"{lake.prefix}-ledger",
        "pk",
        "sk",
    )
    indexes = {
        index["name"]: (index["hash_key"], index["range_key"], index["projection_type"])
        for index in ledger["global_secondary_index"]
    }
    assert indexes == {
        "waiting": ("waiting_lane", "received_at", "ALL"),
        "by_state": ("state", "last_seen", "ALL"),
    }
    assert ledger["point_in_time_recovery"][0]["enabled"] is True
    assert (ledger["ttl"][0]["attribute_name"], ledger["ttl"][0]["enabled"]) == ("expires", True)
