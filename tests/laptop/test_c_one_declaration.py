"""The last journeys, for they end the lake: nothing to do, all gone, again with one file more."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.deploy import LAPTOP_ACCOUNT
from scripts.deployment.deployer import Place
from scripts.samples import arrivals
from scripts.samples.workbook import Cell, xlsx
from tests.laptop.journey import ROOT, Lake, counts, written

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(900)]

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


def test_the_lake_can_be_destroyed(lake: Lake) -> None:
    services = ("s3", "glue", "sqs", "iam", "lambda", "dynamodb")
    s3, glue, sqs, iam, functions, dynamodb = (lake.client(name) for name in services)

    lake.terraform("destroy")

    assert s3.list_buckets()["Buckets"] == []
    assert glue.get_databases()["DatabaseList"] == []
    assert sqs.list_queues().get("QueueUrls", []) == []
    left = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert left == {Place.of("laptop", LAPTOP_ACCOUNT).role}, "who deploys was there before"
    assert functions.list_functions()["Functions"] == []
    assert dynamodb.list_tables()["TableNames"] == []
    lake.run("loads", code=3)


@pytest.fixture(scope="module")
def with_fountains(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue with one YAML file more, built elsewhere and applied where nothing is left."""
    place = tmp_path_factory.mktemp("toy")
    shutil.copytree(ROOT / "catalog", place / "catalog")
    declaration = place / "catalog" / "city" / "sources" / "fountains.yaml"
    declaration.parent.mkdir(parents=True)
    declaration.write_text(FOUNTAINS, encoding="utf-8")
    build = [sys.executable, "-m", "scripts.build", "--catalog", str(place / "catalog")]
    subprocess.run([*build, "--out", str(place / "build")], cwd=ROOT, check=True)
    lake.terraform("apply", "--build", str(place / "build"))
    return place


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
