"""What a request needs of IAM, against what AWS's service authorisation reference says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.iam.needs import Need, Reading, Request
from local.iam.reading import read
from tests.local.iam.facts import ACCOUNT, KEY, REGION, OneOfEach

S3 = "arn:aws:s3:::"
VIA_S3 = f"s3.{REGION}.amazonaws.com"


def reading(
    service: str,
    action: str,
    resource: str,
    *,
    method: str = "POST",
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: Any = None,
    params: dict[str, Any] | None = None,
) -> Reading:
    content = b"" if body is None else json.dumps(body).encode()
    target = {"x-amz-target": f"Service.{action.partition(':')[2]}"} if path == "/" else {}
    request = Request(
        *(service, method, path, target | (headers or {}), content, params or {}),
        *(REGION, ACCOUNT),
    )
    return read(request, action, resource, OneOfEach())


def asked(found: Reading) -> list[tuple[str, str]]:
    return [(need.action, need.resource) for need in found.more]


def only(found: Reading, action: str) -> Need:
    (need,) = [need for need in found.more if need.action == action]
    return need


def put(key: str, **headers: str) -> Reading:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return reading(
        "s3", "s3:PutObject", f"{S3}silver/{key}", method="PUT", path=f"/silver/{key}",
        headers=named,
    )  # fmt: skip


def test_a_write_asks_for_a_data_key_through_s3_alone() -> None:
    need = only(put("a"), "kms:GenerateDataKey")

    assert need.resource == KEY
    assert need.context["kms:ViaService"] == VIA_S3
    assert need.context["kms:EncryptionContext:aws:s3:arn"] == f"{S3}silver/a"
    assert asked(put("a")) == [("kms:GenerateDataKey", KEY)]


def test_a_bucket_key_has_the_bucket_for_its_context() -> None:
    found = reading(
        "s3", "s3:PutObject", f"{S3}with-bucket-key/a", method="PUT", path="/with-bucket-key/a"
    )

    context = only(found, "kms:GenerateDataKey").context
    assert context["kms:EncryptionContext:aws:s3:arn"] == f"{S3}with-bucket-key"


def test_parts_are_decrypted_as_well() -> None:
    found = reading(
        "s3", "s3:PutObject", f"{S3}silver/a", method="PUT", path="/silver/a",
        params={"uploadId": ["u"], "partNumber": ["1"]},
    )  # fmt: skip

    assert asked(found) == [("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]


def test_bytes_without_the_key_ask_nothing_of_it() -> None:
    assert asked(put("a", x_amz_server_side_encryption="AES256")) == []


def test_tags_of_a_write_are_granted_apart() -> None:
    assert ("s3:PutObjectTagging", f"{S3}silver/a") in asked(put("a", x_amz_tagging="k=v"))


def test_a_copy_reads_the_source_s_key_and_its_tags_by_version() -> None:
    found = put("a", x_amz_copy_source="/raw/tagged?versionId=v1")

    assert asked(found) == [
        ("kms:GenerateDataKey", KEY),
        ("kms:Decrypt", KEY),
        ("s3:GetObjectVersionTagging", f"{S3}raw/tagged"),
        ("s3:PutObjectTagging", f"{S3}silver/a"),
    ]
    without = put("a", x_amz_copy_source="raw/other")
    assert asked(without) == [("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]


def test_a_read_decrypts_and_a_look_does_not() -> None:
    def asked_by(method: str) -> list[tuple[str, str]]:
        place = f"{S3}silver/a"
        return asked(reading("s3", "s3:GetObject", place, method=method, path="/silver/a"))

    assert asked_by("GET") == [("kms:Decrypt", KEY)]
    assert asked_by("HEAD") == []


def test_only_who_may_list_learns_that_an_object_is_missing() -> None:
    found = reading(
        "s3", "s3:GetObject", f"{S3}plain/missing", method="HEAD", path="/plain/missing"
    )

    assert asked(found) == [("s3:ListBucket", f"{S3}plain")]
    assert found.more[0].context == {"s3:prefix": "missing"}


def test_an_item_brings_its_leading_key_and_the_table_s_key() -> None:
    found = reading(
        "dynamodb", "dynamodb:PutItem", "t",
        body={"TableName": "ledger", "Item": {"pk": {"S": "lane#1"}, "n": {"N": "2"}}},
    )  # fmt: skip

    assert found.context == {"dynamodb:LeadingKeys": ["lane#1"]}
    need = only(found, "kms:Decrypt")
    assert need.context["kms:ViaService"] == f"dynamodb.{REGION}.amazonaws.com"
    assert need.context["kms:EncryptionContext:aws:dynamodb:tableName"] == "ledger"


def test_a_query_of_an_index_leads_by_the_index_s_key() -> None:
    found = reading(
        "dynamodb", "dynamodb:Query", "t",
        body={
            "TableName": "ledger", "IndexName": "by-lane",
            "KeyConditionExpression": "#k = :v AND pk = :other",
            "ExpressionAttributeNames": {"#k": "lane"},
            "ExpressionAttributeValues": {":v": {"S": "a"}, ":other": {"S": "b"}},
        },
    )  # fmt: skip

    assert found.context == {"dynamodb:LeadingKeys": ["a"]}


def test_every_item_of_a_transaction_counts() -> None:
    items = [
        {"Put": {"TableName": "ledger", "Item": {"pk": {"S": "a"}}}},
        {"Delete": {"TableName": "keys", "Key": {"pk": {"S": "b"}}}},
    ]
    found = reading("dynamodb", "dynamodb:TransactWriteItems", "t", body={"TransactItems": items})

    assert found.context == {"dynamodb:LeadingKeys": ["a", "b"]}
    assert [need.action for need in found.more] == ["kms:Decrypt", "kms:Decrypt"]


@pytest.mark.parametrize(
    ("action", "body", "expected"),
    [
        ("GetDatabase", {"Name": "silver"}, ["database/silver"]),
        ("CreateDatabase", {"DatabaseInput": {"Name": "silver"}}, ["database/silver"]),
        ("GetTable", {"DatabaseName": "s", "Name": "t"}, ["database/s", "table/s/t"]),
        ("GetTables", {"DatabaseName": "s"}, ["database/s", "table/s/*"]),
        (
            "UpdateTable",
            {"DatabaseName": "s", "TableInput": {"Name": "t"}},
            ["database/s", "table/s/t"],
        ),
        ("GetDatabases", {}, []),
    ],
)
def test_glue_asks_for_the_catalogue_the_database_and_the_table(
    action: str, body: dict[str, Any], expected: list[str]
) -> None:
    found = reading("glue", f"glue:{action}", "whatever", body=body)

    base = f"arn:aws:glue:{REGION}:{ACCOUNT}:"
    assert found.resource == f"{base}catalog"
    assert asked(found) == [(f"glue:{action}", base + name) for name in expected]


def test_a_query_belongs_to_the_work_group_that_it_was_started_in() -> None:
    base = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/"

    later = reading("athena", "athena:GetQueryResults", "*", body={"QueryExecutionId": "q1"})
    first = reading("athena", "athena:StartQueryExecution", "*", body={"QueryString": "select 1"})

    assert later.resource == f"{base}lake"
    assert first.resource == f"{base}primary"


def test_a_query_s_caller_may_look_where_the_bucket_of_answers_is() -> None:
    def places(**body: Any) -> list[tuple[str, str]]:
        return asked(reading("athena", "athena:StartQueryExecution", "*", body=body))

    own = {"OutputLocation": "s3://mine/x/"}
    assert places(WorkGroup="lake") == [("s3:GetBucketLocation", f"{S3}answers")]
    assert places(ResultConfiguration=own) == [("s3:GetBucketLocation", f"{S3}mine")]


def test_a_job_run_is_named_tagged_and_its_role_is_handed_over() -> None:
    body = {"executionRoleArn": "arn:aws:iam::1:role/spark", "tags": {"a": "b"}}

    found = reading(
        "emr-serverless", "emr-serverless:StartJobRun", "*", path="/applications/x/jobruns",
        body=body,
    )  # fmt: skip

    application = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/x"
    assert found.resource == application
    assert asked(found) == [
        ("emr-serverless:TagResource", application),
        ("iam:PassRole", "arn:aws:iam::1:role/spark"),
    ]
    assert found.more[1].context == {"iam:PassedToService": "emr-serverless.amazonaws.com"}
    run = reading(
        "emr-serverless", "emr-serverless:GetJobRun", "*", method="GET",
        path="/applications/x/jobruns/y",
    )  # fmt: skip
    assert run.resource == f"{application}/jobruns/y"


def test_a_schedule_hands_its_target_s_role_over_and_is_named_in_its_group() -> None:
    found = reading(
        "scheduler", "scheduler:CreateSchedule", "*", path="/schedules/daily",
        body={"GroupName": "lake", "Target": {"RoleArn": "arn:aws:iam::1:role/clock"}},
    )  # fmt: skip

    assert found.resource == f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/lake/daily"
    assert asked(found) == [("iam:PassRole", "arn:aws:iam::1:role/clock")]


def test_roles_are_found_at_any_depth_and_once() -> None:
    role = "arn:aws:iam::1:role/deliver"
    body = {
        "IcebergDestinationConfiguration": {"RoleARN": role, "S3Configuration": {"RoleARN": role}}
    }

    found = reading("firehose", "firehose:CreateDeliveryStream", "*", body=body)

    assert asked(found) == [("iam:PassRole", role)]


@pytest.mark.parametrize(
    ("service", "action", "verbs"),
    [
        ("sqs", "SendMessage", ["GenerateDataKey", "Decrypt"]),
        ("sqs", "ReceiveMessage", ["Decrypt"]),
        ("sqs", "DeleteMessage", []),
        ("sns", "Publish", ["GenerateDataKey", "Decrypt"]),
        ("sns", "Subscribe", []),
        ("kinesis", "PutRecord", ["GenerateDataKey"]),
        ("secretsmanager", "GetSecretValue", ["Decrypt"]),
        ("secretsmanager", "DescribeSecret", []),
    ],
)
def test_a_service_uses_the_key_for_its_caller(service: str, action: str, verbs: list[str]) -> None:
    found = reading(service, f"{service}:{action}", f"arn:aws:{service}:::x", body={})

    assert [need.action for need in found.more] == [f"kms:{verb}" for verb in verbs]
    for need in found.more:
        assert need.context["kms:ViaService"] == f"{service}.{REGION}.amazonaws.com"


def test_a_log_stream_is_named_as_logs_does_when_it_refuses() -> None:
    body = {"logGroupName": "/aws/lambda/x", "logStreamName": "s"}

    found = reading("logs", "logs:PutLogEvents", "*", body=body)

    base = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:"
    assert found.resource == f"{base}/aws/lambda/x:log-stream:s"
    assert reading("logs", "logs:DescribeLogGroups", "*", body={}).resource == f"{base}:log-stream:"
