"""The last journeys, for they end the lake: nothing to do, all gone, again with one file more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lake_cli.deployment import LAPTOP, Deployment
from local.installed import cloud_python
from local.lifecycle import REGION
from scripts.deploy import LAPTOP_ACCOUNT
from scripts.deployment.deployer import Place, documents
from scripts.samples import arrivals
from scripts.samples.workbook import Cell, xlsx
from tests.catalog.toys import declare, own_declarations
from tests.laptop.journey import ROOT, Lake, counts, eventually, written

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(900)]

AT_WORK = ["SUBMITTED", "PENDING", "SCHEDULED", "RUNNING"]
FOUNTAINS = """\
about: Drinking fountains of a city, as a clerk lists them.
kind: upload
format: {sheet: Fuentes}
reject_share: 0.5
table:
  name: silver.fountains
  about: One drinking fountain.
  key: [fountain_id]
  columns:
    fountain_id: {type: string, required: true, about: Number on the plate, from: Nº}
    district: {type: string, about: Where it stands, from: Distrito}
    litres_per_day: {type: double, unit: l, about: How much it gives, from: Litros}
    since: {type: date, about: First day of service, from: Alta, format: "%d/%m/%Y"}
  checks:
    - {column: litres_per_day, between: [0, 5000]}
"""
ROWS: list[tuple[Cell, ...]] = [
    ("0001", "Arganzuela", "12,5", "01/02/1999"),
    ("0002", "Chamberí", 1200, "15/08/2010"),
    ("0002", "Chamberí", 1200, "15/08/2010"),
    ("0003", "Latina", -4, "15/08/2010"),
    (None, "Retiro", 3, "15/08/2010"),
]


def test_a_second_plan_is_empty(lake: Lake) -> None:
    assert "No changes" in lake.terraform("plan", "--detailed-exitcode")


def test_the_lake_can_be_destroyed_while_it_works(lake: Lake) -> None:
    services = ("s3", "glue", "sqs", "iam", "lambda", "dynamodb")
    s3, glue, sqs, iam, functions, dynamodb = (lake.client(name) for name in services)
    emr, application = lake.client("emr-serverless"), lake.deployment["spark_application_id"]
    lake.run("run", "emt/gold", "--full")
    eventually(lambda: emr.list_job_runs(applicationId=application, states=AT_WORK)["jobRuns"])

    assert "the lake: at rest" in lake.terraform("destroy")

    assert emr.list_applications()["applications"] == []
    assert s3.list_buckets()["Buckets"] == []
    assert glue.get_databases()["DatabaseList"] == []
    assert sqs.list_queues().get("QueueUrls", []) == []
    left = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert left == {Place.of("laptop", LAPTOP_ACCOUNT).role}, "who deploys was there before"
    assert functions.list_functions()["Functions"] == []
    assert dynamodb.list_tables()["TableNames"] == []
    lake.run("loads", code=3)


def resources_of(state: Path) -> list[dict[str, Any]]:
    """What Terraform's state holds; nothing in the moment in which Terraform writes it."""
    try:
        resources: list[dict[str, Any]] = json.loads(state.read_text())["resources"]
    except ValueError:
        return []
    return resources


def cut_off(lake: Lake, *words: str) -> str:
    """An apply whose Terraform is killed when Spark's application is there and not in the state."""
    names = Deployment(LAPTOP, {"region": REGION, "endpoint": f"http://127.0.0.1:{lake.port}"})
    emr, state = names.client("emr-serverless"), lake.state_dir / "terraform" / "terraform.tfstate"
    place = ("--state-dir", str(lake.state_dir), "--port", str(lake.port))
    command = [sys.executable, "-m", "scripts.deploy", "apply", *place, *words]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: emr.list_applications()["applications"])
        resources = eventually(lambda: resources_of(state))
        known = {resource["type"] for resource in resources if resource["instances"]}
        assert "aws_emrserverless_application" not in known
        listed = ["ps", "-axww", "-o", "pid=,ppid=,command="]
        lines = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
        (terraform,) = (
            int(pid)
            for pid, parent, name, *_ in map(str.split, lines.splitlines())
            if parent == str(process.pid) and name == "terraform"
        )
        os.kill(terraform, signal.SIGKILL)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    return told


