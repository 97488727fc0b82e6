"""What a policy does not grant is refused, for clients, services and engines alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.iam import journal
from local.lifecycle import REGION, LaptopCloud
from tests.local.conftest import ROLE, Clients, client, policy, until, zipped

ACCOUNT = "000000000000"
Statement = dict[str, Any]
TRUST_ACCOUNT = {
    "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "sts:AssumeRole",
}  # fmt: skip


class Rights:
    """Roles with what a test gives them, and clients that act as them."""

    def __init__(self, cloud: LaptopCloud) -> None:
        self.cloud, self.iam = cloud, client(cloud, "iam")

    def role(self, name: str, *statements: Statement, trust: Statement | None = None) -> str:
        made = self.iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=policy(trust or TRUST_ACCOUNT)
        )
        if statements:
            self.grant(name, *statements)
        return str(made["Role"]["Arn"])

    def service_role(self, name: str, service: str, *statements: Statement) -> str:
        return self.role(name, *statements, trust=trusting(f"{service}.amazonaws.com"))

    def grant(self, name: str, *statements: Statement) -> None:
        self.iam.put_role_policy(
            RoleName=name, PolicyName="rights", PolicyDocument=policy(*statements)
        )

    def keys(self, name: str) -> dict[str, str]:
        sts = client(self.cloud, "sts")
        taken = sts.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="test"
        )
        keys = taken["Credentials"]
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def client(self, name: str, service: str, **more: str) -> Any:
        keys = {**self.keys(name), **more}
        once = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(
            service, endpoint_url=self.cloud.endpoint, region_name=REGION, config=once, **keys
        )

    def denials(self, role: str) -> list[journal.Decision]:
        every = journal.read(self.cloud.state_dir)
        return [each for each in every if each.verdict == journal.DENY and each.role == role]


def trusting(service: str, **condition: Any) -> Statement:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {**trust, **({"Condition": condition} if condition else {})}


def allow(*actions: str, on: str | list[str] = "*", sid: str = "Granted", **more: Any) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def refusal(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        call()
    error: dict[str, Any] = raised.value.response["Error"]
    return error


@pytest.fixture(scope="module")
def rights(cloud: LaptopCloud) -> Rights:
    return Rights(cloud)


def bucket(clients: Clients, name: str, key: str | None = None) -> None:
    s3 = clients("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if key:
        by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules = [{"ApplyServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})


def test_a_refusal_names_who_what_and_where_and_is_in_the_journal(
    rights: Rights, clients: Clients
) -> None:
    bucket(clients, "iam-letters")
    rights.role("reader", allow("s3:GetObject", on="arn:aws:s3:::iam-letters/a/*"))
    s3 = rights.client("reader", "s3")

    error = refusal(lambda: s3.put_object(Bucket="iam-letters", Key="a/x", Body=b"x"))

    assert error["Code"] == "AccessDenied"
    assert error["Message"] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/reader/test is not authorized to perform: "
        "s3:PutObject on resource: arn:aws:s3:::iam-letters/a/x because no identity-based policy "
        "allows the s3:PutObject action"
    )
    (denial,) = rights.denials("reader")
    assert (denial.action, denial.resource) == ("s3:PutObject", "arn:aws:s3:::iam-letters/a/x")
    assert denial.reason == error["Message"]


def test_what_is_granted_is_noted_with_its_statement(rights: Rights, clients: Clients) -> None:
    bucket(clients, "iam-noted")
    rights.role("writer", allow("s3:PutObject", on="arn:aws:s3:::iam-noted/*", sid="Write"))

    rights.client("writer", "s3").put_object(Bucket="iam-noted", Key="x", Body=b"x")

    every = journal.read(rights.cloud.state_dir)
    (noted,) = [each for each in every if each.role == "writer"]
    assert (noted.verdict, noted.action, noted.statement) == ("allow", "s3:PutObject", "Write")


def test_a_bucket_s_key_has_to_be_granted_for_use_through_s3(
    rights: Rights, clients: Clients
) -> None:
    key = clients("kms").create_key()["KeyMetadata"]["Arn"]
    bucket(clients, "iam-locked", key)
    write = allow("s3:PutObject", on="arn:aws:s3:::iam-locked/*")
    rights.role("locked-out", write)
    s3 = rights.client("locked-out", "s3")

    error = refusal(lambda: s3.put_object(Bucket="iam-locked", Key="x", Body=b"x"))

    assert f"kms:GenerateDataKey on resource: {key}" in error["Message"]
    through = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
    use = allow("kms:GenerateDataKey", on=key, Condition=through)
    rights.grant("locked-out", write, use)
    s3.put_object(Bucket="iam-locked", Key="x", Body=b"x")
    kms = rights.client("locked-out", "kms")
    direct = refusal(lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"))
    assert direct["Code"] == "AccessDeniedException"


def test_who_may_not_list_is_not_told_that_an_object_is_missing(
    rights: Rights, clients: Clients
) -> None:
    bucket(clients, "iam-missing")
    read = allow("s3:GetObject", on="arn:aws:s3:::iam-missing/*")
    rights.role("blind", read)
    s3 = rights.client("blind", "s3")

    assert refusal(lambda: s3.get_object(Bucket="iam-missing", Key="no"))["Code"] == "AccessDenied"

    rights.grant("blind", read, allow("s3:ListBucket", on="arn:aws:s3:::iam-missing"))
    assert refusal(lambda: s3.get_object(Bucket="iam-missing", Key="no"))["Code"] == "NoSuchKey"


def test_a_table_is_divided_by_leading_keys(rights: Rights, clients: Clients) -> None:
    clients("dynamodb").create_table(
        TableName="iam-divided",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    mine = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["mine#*"]}}
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/iam-divided"
    rights.role("divided", allow("dynamodb:PutItem", on=table, Condition=mine))
    dynamodb = rights.client("divided", "dynamodb")

    dynamodb.put_item(TableName="iam-divided", Item={"pk": {"S": "mine#1"}})
    error = refusal(
        lambda: dynamodb.put_item(TableName="iam-divided", Item={"pk": {"S": "yours#1"}})
    )

    assert "dynamodb:PutItem" in error["Message"]


def test_a_role_is_taken_only_by_whom_it_trusts_and_its_secret_is_checked(rights: Rights) -> None:
    other = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/somebody-else"}
    rights.role("distrusting", trust=TRUST_ACCOUNT | {"Principal": other})
    rights.role("trusting", allow("sqs:ListQueues", "sts:AssumeRole"))

    sts = rights.client("trusting", "sts")
    arn = f"arn:aws:iam::{ACCOUNT}:role/distrusting"
    error = refusal(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="test"))
    forged = rights.client("trusting", "sqs", aws_secret_access_key="guessed")

    assert error["Code"] == "AccessDenied"
    assert refusal(forged.list_queues)["Code"] == "SignatureDoesNotMatch"
    rights.client("trusting", "sqs").list_queues()


def make_schedule(clients: Clients, name: str, role: str, group: str = "iam-clocks") -> None:
    clients("scheduler").create_schedule(
        Name=name, GroupName=group, ScheduleExpression="rate(1 day)", State="DISABLED",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:any", "RoleArn": role},
    )  # fmt: skip


def test_a_schedule_s_role_has_to_trust_the_group(rights: Rights, clients: Clients) -> None:
    clients("scheduler").create_schedule_group(Name="iam-clocks")
    source = f"arn:aws:scheduler:{REGION}:{ACCOUNT}"
    for name, trusted in (
        ("old", "schedule/iam-clocks/daily"),
        ("new", "schedule-group/iam-clocks"),
    ):
        condition = {"ArnLike": {"aws:SourceArn": f"{source}:{trusted}"}}
        rights.role(f"{name}-clock", trust=trusting("scheduler.amazonaws.com", **condition))

    error = refusal(
        lambda: make_schedule(clients, "daily", f"arn:aws:iam::{ACCOUNT}:role/old-clock")
    )
    make_schedule(clients, "daily", f"arn:aws:iam::{ACCOUNT}:role/new-clock")

    assert error["Code"] == "ValidationException"
    assert "must allow AWS EventBridge Scheduler to assume the role" in error["Message"]


def test_a_schedule_s_turn_is_lost_where_its_role_may_not_reach_the_target(
    rights: Rights, clients: Clients
) -> None:
    sqs = clients("sqs")
    url = sqs.create_queue(QueueName="iam-turns")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:iam-turns"
    role = rights.service_role("turns", "scheduler")
    soon = datetime.now(UTC) + timedelta(seconds=2)
    clients("scheduler").create_schedule(
        Name="turns", ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": queue, "RoleArn": role, "Input": "{}"},
    )  # fmt: skip

    (denial,) = until(lambda: rights.denials("turns"), timeout=60)

    assert (denial.action, denial.resource) == ("sqs:SendMessage", queue)
    assert not sqs.receive_message(QueueUrl=url).get("Messages")


def test_a_rule_reaches_only_a_queue_whose_policy_lets_it(rights: Rights, clients: Clients) -> None:
    sqs, events = clients("sqs"), clients("events")
    urls = {}
    for name in ("iam-open", "iam-closed"):
        urls[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        events.put_rule(Name=name, EventPattern=json.dumps({"source": ["iam.test"]}))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    rule = {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/iam-open"}}
    sender = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage", "Condition": rule,
        "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:iam-open",
    }  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=urls["iam-open"], Attributes={"Policy": policy(sender)})

    events.put_events(Entries=[{"Source": "iam.test", "DetailType": "t", "Detail": "{}"}])

    until(lambda: sqs.receive_message(QueueUrl=urls["iam-open"]).get("Messages"))
    (denial,) = [
        each for each in rights.denials("events.amazonaws.com") if each.resource.endswith("closed")
    ]
    assert denial.action == "sqs:SendMessage"
    assert not sqs.receive_message(QueueUrl=urls["iam-closed"]).get("Messages")


def make_function(clients: Clients, name: str, role: str, **more: Any) -> str:
    made = clients("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role=role, Handler="echo.handler",
        Code={"ZipFile": zipped("echo.py", "def handler(event, context):\n    return event\n")},
        **more,
    )  # fmt: skip
    return str(made["FunctionArn"])


def test_a_function_s_role_trusts_lambda_and_may_take_its_queue(
    rights: Rights, clients: Clients
) -> None:
    stranger = rights.service_role("stranger", "ecs-tasks")
    worker = rights.service_role("worker", "lambda", allow("logs:*"))
    sqs, functions = clients("sqs"), clients("lambda")
    sqs.create_queue(QueueName="iam-work")
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:iam-work"

    error = refusal(lambda: make_function(clients, "stranger", stranger))
    make_function(clients, "worker", worker)
    no_queue = refusal(
        lambda: functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="worker")
    )

    assert error["Message"] == "The role defined for the function cannot be assumed by Lambda."
    assert "sqs:ReceiveMessage on resource" in no_queue["Message"]
    takes = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    rights.grant("worker", allow("logs:*"), allow(*takes, on=queue))
    mapping = functions.create_event_source_mapping(EventSourceArn=queue, FunctionName="worker")
    functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_a_function_without_the_right_to_its_log_leaves_none(
    rights: Rights, clients: Clients
) -> None:
    mute = rights.service_role("mute", "lambda")
    make_function(clients, "mute", mute)

    clients("lambda").invoke(FunctionName="mute", Payload=b"{}")

    (denial,) = rights.denials("mute")
    assert denial.action == "logs:CreateLogStream"
    groups = clients("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/mute")
    assert groups["logGroups"] == []


def test_an_api_calls_only_a_function_that_lets_it(
    rights: Rights, clients: Clients, cloud: LaptopCloud
) -> None:
    function = make_function(clients, "behind", ROLE)
    gateway = clients("apigatewayv2")
    api = gateway.create_api(Name="iam", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function,
        PayloadFormatVersion="2.0",
    )["IntegrationId"]  # fmt: skip
    gateway.create_route(ApiId=api, RouteKey="GET /v1/x", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)

    assert status(cloud, api) == 500

    for statement, route in (("other", "GET/v1/y"), ("own", "GET/v1/x")):
        clients("lambda").add_permission(
            FunctionName="behind", StatementId=statement, Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/{route}",
        )  # fmt: skip
        assert status(cloud, api) == (200 if statement == "own" else 500)


def status(cloud: LaptopCloud, api: str) -> int:
    connection = HTTPConnection("127.0.0.1", cloud.port)
    connection.request("GET", f"/_aws/execute-api/{api}/v1/x")
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_a_machine_s_task_is_done_with_its_role_s_rights(rights: Rights, clients: Clients) -> None:
    topic = clients("sns").create_topic(Name="iam-news")["TopicArn"]
    role = rights.service_role("machine", "states")
    task = {
        "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True,
        "Arguments": {"TopicArn": topic, "Message": "x"},
    }  # fmt: skip
    definition = {"QueryLanguage": "JSONata", "StartAt": "Tell", "States": {"Tell": task}}
    states = clients("stepfunctions")
    machine = states.create_state_machine(
        name="iam-teller", definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]

    def ended() -> dict[str, Any]:
        run = states.start_execution(stateMachineArn=machine)["executionArn"]

        def finished() -> Any:
            described = states.describe_execution(executionArn=run)
            return described if described["status"] != "RUNNING" else None

        outcome: dict[str, Any] = until(finished)
        return outcome

    refused = ended()
    rights.grant("machine", allow("sns:Publish", on=topic))

    assert (refused["status"], refused["error"]) == ("FAILED", "SNS.AccessDeniedException")
    assert f"sns:Publish on resource: {topic}" in refused["cause"]
    assert ended()["status"] == "SUCCEEDED"


def test_a_machine_that_logs_has_a_role_that_may_deliver_logs(
    rights: Rights, clients: Clients
) -> None:
    role = rights.service_role("silent", "states")
    logs = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/states/x:*"
    destination = [{"cloudWatchLogsLogGroup": {"logGroupArn": logs}}]
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}

    error = refusal(
        lambda: clients("stepfunctions").create_state_machine(
            name="iam-silent", definition=json.dumps(definition), roleArn=role,
            loggingConfiguration={"level": "ERROR", "destinations": destination},
        )
    )  # fmt: skip

    assert error["Code"] == "AccessDeniedException"
    assert "logs:CreateLogDelivery" in error["Message"]


def test_a_role_is_handed_over_only_by_who_may_pass_it(rights: Rights, clients: Clients) -> None:
    emr = clients("emr-serverless")
    made = emr.create_application(name="iam", releaseLabel="emr-7.13.0", type="SPARK")
    arn, application = made["arn"], made["applicationId"]
    rights.role("starter", allow("emr-serverless:StartJobRun", on=arn))
    starter = rights.client("starter", "emr-serverless")

    error = refusal(
        lambda: starter.start_job_run(
            applicationId=application, executionRoleArn=ROLE,
            jobDriver={"sparkSubmit": {"entryPoint": "s3://iam/x.py"}},
        )
    )  # fmt: skip

    assert error["Code"] == "AccessDeniedException"
    assert f"iam:PassRole on resource: {ROLE}" in error["Message"]


def test_a_job_run_works_with_its_role_s_rights(rights: Rights, clients: Clients) -> None:
    bucket(clients, "iam-jobs")
    clients("s3").put_object(Bucket="iam-jobs", Key="x.py", Body=b"pass")
    emr = clients("emr-serverless")
    application = emr.create_application(name="iam", releaseLabel="emr-7.13.0", type="SPARK")
    roles = {
        "untrusting": rights.service_role("untrusting", "lambda", allow("s3:*")),
        "unable": rights.service_role("unable", "emr-serverless", allow("s3:ListBucket")),
    }

    def details(role: str) -> str:
        run = emr.start_job_run(
            applicationId=application["applicationId"], executionRoleArn=role,
            jobDriver={"sparkSubmit": {"entryPoint": "s3://iam-jobs/x.py"}},
        )  # fmt: skip
        ids = {name: run[name] for name in ("applicationId", "jobRunId")}

        def failed() -> Any:
            return (job := emr.get_job_run(**ids)["jobRun"])["state"] == "FAILED" and job

        return str(until(failed, timeout=60)["stateDetails"])

    assert details(roles["untrusting"]).startswith(
        f"Could not assume runtime role {roles['untrusting']} because it does not exist"
    )
    assert "s3://iam-jobs/x.py" in details(roles["unable"])
    assert [each.action for each in rights.denials("unable")] == ["s3:GetObject"]


def test_a_query_reads_and_writes_with_its_caller_s_rights(
    rights: Rights, clients: Clients
) -> None:
    bucket(clients, "iam-answers")
    where = allow("s3:GetBucketLocation", on="arn:aws:s3:::iam-answers")
    read = allow("s3:GetObject", on="arn:aws:s3:::iam-answers/*")
    asks = [allow("athena:*"), where, read]
    rights.role("asker", *asks)
    athena = rights.client("asker", "athena")

    def ended() -> dict[str, Any]:
        query = athena.start_query_execution(
            QueryString="select 1 as n",
            ResultConfiguration={"OutputLocation": "s3://iam-answers/"},
        )["QueryExecutionId"]

        def state() -> Any:
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            return status if status["State"] in ("SUCCEEDED", "FAILED") else None

        outcome: dict[str, Any] = until(state)
        return outcome

    blind = ended()
    glue = f"arn:aws:glue:{REGION}:{ACCOUNT}"
    default = [f"{glue}:catalog", f"{glue}:database/default"]
    asks.append(allow("glue:GetDatabase", on=default))
    rights.grant("asker", *asks)
    refused = ended()
    rights.grant("asker", *asks, allow("s3:PutObject", on="arn:aws:s3:::iam-answers/*"))

    # Whatever is asked, Athena looks at the database `default` first.
    assert blind["State"] == "FAILED"
    assert f"glue:GetDatabase on resource: {glue}:" in blind["StateChangeReason"]
    assert refused["State"] == "FAILED"
    assert "s3:PutObject on resource: arn:aws:s3:::iam-answers/" in refused["StateChangeReason"]
    assert ended()["State"] == "SUCCEEDED"


def test_who_observes_is_told_and_not_refused(
    make_cloud: Callable[..., LaptopCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_IAM", "observe")
    cloud = make_cloud()
    cloud.up()
    rights = Rights(cloud)
    rights.role("nobody")

    rights.client("nobody", "sqs").create_queue(QueueName="made-anyway")

    assert [each.action for each in rights.denials("nobody")] == ["sqs:CreateQueue"]


def test_an_alarm_is_heard_where_the_topic_s_policy_lets_it(
    rights: Rights, clients: Clients
) -> None:
    sns, sqs, alarms = clients("sns"), clients("sqs"), clients("cloudwatch")
    topic = sns.create_topic(Name="iam-alarms")["TopicArn"]
    url = sqs.create_queue(QueueName="iam-alarms")["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:iam-alarms"
    sender = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}}
    let_in = policy(sender | {"Action": "sqs:SendMessage", "Resource": queue})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": let_in})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    alarms.put_metric_alarm(
        AlarmName="iam", MetricName="m", Namespace="n", Statistic="Sum", Period=60, Threshold=1,
        EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
    )  # fmt: skip
    publisher = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}

    def ring(service: str) -> None:
        let_in = policy(publisher | {"Principal": {"Service": service}})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=let_in)
        for state in ("OK", "ALARM"):
            alarms.set_alarm_state(AlarmName="iam", StateValue=state, StateReason="test")

    ring("budgets.amazonaws.com")
    (denial,) = rights.denials("cloudwatch.amazonaws.com")
    assert (denial.action, denial.resource) == ("sns:Publish", topic)
    assert not sqs.receive_message(QueueUrl=url).get("Messages")

    ring("cloudwatch.amazonaws.com")
    until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))


def test_a_log_group_is_locked_only_with_a_key_that_lets_logs_in(clients: Clients) -> None:
    owner = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    every = {"Effect": "Allow", "Principal": owner, "Action": "kms:*", "Resource": "*"}
    kms, logs = clients("kms"), clients("logs")
    key = kms.create_key(Policy=policy(every))["KeyMetadata"]["Arn"]
    groups = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/iam/*"
    service = {
        "Effect": "Allow", "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": "kms:*", "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    }  # fmt: skip

    error = refusal(lambda: logs.create_log_group(logGroupName="/iam/a", kmsKeyId=key))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(every, service))

    assert "not allowed to be used with" in error["Message"]
    logs.create_log_group(logGroupName="/iam/a", kmsKeyId=key)
    elsewhere = refusal(lambda: logs.create_log_group(logGroupName="/other/a", kmsKeyId=key))
    assert elsewhere["Code"] == "InvalidParameterException"
