"""The age of tables by their own metadata, and the metrics that alarms and the dashboard read."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.watch import handler as watch
from functions.watch.freshness import Freshness, freshness
from lake.catalog import Catalog
from tests.factories import LambdaContext

NOW = datetime(2025, 8, 30, 12, tzinfo=UTC)
PROMISED = [t for t in Catalog.bundled().tables.values() if t.fresh_within_minutes is not None]


def snapshot(number: int, age_minutes: float, operation: str, rows: int, now: datetime) -> Any:
    moment = now - timedelta(minutes=age_minutes)
    return {
        "snapshot-id": number,
        "parent-snapshot-id": number - 1 or None,
        "timestamp-ms": int(moment.timestamp() * 1000),
        "summary": {"operation": operation, "total-records": str(rows)},
    }


def metadata(*snapshots: Any) -> dict[str, Any]:
    current = snapshots[-1]["snapshot-id"] if snapshots else -1
    return {"current-snapshot-id": current, "snapshots": list(snapshots)}


def test_a_table_is_as_old_as_its_last_write() -> None:
    found = freshness(
        metadata(snapshot(1, 90, "append", 10, NOW), snapshot(2, 30, "overwrite", 12, NOW)), NOW
    )
    assert found == Freshness(minutes=30.0, rows=12)


def test_joining_files_makes_no_table_fresher() -> None:
    found = freshness(
        metadata(snapshot(1, 90, "append", 10, NOW), snapshot(2, 5, "replace", 10, NOW)), NOW
    )
    assert found == Freshness(minutes=90.0, rows=10)


def test_where_only_the_joining_is_left_in_the_history_its_age_counts() -> None:
    assert freshness(metadata(snapshot(7, 500, "replace", 10, NOW)), NOW).minutes == 500.0


def test_a_table_that_nobody_wrote_to_has_no_age() -> None:
    for empty in (metadata(), {}, {"current-snapshot-id": None, "snapshots": None}):
        assert freshness(empty, NOW) == Freshness(minutes=None, rows=0)


@pytest.fixture
def tables(aws: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Every table with a promise in Glue, each of another age; gives the ages."""
    monkeypatch.setenv("DATABASE_PREFIX", "tfm_dgv_mbdde_")
    glue, s3, ages = boto3.client("glue"), boto3.client("s3"), {}
    where = {"LocationConstraint": "eu-south-2"}
    s3.create_bucket(Bucket="warehouse", CreateBucketConfiguration=where)
    for name in {table.database for table in PROMISED}:
        glue.create_database(DatabaseInput={"Name": f"tfm_dgv_mbdde_{name}"})
    now = datetime.fromtimestamp(time.time(), UTC)
    for number, table in enumerate(PROMISED):
        ages[table.id] = 10.0 + number
        key = f"{table.name}/metadata/1 á.metadata.json"
        body = metadata(snapshot(1, ages[table.id], "append", 100 + number, now))
        s3.put_object(Bucket="warehouse", Key=key, Body=json.dumps(body))
        glue.create_table(
            DatabaseName=f"tfm_dgv_mbdde_{table.database}",
            TableInput={
                "Name": table.name,
                "Parameters": {"metadata_location": f"s3://warehouse/{key}"},
            },
        )
    return ages


def sent(text: str) -> list[dict[str, Any]]:
    """The metrics that CloudWatch reads off the log."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def test_each_table_with_a_promise_sends_its_age_and_its_rows(
    tables: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    seen = watch.handler({}, LambdaContext())

    assert len(seen) == len(PROMISED) >= 4
    assert {name: one["minutes"] for name, one in seen.items()} == pytest.approx(tables, abs=0.2)
    metrics = sent(capsys.readouterr().out)
    ages = {m["table"]: m["FreshnessMinutes"] for m in metrics if "FreshnessMinutes" in m}
    rows = {m["table"]: m["TableRows"] for m in metrics if "TableRows" in m}
    assert {name: value[0] for name, value in ages.items()} == pytest.approx(tables, abs=0.2)
    assert rows == {table.id: [100.0 + n] for n, table in enumerate(PROMISED)}
    for metric in metrics:
        (directive,) = metric["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Albufera"
        assert [sorted(names) for names in directive["Dimensions"]] == [["service", "table"]]
        assert metric["service"] == "watch"


def test_a_table_that_cannot_be_looked_at_hides_no_other(
    tables: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = PROMISED[0]
    boto3.client("glue").delete_table(DatabaseName=f"tfm_dgv_mbdde_{lost.database}", Name=lost.name)

    with pytest.raises(watch.NotMeasured, match=lost.id):
        watch.handler({}, LambdaContext())

    measured = {metric["table"] for metric in sent(capsys.readouterr().out)}
    assert measured == set(tables) - {lost.id}
