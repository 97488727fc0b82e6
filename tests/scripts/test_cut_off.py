"""An apply that was cut off: what it made without writing it down is taken over by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from scripts.deploy import ROOT
from scripts.deployment.progress import Progress
from scripts.deployment.runs import failure
from tests.scripts.deploying import ACCOUNT, Stage, answering, change, to_make

BUCKET = {
    **to_make("aws_s3_bucket", bucket="albufera-raw"),
    "address": 'module.bucket["raw"].aws_s3_bucket.this',
}
# A Terraform that works until it is interrupted, and counts how often that happens.
ENDLESS = """\
#!{python}
import signal, sys, time
from pathlib import Path
place = Path({place!r})
def end(*_):
    with (place / "interrupts").open("a") as file:
        file.write("once\\n")
    (place / "ending").touch()
    while not (place / "may-end").exists():
        time.sleep(0.02)
    sys.exit(1)
signal.signal(signal.SIGINT, end)
(place / "working").touch()
while True:
    time.sleep(0.02)
"""
APPLY = """\
import signal, sys
from pathlib import Path
from scripts.console import Console
from scripts.deploy import heed_endings
from scripts.deployment.runs import Terraform
import os
heed_endings()
place = Path(sys.argv[1])
Terraform(place, "dev", place, {}, os.environ, Console()).apply(planned=place / "plan")
"""


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    stage = Stage(tmp_path, monkeypatch)
    with mock_aws(), answering(stage.answers):
        yield stage


def make_the_bucket() -> None:
    s3 = boto3.client("s3", region_name="eu-west-1")
    place = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="albufera-raw", CreateBucketConfiguration=place)


def test_a_killed_apply_says_so_and_the_next_takes_over_what_it_made(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.wants(BUCKET, to_make("aws_s3_bucket", bucket="albufera-gold"))
    stage.kill_the_next_apply()
    assert stage.deploy() == 1
    assert "apply was killed after 0 changes: run it again" in capsys.readouterr().err
    make_the_bucket()

    assert stage.deploy() == 0

    assert stage.adopted == (
        'import {\n  to = module.bucket["raw"].aws_s3_bucket.this\n  id = "albufera-raw"\n}\n'
    )
    assert stage.verbs[-6:] == ["plan", "show", "plan", "show", "apply", "output"]
    assert "cut off; 1 things that it made are taken over" in capsys.readouterr().out
    assert not (stage.folder / "terraform" / "adopted.tf").exists()


def test_an_apply_that_ended_takes_nothing_over_the_next_time(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stage.deploy() == 0
    stage.wants(BUCKET)
    make_the_bucket()

    assert stage.deploy() == 1

    assert stage.adopted == ""
    assert "the bucket albufera-raw: there already, and not in" in capsys.readouterr().err


def test_each_kind_is_found_by_what_tells_it_from_others(stage: Stage) -> None:
    stage.kill_the_next_apply()
    assert stage.deploy() == 1
    clients = {
        name: boto3.client(name, region_name="eu-west-1")
        for name in ("dynamodb", "emr-serverless", "glue", "iam", "kms", "logs", "scheduler")
    }
    emr = clients["emr-serverless"]
    for name in ("another", "lake"):
        made = emr.create_application(name=name, releaseLabel="emr-7.13.0", type="SPARK")
    clients["glue"].create_database(DatabaseInput={"Name": "gold"})
    clients["iam"].create_role(RoleName="lake-spark", AssumeRolePolicyDocument="{}")
    clients["kms"].create_key(Description="another")
    key = clients["kms"].create_key(Description="of the lake")["KeyMetadata"]["KeyId"]
    clients["logs"].create_log_group(logGroupName="/aws/lambda/lake-promote-two")
    clients["scheduler"].create_schedule_group(Name="lake")
    stage.wants(
        to_make("aws_dynamodb_table", name="lake-ledger"),
        to_make("aws_emrserverless_application", name="lake", maximum_capacity=[]),
        to_make("aws_glue_catalog_database", name="gold"),
        to_make("aws_iam_role", name="lake-spark"),
        to_make("aws_kms_key", description="of the lake"),
        to_make("aws_cloudwatch_log_group", name="/aws/lambda/lake-promote"),
        to_make("aws_scheduler_schedule_group", name="lake"),
        change("aws_s3_object", ["update"], {}, {}),
    )

    assert stage.deploy() == 0

    ids = [line.split('"')[1] for line in stage.adopted.splitlines() if line.startswith("  id")]
    assert ids == [made["applicationId"], f"{ACCOUNT}:gold", "lake-spark", key, "lake"]


def test_an_ending_reaches_terraform_once_and_waits_for_it(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(ENDLESS.format(python=sys.executable, place=str(tmp_path)))
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-c", APPLY, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        await_file(tmp_path / "working")
        process.send_signal(signal.SIGTERM)
        await_file(tmp_path / "ending")
        assert process.poll() is None
        (tmp_path / "may-end").touch()
        _, told = process.communicate(timeout=30)

    assert process.returncode != 0
    assert "KeyboardInterrupt" in told
    assert (tmp_path / "interrupts").read_text() == "once\n"
    assert not (tmp_path / "cut-off").exists()


def await_file(file: Path) -> None:
    deadline = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} never came"
        time.sleep(0.02)


def test_a_state_that_somebody_holds_is_told_with_who_and_how_to_free_it() -> None:
    progress = Progress()
    progress.errors.append(
        "Error acquiring the state lock\n"
        "    Error message: operation error S3: PutObject, PreconditionFailed\n"
        "    Lock Info:\n"
        "      ID:        6f3a-1\n"
        "      Path:      lake/terraform.tfstate\n"
        "      Who:       ana@desk\n"
        "      Created:   2026-11-30 20:00:00 UTC\n"
    )

    assert failure("apply", 1, progress, "terraform force-unlock") == (
        "another Terraform holds the state (ana@desk, since 2026-11-30 20:00:00 UTC): wait until "
        "it has ended; if it was cut off, `terraform force-unlock 6f3a-1` frees the state."
    )
