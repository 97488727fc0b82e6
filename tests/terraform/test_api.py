"""The results API: what its role may do, what bounds it, and who sees what it does."""

from __future__ import annotations

import json
from fnmatch import fnmatch

from tests.terraform.mocked_lake import ACCOUNT, Lake, Resource, Statement, statements

# What every function may: its log, its key, what failed, its traces (modules/lambda_function).
OF_ALL = {"WriteLogs", "UseTheKey", "SetAsideWhatFailed", "Trace"}


def may(lake: Lake, module: str) -> list[Statement]:
    """What a function's role is allowed beside what every function is."""
    policy = lake.one("aws_iam_role_policy", module)
    found = statements(policy.address, policy["policy"])
    return [statement for statement in found if statement.sid not in OF_ALL]


def keys_table(lake: Lake) -> Resource:
    """The table of keys."""
    (table,) = (one for one in lake.all("aws_dynamodb_table") if one["name"].endswith("-api-keys"))
    return table


def test_the_api_reads_what_is_served_and_its_keys_and_nothing_else(lake: Lake) -> None:
    served = f"arn:aws:s3:::{lake.outputs['buckets']['served']}"
    keys = keys_table(lake)

    allowed = {
        (statement.effect, action, resource)
        for statement in may(lake, "module.results_api")
        for action in statement.actions
        for resource in statement.resources
    }

    assert allowed == {
        ("Allow", "s3:GetObject", f"{served}/served/*"),
        ("Allow", "s3:ListBucket", served),
        ("Allow", "dynamodb:GetItem", keys["arn"]),
    }


def test_of_the_key_and_of_logs_the_api_has_what_every_function_has(lake: Lake) -> None:
    policy = lake.one("aws_iam_role_policy", "module.results_api")
    found = {one.sid: one for one in statements(policy.address, policy["policy"])}

    assert set(found) == OF_ALL | {"ReadWhatIsServed", "SeeWhatIsServed", "CheckKeys"}
    assert found["UseTheKey"].actions == ("kms:Decrypt", "kms:GenerateDataKey")
    assert found["UseTheKey"].resources == (lake.one("aws_kms_key")["arn"],)
    role = lake.one("aws_iam_role", "module.results_api")
    attached = [
        one for one in lake.all("aws_iam_role_policy_attachment") if one["role"] == role["name"]
    ]
    assert attached == []


def test_keys_lie_by_their_hash_and_go_when_their_time_is_over(lake: Lake) -> None:
    table = keys_table(lake)

    assert (table["hash_key"], table["range_key"]) == ("hash", None)
    assert [one["name"] for one in table["attribute"]] == ["hash"]
    assert table["ttl"][0] == {"attribute_name": "expires", "enabled": True}
    assert table["point_in_time_recovery"][0]["enabled"]
    assert table["server_side_encryption"][0]["kms_key_arn"] == lake.one("aws_kms_key")["arn"]
    assert table["deletion_protection_enabled"] == (lake.env == "prod")
    assert lake.outputs["api_keys_table"] == table["name"]


def test_only_the_api_looks_at_keys_and_an_operator_keeps_them(lake: Lake) -> None:
    looking = {
        (statement.sid, statement.actions)
        for statement in lake.policies("aws_iam_role_policy", "aws_iam_policy")
        if keys_table(lake)["arn"] in statement.resources
    }
    operator = ("KeepKeysOfTheApi", ("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan"))
    assert looking == {("CheckKeys", ("dynamodb:GetItem",)), operator}


def test_every_route_has_a_limit_of_its_own_and_leads_to_the_function(lake: Lake) -> None:
    stage = lake.one("aws_apigatewayv2_stage")
    routes = {route["route_key"] for route in lake.all("aws_apigatewayv2_route")}

    limits = {
        one["route_key"]: (one["throttling_rate_limit"], one["throttling_burst_limit"])
        for one in stage["route_settings"]
    }
    assert "$default" in routes
    assert set(limits) == routes
    assert all(rate > 0 and burst > 0 for rate, burst in limits.values())
    assert limits["GET /extract-trusted-info"] < limits["$default"]
    (usual,) = stage["default_route_settings"]
    assert usual["throttling_rate_limit"] == 100
    assert (stage["name"], stage["auto_deploy"]) == ("$default", True)
    integration = lake.one("aws_apigatewayv2_integration")
    assert integration["payload_format_version"] == "2.0"
    permission = lake.one("aws_lambda_permission")
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["source_arn"].endswith("/*")


def test_every_request_is_logged_and_no_key_is(lake: Lake) -> None:
    (log,) = lake.one("aws_apigatewayv2_stage")["access_log_settings"]
    said = json.loads(log["format"])

    assert {"$context.status", "$context.path", "$context.responseLatency"} <= set(said.values())
    assert "x-api-key" not in log["format"].lower()
    assert "queryString" not in log["format"]
    (group,) = (one for one in lake.all("aws_cloudwatch_log_group") if "/apis/" in one["name"])
    assert group["name"].startswith("/aws/vendedlogs/")
    assert group["kms_key_id"] == lake.one("aws_kms_key")["arn"]


def test_browsers_of_other_pages_are_let_in_by_name_only(lake: Lake) -> None:
    cors = lake.one("aws_apigatewayv2_api")["cors_configuration"]

    if lake.env == "prod":
        assert cors[0]["allow_origins"] == ["https://page.example"]
        assert set(cors[0]["allow_methods"]) == {"GET", "HEAD"}
        assert "x-api-key" in cors[0]["allow_headers"]
        assert not cors[0]["allow_credentials"]
    else:
        assert cors == []


def test_errors_and_slow_answers_raise_alarms(lake: Lake) -> None:
    alarms = {
        one["metric_name"]: one
        for one in lake.all("aws_cloudwatch_metric_alarm")
        if one["namespace"] == "AWS/ApiGateway"
    }
    api = lake.one("aws_apigatewayv2_api")["id"]

    assert set(alarms) == {"5xx", "Latency"}
    for alarm in alarms.values():
        assert alarm["dimensions"] == {"ApiId": api}
        assert alarm["alarm_actions"] == [lake.one("aws_sns_topic")["arn"]]
    assert alarms["Latency"]["extended_statistic"] == "p99"


def test_no_two_alarms_have_one_name(lake: Lake) -> None:
    names = [alarm["alarm_name"] for alarm in lake.all("aws_cloudwatch_metric_alarm")]
    assert sorted(names) == sorted(set(names))


def test_the_key_lets_every_encrypted_log_group_in(lake: Lake) -> None:
    key = lake.one("aws_kms_key")
    (let_in,) = (
        one for one in statements(key.address, key["policy"]) if one.sid == "LogGroupsOfTheLake"
    )
    patterns = let_in.condition["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    encrypted = [one for one in lake.all("aws_cloudwatch_log_group") if one["kms_key_id"]]

    assert encrypted
    for group in encrypted:
        arn = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{group['name']}"
        assert any(fnmatch(arn, pattern) for pattern in patterns), group
