"""A destroy finds the lake at work, brings it to rest, and tells what AWS keeps of it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.deployment.teardown import MANAGED_RULE
from tests.scripts.deploying import ACCOUNT, Stage, answering, refusal

PREFIX = "tfm-dgv-mbdde-dev"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
REGION = "eu-west-1"


class Lake:
    """What of a deployed lake works by itself, in moto's AWS, beside a neighbour's."""

    def __init__(self) -> None:
        self.scheduler, self.events = self.client("scheduler"), self.client("events")
        self.functions, self.states = self.client("lambda"), self.client("stepfunctions")
        self.emr, self.logs = self.client("emr-serverless"), self.client("logs")
        self.kms, self.secrets = self.client("kms"), self.client("secretsmanager")
        self.role = self.client("iam").create_role(RoleName="some", AssumeRolePolicyDocument=TRUST)[
            "Role"
        ]["Arn"]
        self.scheduler.create_schedule_group(Name=PREFIX)
        for name, group in ((f"{PREFIX}-gold", PREFIX), ("other-gold", "default")):
            self._schedule(name, group)
            self.events.put_rule(Name=name, ScheduleExpression="rate(5 minutes)", State="ENABLED")
        self.machine = self._machine()
        self.mapping = self._mapping()
        self.application = self.emr.create_application(
            name=PREFIX, releaseLabel="emr-7.13.0", type="SPARK"
        )["applicationId"]
        self.emr.start_application(applicationId=self.application)
        self.key = self.kms.create_key()["KeyMetadata"]

    @staticmethod
    def client(service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    @property
    def outputs(self) -> dict[str, Any]:
        """What Terraform would say of it."""
        return {
            "region": REGION,
            "prefix": PREFIX,
            "functions": {"start_job": "start-job"},
            "pipelines": {"emt/gold": self.machine},
            "spark_application_id": self.application,
            "kms_key_arn": self.key["Arn"],
        }

    def run(self) -> str:
        """A run of the pipeline, under way (moto's jobs of Spark end before they begin)."""
        return str(self.states.start_execution(stateMachineArn=self.machine)["executionArn"])

    def state_of(self, name: str, group: str) -> str:
        return str(self.scheduler.get_schedule(Name=name, GroupName=group)["State"])

    def _schedule(self, name: str, group: str) -> None:
        self.scheduler.create_schedule(
            Name=name,
            GroupName=group,
            Description="Starts the pipeline.",
            ScheduleExpression="cron(0 6 * * ? *)",
            ScheduleExpressionTimezone="Europe/Madrid",
            FlexibleTimeWindow={"Mode": "OFF"},
            KmsKeyArn="arn:aws:kms:eu-west-1:123456789012:key/1",
            Target={"Arn": "arn:aws:states:::x", "RoleArn": self.role, "Input": "{}"},
        )

    def _machine(self) -> str:
        waiting = {
            "StartAt": "Wait",
            "States": {"Wait": {"Type": "Wait", "Seconds": 9, "End": True}},
        }
        return str(
            self.states.create_state_machine(
                name=f"{PREFIX}-gold", definition=json.dumps(waiting), roleArn=self.role
            )["stateMachineArn"]
        )

    def _mapping(self) -> str:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "")
        self.functions.create_function(
            FunctionName="start-job",
            Runtime="python3.13",
            Role=self.role,
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
        )
        queue = self.client("sqs").create_queue(QueueName="jobs")["QueueUrl"]
        assert queue
        return str(
            self.functions.create_event_source_mapping(
                FunctionName="start-job", EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"
            )["UUID"]
        )


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    stage = Stage(tmp_path, monkeypatch)
    with mock_aws(config={"lambda": {"use_docker": False}}), answering(stage.answers):
        yield stage


@pytest.fixture
def lake(stage: Stage) -> Lake:
    lake = Lake()
    stage.applied(lake.outputs)
    return lake


def test_schedules_rules_and_queues_of_the_lake_are_off_before_it_is_destroyed(
    stage: Stage, lake: Lake
) -> None:
    before = lake.scheduler.get_schedule(Name=f"{PREFIX}-gold", GroupName=PREFIX)

    assert stage.deploy("destroy") == 0

    after = lake.scheduler.get_schedule(Name=f"{PREFIX}-gold", GroupName=PREFIX)
    moved = ("State", "LastModificationDate", "ResponseMetadata")
    assert after["State"] == "DISABLED"
    assert {n: v for n, v in after.items() if n not in moved} == {
        n: v for n, v in before.items() if n not in moved
    }
    assert lake.events.describe_rule(Name=f"{PREFIX}-gold")["State"] == "DISABLED"
    assert lake.functions.get_event_source_mapping(UUID=lake.mapping)["State"] == "Disabled"
    assert lake.state_of("other-gold", "default") == "ENABLED"
    assert lake.events.describe_rule(Name="other-gold")["State"] == "ENABLED"


