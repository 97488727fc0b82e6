"""Where ministack answers differently from AWS, the laptop cloud answers as AWS."""

from __future__ import annotations

import json
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.lifecycle import REGION, LaptopCloud
from tests.local.conftest import ROLE, Clients, queue_of_events, until, zipped

NAMESPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"


def ask_in_xml(cloud: LaptopCloud, **parameters: str) -> ET.Element:
    """Ask CloudWatch by the query protocol, as Terraform's provider does."""
    scope = f"laptop/20260101/{REGION}/monitoring/aws4_request"
    request = urllib.request.Request(  # noqa: S310  (our own http endpoint)
        cloud.endpoint,
        urllib.parse.urlencode({"Version": "2010-08-01", **parameters}).encode(),
        {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return ET.fromstring(answer.read())  # noqa: S314  (our own cloud's answer)


def test_an_event_of_a_versioned_bucket_names_the_version(clients: Clients) -> None:
    s3 = clients("s3")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="versioned", CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="versioned", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    taken = queue_of_events(clients, "uploads", {"source": ["aws.s3"]})

    put = s3.put_object(Bucket="versioned", Key="a b+%.txt", Body=b"1")

    (event,) = until(taken)
    assert event["detail-type"] == "Object Created"
    assert event["detail"]["object"]["key"] == "a b+%.txt"
    assert event["detail"]["object"]["version-id"] == put["VersionId"]


def test_versions_are_listed_under_the_keys_they_have(clients: Clients) -> None:
    s3 = clients("s3")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="odd-names", CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket="odd-names", VersioningConfiguration={"Status": "Enabled"})
    keys = ["a b+c%20d%.txt", "línea/ñ & <x>.txt"]
    for key in keys:
        s3.put_object(Bucket="odd-names", Key=key, Body=b"1")

    # botocore asks for `encoding-type=url` by itself, and decodes only what says it is encoded.
    first = s3.list_object_versions(Bucket="odd-names", MaxKeys=1)
    rest = s3.list_object_versions(
        Bucket="odd-names",
        KeyMarker=first["NextKeyMarker"],
        VersionIdMarker=first["NextVersionIdMarker"],
    )

    assert [found["Key"] for page in (first, rest) for found in page["Versions"]] == keys
    link = s3.generate_presigned_url(
        "list_object_versions", {"Bucket": "odd-names", "EncodingType": "url"}
    )
    with urllib.request.urlopen(link, timeout=10) as answer:  # noqa: S310
        assert b"<Key>a%20b%2Bc%2520d%25.txt</Key>" in answer.read()


SLOW = """
import time
from pathlib import Path

def handler(event, context):
    begun, go_on = Path(event["begun"]), Path(event["go_on"])
    begun.touch()
    while not go_on.exists():
        time.sleep(0.05)
    return "old"
"""


def test_a_call_ends_on_its_old_code_while_the_function_is_replaced(
    clients: Clients, tmp_path: Path
) -> None:
    functions = clients("lambda")
    begun, go_on = tmp_path / "begun", tmp_path / "go_on"
    event = json.dumps({"begun": str(begun), "go_on": str(go_on)})
    functions.create_function(
        FunctionName="slow",
        Runtime=f"python3.{sys.version_info.minor}",
        Role=ROLE,
        Handler="slow.handler",
        Timeout=20,
        Code={"ZipFile": zipped("slow.py", SLOW)},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="slow")
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(functions.invoke, FunctionName="slow", Payload=event)
        until(begun.exists)
        functions.update_function_code(
            FunctionName="slow", ZipFile=zipped("slow.py", SLOW.replace("old", "new"))
        )
        go_on.touch()
        assert json.loads(running.result()["Payload"].read()) == "old"

    functions.get_waiter("function_updated_v2").wait(FunctionName="slow")
    assert (
        json.loads(functions.invoke(FunctionName="slow", Payload=event)["Payload"].read()) == "new"
    )


def test_an_alarm_is_read_back_as_it_was_written(cloud: LaptopCloud) -> None:
    written = {
        "AlarmName": "errors",
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Period": "300",
        "Statistic": "Sum",
        "TreatMissingData": "notBreaching",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": "1",
        "ActionsEnabled": "true",
    }
    ask_in_xml(
        cloud,
        Action="PutMetricAlarm",
        Threshold="0",
        **written,
        **{"Dimensions.member.1.Name": "FunctionName", "Dimensions.member.1.Value": "a & b"},
    )

    (alarm,) = ask_in_xml(cloud, Action="DescribeAlarms", **{"AlarmNames.member.1": "errors"}).iter(
        f"{NAMESPACE}MetricAlarms"
    )

    (member,) = alarm
    assert {name: member.findtext(NAMESPACE + name) for name in written} == written
    assert [value.text for value in member.iter(f"{NAMESPACE}Value")] == ["a & b"]


def test_an_alarm_over_an_expression_keeps_its_queries(cloud: LaptopCloud) -> None:
    ask_in_xml(
        cloud,
        Action="PutMetricAlarm",
        AlarmName="ratio",
        Threshold="1",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods="1",
        **{"Metrics.member.1.Id": "e1", "Metrics.member.1.Expression": "m1 / m2"},
        **{"Metrics.member.2.Id": "m1", "Metrics.member.2.MetricStat.Period": "60"},
    )

    described = ask_in_xml(cloud, Action="DescribeAlarms", **{"AlarmNames.member.1": "ratio"})

    assert [tag.text for tag in described.iter(f"{NAMESPACE}Id")] == ["e1", "m1"]
    assert described.find(f".//{NAMESPACE}Statistic") is None


def test_a_state_machine_and_a_service_read_back_what_they_were_made_with(clients: Clients) -> None:
    states, ecs = clients("stepfunctions"), clients("ecs")
    machine = states.create_state_machine(
        name="traced",
        definition='{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
        roleArn=ROLE,
        tracingConfiguration={"enabled": True},
    )["stateMachineArn"]
    ecs.create_cluster(clusterName="zones")
    ecs.register_task_definition(
        family="zoned", containerDefinitions=[{"name": "one", "image": "one"}]
    )
    made = {"cluster": "zones", "taskDefinition": "zoned", "desiredCount": 0}
    ecs.create_service(serviceName="zoned", availabilityZoneRebalancing="DISABLED", **made)

    def zones() -> str:
        (service,) = ecs.describe_services(cluster="zones", services=["zoned"])["services"]
        return str(service["availabilityZoneRebalancing"])

    def traced() -> bool:
        found = states.describe_state_machine(stateMachineArn=machine)["tracingConfiguration"]
        return bool(found["enabled"])

    assert (traced(), zones()) == (True, "DISABLED")
    states.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": False})
    ecs.update_service(
        cluster="zones", service="zoned", availabilityZoneRebalancing="ENABLED", desiredCount=0
    )
    assert (traced(), zones()) == (False, "ENABLED")


def test_a_stream_has_the_tags_that_it_was_made_with(clients: Clients) -> None:
    kinesis = clients("kinesis")

    kinesis.create_stream(
        StreamName="tagged", StreamModeDetails={"StreamMode": "ON_DEMAND"}, Tags={"Owner": "dgv"}
    )

    assert kinesis.list_tags_for_stream(StreamName="tagged")["Tags"] == [
        {"Key": "Owner", "Value": "dgv"}
    ]


def test_a_state_machine_that_is_gone_is_deleted_without_complaint(clients: Clients) -> None:
    """A deletion whose answer was lost is asked for again."""
    machines = clients("stepfunctions")
    arn = f"arn:aws:states:{REGION}:000000000000:stateMachine:never-was"

    answer = machines.delete_state_machine(stateMachineArn=arn)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_glue_tells_of_a_database_and_a_table_what_was_said_and_no_more(clients: Clients) -> None:
    glue = clients("glue")
    glue.create_database(DatabaseInput={"Name": "bare"})
    glue.create_database(DatabaseInput={"Name": "described", "Description": "Why"})
    glue.create_table(DatabaseName="bare", TableInput={"Name": "polls", "Parameters": {"a": "1"}})

    database = glue.get_database(Name="bare")["Database"]
    table = glue.get_table(DatabaseName="bare", Name="polls")["Table"]
    listed = {entry["Name"]: entry for entry in glue.get_databases()["DatabaseList"]}

    assert not {"Description", "LocationUri"} & set(database)
    assert not {"Description", "Owner", "ViewOriginalText"} & set(table)
    assert table["Parameters"] == {"a": "1"}
    assert "Description" not in listed["bare"]
    assert listed["described"]["Description"] == "Why"
    # An SDK refuses an empty Owner, so an answer that holds one could not be sent back.
    sent_back = {key: table[key] for key in ("Owner", "Parameters", "Description") if key in table}
    glue.create_table(DatabaseName="described", TableInput={"Name": "polls", **sent_back})
    (again,) = glue.get_tables(DatabaseName="described")["TableList"]
    assert again["Parameters"] == {"a": "1"}
    assert "Owner" not in again
