"""What goes wrong on the way to a table: doubled events, four writers, failing jobs, stops."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.samples import Sample, arrivals, broken, reference
from tests.laptop.journey import Answer, Lake, counts, eventually, written

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(900)]

DAY = "2025-09-02"
PREDICTIONS = "emt_silver.arrivals_predictions"
TWICE = arrivals.day(30, DAY, 28)


@pytest.fixture(scope="module")
def twice(lake: Lake) -> dict[str, Any]:
    """A workbook whose event comes three times; and how many jobs that started."""
    raw, key = lake.deployment.bucket("raw"), f"{TWICE.source}/twice.xlsx"
    before = lake.runs()
    version = lake.client("s3").put_object(Bucket=raw, Key=key, Body=TWICE.content)["VersionId"]
    detail = {"bucket": {"name": raw}, "object": {"key": key, "version-id": version}}
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    for _ in range(2):  # and once by S3 itself
        lake.client("sqs").send_message(
            QueueUrl=lake.deployment["uploads_queue_url"], MessageBody=json.dumps(event)
        )
    loads = eventually(lambda: _loads(lake, TWICE, "loaded"))
    eventually(lambda: _at_rest(lake))
    assert len(loads) == 1
    found: dict[str, Any] = loads[0] | {"runs": lake.runs() - before}
    return found


def test_the_same_event_three_times_is_one_load(twice: Mapping[str, Any]) -> None:
    assert twice["seen"] == 1
    assert twice["runs"] == 1
    assert counts(twice) == TWICE.truth.counts


def _at_rest(lake: Lake) -> bool:
    """Whether no message waits or is being handled."""
    queues = [row for row in lake.ask("status") if row["kind"] == "queue"]
    return not any(row["waiting"] + row["in_flight"] for row in queues)


def _loads(lake: Lake, sample: Sample, status: str) -> Answer:
    return [
        load
        for load in lake.ask("loads", "--limit", "100")
        if load["sha256"] == sample.sha256 and load["status"] == status
    ]


def test_four_processes_at_once_write_each_row_once(lake: Lake, tmp_path: Path) -> None:
    shared = arrivals.polls(40, DAY, 30)
    samples = [
        arrivals.sample(arrivals.polls(seed, DAY, 60) + shared, f"arrivals-{seed}.xlsx")
        for seed in (41, 42, 43, 44)
    ]
    every = frozenset[tuple[object, ...]]().union(*(sample.keys for sample in samples))
    before = lake.count(PREDICTIONS)

    running = [
        lake.start("upload", sample.source, str(path), "--wait", "--json")
        for sample, path in zip(samples, written(tmp_path, *samples), strict=True)
    ]
    answers = []
    for process in running:
        with process:
            out, said = process.communicate(timeout=600)
        assert process.returncode == 0, said
        answers += json.loads(out)

    found = lake.query(f"select count(*) as n, count(distinct id) as ids from {PREDICTIONS}")[0]
    assert sum(answer["accepted"] for answer in answers) == len(every)
    assert found["n"] == found["ids"] == before + len(every)


def test_a_file_whose_job_keeps_failing_is_replayed_after_the_fix(
    lake: Lake, tmp_path: Path
) -> None:
    sample = reference.stops(extra=1)
    s3, bucket = lake.client("s3"), lake.deployment.bucket("jobs")
    place = {"Bucket": bucket, "Key": "spark/emt_stops.py"}
    broken_script = s3.put_object(**place, Body=b"raise SystemExit('not today')\n")
    try:
        failed = lake.upload(sample.source, *written(tmp_path, sample), code=1)[0]
    finally:
        s3.delete_object(**place, VersionId=broken_script["VersionId"])

    sent = lake.ask("replay", failed["load_id"])
    loads = eventually(lambda: _loads(lake, sample, "loaded"))

    assert failed["status"] == "failed"
    assert failed["reason"]
    assert sent[0]["load_id"] == loads[0]["load_id"] != failed["load_id"]
    assert counts(loads[0])["read"] == sample.truth.read


def test_a_loaded_file_that_is_replayed_changes_no_row(
    lake: Lake, twice: Mapping[str, Any]
) -> None:
    newest = f"select count(*) as n, max(ingest_ts) as newest from {PREDICTIONS}"
    before = lake.query(newest)

    sent = lake.ask("replay", twice["load_id"])
    again = eventually(lambda: _loads(lake, TWICE, "loaded"))

    assert again[0]["load_id"] == sent[0]["load_id"] == f"{TWICE.sha256[:16]}-1"
    assert again[0]["accepted"] == 0
    assert again[0]["read"] == twice["read"]
    assert lake.query(newest) == before


def test_a_refused_file_that_is_replayed_is_examined_anew(lake: Lake, tmp_path: Path) -> None:
    sample = broken.truncated(60, DAY)
    refused = lake.upload(sample.source, *written(tmp_path, sample), code=1)[0]

    lake.ask("replay", sample.sha256[:16])
    again = eventually(
        lambda: [
            file
            for file in lake.ask("quarantine")
            if file["sha256"] == sample.sha256 and file["seen"] == 2
        ]
    )

    assert again[0]["reason"] == refused["reason"]


def test_an_id_that_nobody_has_is_refused(lake: Lake) -> None:
    lake.run("replay", "0123456789abcdef", code=1)
    lake.run("replay", code=2)


def test_a_stop_in_the_middle_of_a_job_loses_nothing(lake: Lake, tmp_path: Path) -> None:
    sample = arrivals.day(70, DAY, 28)
    before = lake.count(PREDICTIONS)
    known = by_load(lake)
    lake.run("upload", sample.source, *map(str, written(tmp_path, sample)))
    eventually(lambda: _loads(lake, sample, "loading"))

    assert lake.processes()
    lake.run("down", timeout=120)
    assert lake.processes() == []
    lake.run("loads", code=3)
    assert lake.ask("up")[0]["applied"] is False

    loads = eventually(lambda: _loads(lake, sample, "loaded"), seconds=240)
    assert counts(loads[0]) == sample.truth.counts
    assert lake.count(PREDICTIONS) == before + sample.truth.accepted
    assert {name: by_load(lake)[name] for name in known} == known


def by_load(lake: Lake) -> dict[str, Any]:
    """What the lake knows of each load."""
    return {load["sha256"]: load for load in lake.ask("loads", "--limit", "100")}