def test_what_runs_is_ended_and_the_application_stopped_before_terraform_comes(
    stage: Stage, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    run = lake.run()

    assert stage.deploy("destroy") == 0

    assert lake.states.describe_execution(executionArn=run)["status"] == "ABORTED"
    application = lake.emr.get_application(applicationId=lake.application)["application"]
    assert application["state"] == "STOPPED"
    assert stage.verbs[-3:] == ["output", "show", "destroy"]
    assert "dev: destroy done, nothing is left" in capsys.readouterr().out


def test_a_lake_that_can_not_be_brought_to_rest_is_not_half_destroyed(
    stage: Stage, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.answers["StopApplication"] = refusal("AccessDeniedException")
    stage.answers["ListRules"] = refusal("AccessDeniedException")

    assert stage.deploy("destroy") == 1

    assert "the lake can't be brought to rest, so it stays: " in capsys.readouterr().err
    assert "destroy" not in stage.verbs


def test_a_right_that_is_missing_is_told_in_a_sentence(
    stage: Stage, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.answers["GetApplication"] = refusal(
        "AccessDeniedException", text="not authorized to look"
    )

    assert stage.deploy("apply") == 1

    assert "deploy: AWS says no" in (told := capsys.readouterr().err)
    assert "not authorized to look" in told
    assert "apply" not in stage.verbs


def test_files_that_are_to_be_kept_are_no_reason_for_half_a_destroy(
    stage: Stage, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = lake.client("s3")
    buckets = {"bronze": False, "empty": False, "raw": True}
    for name in buckets:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for name in ("bronze", "raw"):
        s3.put_object(Bucket=name, Key="a", Body=b"a")
    stage.holds(
        *(
            {"type": "aws_s3_bucket", "values": {"bucket": name, "force_destroy": force}}
            for name, force in {**buckets, "gone": False}.items()
        )
    )

    assert stage.deploy("destroy") == 1

    assert capsys.readouterr().err.startswith("deploy: bronze: these buckets hold files, and dev")
    assert "destroy" not in stage.verbs
    assert lake.state_of(f"{PREFIX}-gold", PREFIX) == "ENABLED"

    stage.holds({"type": "aws_s3_bucket", "values": {"bucket": "raw", "force_destroy": True}})
    assert stage.deploy("destroy") == 0


def test_a_second_destroy_goes_on_where_the_first_was_cut_off(stage: Stage, lake: Lake) -> None:
    lake.states.delete_state_machine(stateMachineArn=lake.machine)
    lake.functions.delete_event_source_mapping(UUID=lake.mapping)
    lake.functions.delete_function(FunctionName="start-job")
    lake.emr.stop_application(applicationId=lake.application)
    lake.emr.delete_application(applicationId=lake.application)

    assert stage.deploy("destroy") == 0


def test_what_services_made_again_goes_and_what_aws_keeps_is_named(
    stage: Stage, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = f"/aws/lambda/{PREFIX}-promote", f"/aws/ecs/containerinsights/{PREFIX}/performance"
    for name in (*ours, "/aws/lambda/other"):
        lake.logs.create_log_group(logGroupName=name)
    lake.kms.schedule_key_deletion(KeyId=lake.key["KeyId"], PendingWindowInDays=7)
    for name in (f"{PREFIX}-emt-secret", "other"):
        lake.secrets.create_secret(Name=name, SecretString="x")
        lake.secrets.delete_secret(SecretId=name, RecoveryWindowInDays=30)

    assert stage.deploy("destroy") == 0

    groups = lake.logs.describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/aws/lambda/other"]
    out = capsys.readouterr().out
    for name in ours:
        assert f"removed the log group {name}, which its service had made again" in out
    assert f"the key {lake.key['Arn']} ends on " in out
    assert f"`aws kms cancel-key-deletion --key-id {lake.key['Arn']}` brings it back" in out
    assert f"the secret {PREFIX}-emt-secret keeps its name until " in out
    assert "the secret other" not in out
    assert "dev: destroy done, all else is gone" in out


def test_step_functions_own_rule_goes_with_the_last_lake_of_a_region(
    stage: Stage, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    lake.events.put_rule(Name=MANAGED_RULE, EventPattern='{"source": ["aws.emr-serverless"]}')
    lake.events.put_targets(Rule=MANAGED_RULE, Targets=[{"Id": "1", "Arn": "arn:aws:states:::x"}])
    other = lake.emr.create_application(name="theirs", releaseLabel="emr-7.13.0", type="SPARK")

    assert stage.deploy("destroy") == 0
    assert f"the rule {MANAGED_RULE} stays: theirs may need it" in capsys.readouterr().out
    assert lake.events.describe_rule(Name=MANAGED_RULE)

    lake.emr.stop_application(applicationId=other["applicationId"])
    lake.emr.delete_application(applicationId=other["applicationId"])
    stage.applied(lake.outputs)
    assert stage.deploy("destroy") == 0
    assert f"removed the rule {MANAGED_RULE}" in capsys.readouterr().out
    assert MANAGED_RULE not in {rule["Name"] for rule in lake.events.list_rules()["Rules"]}
