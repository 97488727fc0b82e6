"""Bad accounts, regions and names: told before anything is made, all at once, with what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from tests.scripts.deploying import (
    ACCOUNT,
    Stage,
    answering,
    change,
    limits,
    refusal,
    to_make,
)

SPARK = to_make("aws_emrserverless_application", maximum_capacity=[{"cpu": "8 vCPU"}])
FUNCTION = "aws_lambda_function"
SERVICE = to_make("aws_ecs_service", desired_count=1)
REPOSITORY = "tfm-dgv-mbdde-dev-weather-poller"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/{REPOSITORY}:0123456789abcdef-arm64"
TASK = "aws_ecs_task_definition"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    stage = Stage(tmp_path, monkeypatch)
    with mock_aws(), answering(stage.answers):
        yield stage


def refused(stage: Stage, capsys: pytest.CaptureFixture[str]) -> str:
    """What a refused deploy says; nothing was changed by it."""
    assert stage.deploy() == 1
    assert "apply" not in stage.verbs
    return capsys.readouterr().err.removeprefix("deploy: ")


def test_a_good_account_is_applied_to_as_planned(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(SPARK)

    assert stage.deploy() == 0

    assert stage.verbs == ["version", "init", "output", "plan", "show", "apply", "output"]
    assert "preflight: all is well" in capsys.readouterr().out


def test_without_credentials_one_sentence_says_where_they_come_from(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.answers["GetCallerIdentity"] = NoCredentialsError()

    assert refused(stage, capsys) == (
        "there are no AWS credentials here: set AWS_PROFILE to a profile of yours, or run "
        "`aws configure` or `aws sso login` first.\n"
    )
    assert stage.verbs == ["version"]


def test_a_profile_that_is_not_there_is_named(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert "The config profile (nobody) could not be found" in refused(stage, capsys)


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_expired_credentials_are_to_be_renewed(
    stage: Stage, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    stage.answers["GetCallerIdentity"] = refusal(code, 403)

    assert refused(stage, capsys) == (
        "the AWS credentials have expired: get new ones (`aws sso login`, or a new set from "
        "whoever gave you these).\n"
    )


def test_credentials_that_aws_does_not_know_are_told_apart(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.answers["GetCallerIdentity"] = refusal("InvalidClientTokenId", 403)

    assert "AWS does not know these credentials" in refused(stage, capsys)


def test_the_account_of_the_first_apply_is_the_only_one(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stage.deploy() == 0
    stage.answers["GetCallerIdentity"] = {"Account": "999999999999"}
    (stage.folder / "calls.jsonl").unlink()
    capsys.readouterr()

    text = refused(stage, capsys)

    assert "of the account 999999999999, and this environment belongs to 123456789012" in text
    assert stage.deploy("destroy") == 1
    assert "destroy" not in stage.verbs


def test_a_team_declares_the_account_before_the_first_apply(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = stage.folder / "terraform" / "environments" / "dev.account"
    declared.write_text("999999999999\n")

    assert "this environment belongs to 999999999999" in refused(stage, capsys)

    declared.write_text("our account\n")
    assert "should hold the twelve digits" in refused(stage, capsys)


def test_after_a_destroy_another_account_may_be_taken(stage: Stage) -> None:
    assert stage.deploy() == 0
    assert stage.deploy("destroy") == 0
    stage.answers["GetCallerIdentity"] = {"Account": "999999999999"}

    assert stage.deploy() == 0


def test_an_old_terraform_is_refused_before_it_is_run(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.installed("1.9.8")

    assert refused(stage, capsys).startswith("This is Terraform 1.9.8: install Terraform 1.1")
    assert stage.verbs == ["version"]


def test_without_terraform_one_sentence_says_where_it_is(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    (stage.folder / "bin" / "terraform").unlink()

    assert "needs Terraform and found none: install Terraform 1.1" in refused(stage, capsys)


def test_all_that_can_be_known_is_told_at_once(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.installed("1.9.0")
    stage.answers["GetCallerIdentity"] = NoCredentialsError()

    lines = refused(stage, capsys).splitlines()

    assert lines[0] == "2 things must be put right first:"
    assert lines[1].startswith("  - This is Terraform 1.9.0: install")
    assert lines[2].startswith("  - there are no AWS credentials here")


def test_a_second_deploy_beside_the_first_is_told_at_once(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    with stage.planning() as first:
        assert stage.deploy() == 1

        assert stage.verbs.count("plan") == 1
        assert capsys.readouterr().err == (
            f"deploy: somebody deploys dev from this checkout just now (process {os.getpid()}): "
            "wait until that has ended, then try again.\n"
        )

    assert first.result() == 0
    assert stage.deploy() == 0


def test_a_region_without_emr_serverless_is_refused(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(SPARK, region="eu-nowhere-1")
    stage.answers["ListApplications"] = EndpointConnectionError(
        endpoint_url="https://emr-serverless.eu-nowhere-1.amazonaws.com/"
    )

    assert refused(stage, capsys) == (
        "eu-nowhere-1 has no EMR Serverless (its endpoint does not answer): set another region in "
        "the environment's tfvars.\n"
    )


def test_a_stream_is_refused_where_firehose_writes_no_iceberg(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(to_make("aws_kinesis_firehose_delivery_stream"), region="mx-central-1")
    assert "Firehose writes no Iceberg tables in mx-central-1: set" in refused(stage, capsys)

    stage.wants(region="mx-central-1")
    assert stage.deploy() == 0


def test_ten_concurrent_lambdas_can_be_lived_with_but_not_reserved(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.answers["GetAccountSettings"] = limits(10)
    stage.wants(to_make(FUNCTION, reserved_concurrent_executions=-1))

    assert stage.deploy() == 0
    assert (
        "warning: this account runs 10 Lambdas at once: the lake works" in capsys.readouterr().out
    )

    (stage.folder / "calls.jsonl").unlink()
    stage.wants(to_make(FUNCTION, reserved_concurrent_executions=5))
    assert refused(stage, capsys) == (
        "the plan reserves 5 concurrent Lambdas more, and of the 10 of this account 0 can be "
        "reserved: set reserved_concurrency = {} in the environment's tfvars, or ask for more at "
        "https://eu-west-1.console.aws.amazon.com/servicequotas/home/services/lambda/quotas/"
        "L-B99A9384.\n"
    )


def test_what_is_reserved_already_is_not_counted_again(stage: Stage) -> None:
    stage.answers["GetAccountSettings"] = limits(1000, free=100)
    reserved = {"reserved_concurrent_executions": 20}
    stage.wants(change(FUNCTION, ["no-op"], reserved, reserved))

    assert stage.deploy() == 0


@pytest.mark.parametrize(("wanted", "code"), [(20, 0), (21, 1)])
def test_a_hundred_lambdas_stay_for_everybody_else(stage: Stage, wanted: int, code: int) -> None:
    stage.answers["GetAccountSettings"] = limits(1000, free=120)
    stage.wants(to_make(FUNCTION, reserved_concurrent_executions=wanted))

    assert stage.deploy() == code


def test_spark_may_not_take_more_than_the_account_has(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(to_make("aws_emrserverless_application", maximum_capacity=[{"cpu": "32 vCPU"}]))

    text = refused(stage, capsys)
    assert text.startswith("Spark may take 32 vCPU, and this account has 16 in all: lower spark_")
    assert text.endswith("/services/emr-serverless/quotas/L-D05C8A75.\n")

    stage.answers["GetServiceQuota"] = {"Quota": {"Value": 32.0}}
    assert stage.deploy() == 0


def test_lake_formation_that_lets_nobody_in_is_told(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(to_make("aws_glue_catalog_database", name="tfm_emt_gold"))
    kinds = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
    stage.answers["GetDataLakeSettings"] = {"DataLakeSettings": {kind: [] for kind in kinds}}

    assert "switch on both 'Use only IAM access control'" in refused(stage, capsys)


def test_a_bucket_name_that_somebody_else_has_is_told(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(to_make("aws_s3_bucket", bucket="albufera-raw"))
    stage.answers["HeadBucket"] = refusal("403", 403)

    assert refused(stage, capsys) == (
        "the bucket name albufera-raw is taken by somebody else: set another project, owner or "
        "master in the environment's tfvars.\n"
    )


def test_the_owner_of_a_bucket_is_asked_for_too(stage: Stage) -> None:
    stage.wants(to_make("aws_s3_bucket", bucket="albufera-raw"))
    asked = []

    def head(parameters: object) -> None:
        asked.append(parameters)
        refusal("404", 404)({})

    stage.answers["HeadBucket"] = head

    assert stage.deploy() == 0
    assert asked == [{"Bucket": "albufera-raw", "ExpectedBucketOwner": ACCOUNT}]


def test_another_lake_of_the_same_account_is_not_run_into(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    glue = boto3.client("glue", region_name="eu-west-1")
    for name in ("emt_bronze", "emt_gold", "emt_silver", "ops"):
        glue.create_database(DatabaseInput={"Name": name})
    names = ("emt_bronze", "emt_gold", "emt_silver", "free", "ops")
    stage.wants(*(to_make("aws_glue_catalog_database", name=name) for name in names))

    text = refused(stage, capsys)

    assert text.startswith(
        "the Glue database emt_bronze, the Glue database emt_gold, the Glue database emt_silver "
        "and 1 more: there already, and not in this environment's state; either another lake"
    )


def test_a_deleted_secret_that_keeps_its_name_is_told(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(to_make("aws_secretsmanager_secret", name="dev-emt-secret"))
    stage.answers["DescribeSecret"] = {
        "ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:dev-emt-secret-abcdef",
        "DeletedDate": datetime(2026, 11, 30, tzinfo=UTC),
    }

    text = refused(stage, capsys)

    assert "the secret dev-emt-secret was deleted and keeps its name for some days" in text
    assert "delete-secret --secret-id arn:aws:secretsmanager:eu-west-1:1:secret:dev-emt" in text


@pytest.mark.parametrize(
    "task", [to_make(TASK), to_make(TASK, container_definitions=json.dumps([{"image": IMAGE}]))]
)
def test_a_stream_without_its_image_is_refused(
    stage: Stage, capsys: pytest.CaptureFixture[str], task: dict[str, object]
) -> None:
    stage.wants(SERVICE, task)

    assert refused(stage, capsys) == (
        "the stream is on and its container has no image yet: deploy once with stream_enabled = "
        "false where there is no registry, then `make image ENV=dev`, then deploy.\n"
    )


def test_a_stream_with_its_image_is_deployed(stage: Stage) -> None:
    ecr = boto3.client("ecr", region_name="eu-west-1")
    ecr.create_repository(repositoryName=REPOSITORY)
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": []})
    tag = "0123456789abcdef-arm64"
    ecr.put_image(repositoryName=REPOSITORY, imageManifest=manifest, imageTag=tag)
    stage.wants(SERVICE, to_make(TASK, container_definitions=json.dumps([{"image": IMAGE}])))

    assert stage.deploy() == 0


def test_what_may_not_be_looked_at_is_a_warning(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(SPARK, to_make(FUNCTION, reserved_concurrent_executions=5))
    stage.answers["GetServiceQuota"] = refusal("AccessDeniedException")
    stage.answers["GetAccountSettings"] = refusal("AccessDeniedException")

    assert stage.deploy() == 0

    out = capsys.readouterr().out
    assert "warning: EMR Serverless' quota could not be looked at (not allowed)." in out
    assert "warning: Lambda's quota could not be looked at (not allowed)." in out


def test_a_plan_shows_what_speaks_against_it(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(SPARK, to_make("aws_s3_bucket", bucket="albufera-raw"))
    stage.answers["HeadBucket"] = refusal("403", 403)
    stage.answers["GetServiceQuota"] = {"Quota": {"Value": 4.0}}

    assert stage.deploy("plan") == 1

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "deploy: 2 things must be put right first:"
    assert lines[1].startswith("  - Spark may take 8 vCPU")
    assert lines[2].startswith("  - the bucket name albufera-raw is taken")
