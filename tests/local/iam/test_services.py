"""What services ask of a role by themselves, as AWS's guides list it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.firehose_iceberg_settings import Settings
from local.iam.needs import Need
from local.iam.services import ecs_tasks, firehose, functions, machines
from local.iam.services.gateway import route_path
from local.iam.services.targets import target_needs
from tests.local.iam.facts import ACCOUNT, KEY, REGION, OneOfEach

HERE = f"{REGION}:{ACCOUNT}"
QUEUE, TOPIC = f"arn:aws:sqs:{HERE}:q", f"arn:aws:sns:{HERE}:t"
Pairs = list[tuple[str, str]]


def pairs(needs: Any) -> Pairs:
    return [(need.action, need.resource) for need in needs]


def via(needs: Any) -> set[str]:
    return {need.context["kms:ViaService"] for need in needs if need.service == "kms"}


def test_a_container_s_image_log_and_secrets_are_the_starting_role_s() -> None:
    secret = f"arn:aws:secretsmanager:{HERE}:secret:key-abcdef"
    described = {
        "name": "poller",
        "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/lake/poller:1",
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/x"}},
        "secrets": [
            {"name": "A", "valueFrom": f"{secret}:field::"},
            {"name": "B", "valueFrom": f"arn:aws:ssm:{HERE}:parameter/lake/b"},
        ],
    }

    needs = ecs_tasks.start_needs(described, ACCOUNT, REGION, OneOfEach())

    repository = f"arn:aws:ecr:{HERE}:repository/lake/poller"
    stream = f"arn:aws:logs:{HERE}:log-group:/ecs/x:log-stream:"
    assert pairs(needs) == [
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchCheckLayerAvailability", repository),
        ("ecr:BatchGetImage", repository),
        ("ecr:GetDownloadUrlForLayer", repository),
        ("logs:CreateLogStream", stream),
        ("logs:PutLogEvents", f"{stream}poller"),
        ("secretsmanager:GetSecretValue", secret),
        ("kms:Decrypt", KEY),
        ("ssm:GetParameters", f"arn:aws:ssm:{HERE}:parameter/lake/b"),
    ]


def test_firehose_reads_the_stream_and_calls_the_transform() -> None:
    stream, function = f"arn:aws:kinesis:{HERE}:stream/w", f"arn:aws:lambda:{HERE}:function:f"
    settings = Settings(
        name="w", arn="", role_arn="", account=ACCOUNT, region=REGION, version=1, created=0.0,
        source_arn=stream, buffer_bytes=1, buffer_seconds=1, error_bucket="", error_prefix="",
        lambda_arn=function, transform_bytes=1, transform_retries=1, retry_seconds=1, tables=(),
        log=None,
    )  # fmt: skip

    needs = firehose.needs(settings, OneOfEach())

    reads = ("DescribeStream", "GetShardIterator", "GetRecords", "ListShards")
    assert pairs(needs) == [
        *((f"kinesis:{verb}", stream) for verb in reads),
        ("kms:Decrypt", KEY),
        ("lambda:GetFunctionConfiguration", function),
        ("lambda:InvokeFunction", function),
    ]
    assert via(needs) == {f"kinesis.{REGION}.amazonaws.com"}


@pytest.mark.parametrize(
    ("target", "action"),
    [
        (f"arn:aws:states:{HERE}:stateMachine:m", "states:StartExecution"),
        (f"arn:aws:lambda:{HERE}:function:f", "lambda:InvokeFunction"),
        (f"arn:aws:events:{HERE}:event-bus/b", "events:PutEvents"),
    ],
)
def test_a_target_is_reached_by_its_own_action(target: str, action: str) -> None:
    assert pairs(target_needs({"Arn": target}, OneOfEach())) == [(action, target)]


def test_a_queue_s_sender_may_use_its_key() -> None:
    assert pairs(target_needs({"Arn": QUEUE}, OneOfEach())) == [
        ("sqs:SendMessage", QUEUE), ("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY),
    ]  # fmt: skip


def test_what_cannot_be_delivered_goes_to_a_queue_with_the_same_role() -> None:
    target = {"Arn": f"arn:aws:lambda:{HERE}:function:f", "DeadLetterConfig": {"Arn": QUEUE}}

    needs = target_needs(target, OneOfEach())

    assert pairs(needs)[1:] == [
        ("sqs:SendMessage", QUEUE), ("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY),
    ]  # fmt: skip


def test_an_unknown_target_is_no_free_pass() -> None:
    with pytest.raises(ValueError, match="nothing is known"):
        target_needs({"Arn": f"arn:aws:batch:{HERE}:job-queue/x"}, OneOfEach())


def tasks(resource: str, **data: Any) -> list[Need]:
    return list(machines.task_needs(resource, data, ACCOUNT, REGION, OneOfEach()))


def test_a_task_at_a_table_has_its_leading_key_and_the_table_s_key() -> None:
    needs = tasks(
        "arn:aws:states:::dynamodb:putItem", TableName="ledger", Item={"pk": {"S": "lease"}}
    )

    table = f"arn:aws:dynamodb:{HERE}:table/ledger"
    assert pairs(needs) == [("dynamodb:PutItem", table), ("kms:Decrypt", KEY)]
    assert needs[0].context == {"dynamodb:LeadingKeys": ["lease"]}


def test_a_job_that_a_machine_waits_for_is_started_handed_a_role_and_followed() -> None:
    needs = tasks(
        "arn:aws:states:::emr-serverless:startJobRun.sync",
        ApplicationId="x", ExecutionRoleArn="arn:aws:iam::1:role/spark",
    )  # fmt: skip

    application = f"arn:aws:emr-serverless:{HERE}:/applications/x"
    assert pairs(needs) == [
        ("emr-serverless:StartJobRun", application),
        ("iam:PassRole", "arn:aws:iam::1:role/spark"),
        ("emr-serverless:GetJobRun", f"{application}/jobruns/*"),
        ("emr-serverless:CancelJobRun", f"{application}/jobruns/*"),
    ]
    assert needs[1].context == {"iam:PassedToService": "emr-serverless.amazonaws.com"}


def test_other_tasks_ask_for_what_they_call() -> None:
    run = f"arn:aws:states:{HERE}:execution:m:1"
    function = f"arn:aws:lambda:{HERE}:function:f"

    assert pairs(tasks("arn:aws:states:::sns:publish", TopicArn=TOPIC)) == [
        ("sns:Publish", TOPIC), ("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY),
    ]  # fmt: skip
    described = tasks("arn:aws:states:::aws-sdk:sfn:describeExecution", ExecutionArn=run)
    assert pairs(described) == [("states:DescribeExecution", run)]
    invoked = tasks("arn:aws:states:::lambda:invoke", FunctionName="f")
    assert pairs(invoked) == pairs(tasks(function)) == [("lambda:InvokeFunction", function)]


def test_a_task_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(PermissionError, match="aws-sdk:s3:putObject"):
        tasks("arn:aws:states:::aws-sdk:s3:putObject", Bucket="b")


def test_a_machine_is_asked_for_logs_and_for_the_rule_of_job_runs_as_it_is_made() -> None:
    definition = json.dumps({"Resource": "arn:aws:states:::emr-serverless:startJobRun.sync"})
    machine = {"definition": definition, "loggingConfiguration": {"level": "ALL"}}

    needs = machines.machine_needs(machine, ACCOUNT, REGION)

    rule = f"arn:aws:events:{HERE}:rule/StepFunctionsGetEventsForEMRServerlessJobRule"
    assert [pair for pair in pairs(needs) if pair[1] == rule] == [
        (f"events:{verb}", rule) for verb in ("DescribeRule", "PutRule", "PutTargets")
    ]
    assert sum(need.service == "logs" for need in needs) == 8
    assert machines.machine_needs({"definition": "{}"}, ACCOUNT, REGION) == []
    traced = machines.tracing_needs({"tracingConfiguration": {"enabled": True}})
    assert {need.action for need in traced} == {
        "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }  # fmt: skip


def test_lambda_takes_messages_writes_logs_and_sets_aside_as_the_function() -> None:
    arn = f"arn:aws:lambda:{HERE}:function:f"
    config = {"FunctionArn": arn, "FunctionName": "f", "TracingConfig": {"Mode": "Active"}}

    assert [action for action, _ in pairs(functions.queue_needs(QUEUE, OneOfEach()))] == [
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "kms:Decrypt",
    ]  # fmt: skip
    group = f"arn:aws:logs:{HERE}:log-group:/aws/lambda/f:log-stream:"
    assert pairs(functions.log_needs(config)) == [
        ("logs:CreateLogStream", group), ("logs:PutLogEvents", f"{group}stream"),
    ]  # fmt: skip
    assert [need.action for need in functions.tracing_needs(config)] == [
        "xray:PutTraceSegments", "xray:PutTelemetryRecords",
    ]  # fmt: skip
    dead = functions.dead_letter_needs(QUEUE, OneOfEach())
    assert [need.action for need in dead] == [
        "sqs:SendMessage", "kms:GenerateDataKey", "kms:Decrypt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("route", "path"),
    [("GET /v1/{proxy+}", "GET/v1/{proxy+}"), ("$default", "$default"), ("ANY /", "ANY/")],
)
def test_a_route_is_named_as_in_the_source_of_a_call(route: str, path: str) -> None:
    assert route_path(route) == path