@pytest.fixture(scope="module")
def with_fountains(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue with one YAML file more, applied where nothing is left, at the second try."""
    place = tmp_path_factory.mktemp("toy")
    declare(own_declarations(place), "city/sources/fountains.yaml", FOUNTAINS)
    build = [sys.executable, "-m", "scripts.build", "--declarations", str(place)]
    subprocess.run([*build, "--out", str(place / "build")], cwd=ROOT, check=True)
    told = cut_off(lake, "--build", str(place / "build"))
    assert "apply was killed after" in told
    assert "run it again, it goes on from there" in told
    lake.terraform("apply", "--build", str(place / "build"))
    return place


def test_an_apply_that_was_cut_off_is_healed_by_the_next(lake: Lake, with_fountains: Path) -> None:
    kms = lake.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    named = [key for key in keys if lake.deployment["prefix"] in key["Description"]]

    (application,) = lake.client("emr-serverless").list_applications()["applications"]
    assert application["id"] == lake.deployment["spark_application_id"]
    assert [key["Arn"] for key in named if key["KeyState"] == "Enabled"] == [
        lake.deployment["kms_key_arn"]
    ]
    built = ("--build", str(with_fountains / "build"))
    assert "No changes" in lake.terraform("plan", "--detailed-exitcode", *built)


def test_a_toy_source_needs_one_file_from_upload_to_query(lake: Lake, with_fountains: Path) -> None:
    path = with_fountains / "fuentes de la ciudad.xlsx"
    path.write_bytes(xlsx("Fuentes", ("Nº", "Distrito", "Litros", "Alta"), ROWS))

    found = lake.upload("city/fountains", path)[0]

    wanted = {"read": 5, "accepted": 2, "duplicate": 1, "rejected": 2, "empty": 0}
    assert counts(found) == wanted
    columns = "fountain_id, district, litres_per_day, since"
    assert lake.query(f"select {columns} from city_silver.fountains order by 1") == [
        {
            "fountain_id": "0001",
            "district": "Arganzuela",
            "litres_per_day": 12.5,
            "since": "1999-02-01",
        },
        {
            "fountain_id": "0002",
            "district": "Chamberí",
            "litres_per_day": 1200.0,
            "since": "2010-08-15",
        },
    ]
    rejects = lake.ask("rejects", "--source", "city/fountains")
    assert {(row["row_number"], row["column_name"]) for row in rejects} == {
        (5, "litres_per_day"),
        (6, "fountain_id"),
    }
    assert "city_silver.fountains" in {row["table"] for row in lake.ask("tables")}


def test_a_lake_that_was_applied_again_loads_as_the_first_one(
    lake: Lake, with_fountains: Path
) -> None:
    sample = arrivals.day(80, "2025-09-03", 14)
    found = lake.upload(sample.source, *written(with_fountains, sample))[0]
    assert counts(found) == sample.truth.counts
    assert lake.count("emt_silver.arrivals_predictions") == sample.truth.accepted


# What nothing here asks of who deploys: it comes from AWS's documents, each with its reason.
UNSEEN = {
    "Budget": "the laptop has no budget",
    "LetServicesUseTheKey": "ministack's services ask nobody for a grant of their own",
    "NetworkOfSpark": "the laptop's Spark has no network interface",
    "RolesOfServices": "ministack's services need no role of their own",
    "Subscriptions": "nobody's address stands in the laptop's values",
}


def test_each_statement_of_who_deploys_was_needed_or_has_its_reason(
    lake: Lake, with_fountains: Path
) -> None:
    """By now the lake was applied, planned, destroyed at work, cut off and applied again."""
    place = Place.of("laptop", LAPTOP_ACCOUNT)
    policies = list(documents(place).values())

    answer = subprocess.run(
        [str(cloud_python()), "-m", "local.iam.replay", str(lake.state_dir)],
        input=json.dumps({place.role: policies}), cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    needed = {loss["statement"] for loss in json.loads(answer.stdout) if loss["refused"]}
    every = {each["Sid"] for policy in policies for each in policy["Statement"]}
    assert every - needed == set(UNSEEN)
