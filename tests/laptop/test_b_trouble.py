"""What goes wrong between a file and its table: doubled events, four writers, failing jobs, stops."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scripts.samples import Sample, arrivals, broken, reference
from tests.laptop.journey import Lake, by_name, counts, eventually, written

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(900)]

DAY = "2025-09-02"
PREDICTIONS = "emt_silver.arrivals_predictions"


def test_the_same_event_twice_is_one_load(lake: Lake) -> None:
    sample = arrivals.day(30, DAY, 28)
    raw, key = lake.deployment.bucket("raw"), f"{sample.source}/twice.xlsx"
    before = lake.runs()

    version = lake.client("s3").put_object(Bucket=raw, Key=key, Body=sample.content)["VersionId"]
    detail = {"bucket": {"name": raw}, "object": {"key": key, "version-id": version}}
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    for _ in range(2):  # and once more by S3 itself
        lake.client("sqs").send_message(
            QueueUrl=lake.deployment["uploads_queue_url"], MessageBody=json.dumps(event)
        )
    loads = eventually(lambda: _loads(lake, sample, "loaded"))

    assert len(loads) == 1
    assert loads[0]["seen"] == 1
    assert counts(loads[0]) == sample.truth.counts
    assert lake.runs() == before + 1


def _loads(lake: Lake, sample: Sample, status: str) -> list[dict[str, object]]:
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
    s3, place = (
        lake.client("s3"),
        {"Bucket": lake.deployment.bucket("jobs"), "Key": "spark/emt_stops.py"},
    )
    script = s3.get_object(**place)["Body"].read()
    try:
        s3.put_object(**place, Body=b"raise SystemExit('not today')\n")
        failed = lake.upload(sample.source, *written(tmp_path, sample), code=1)[0]
    finally:
        s3.put_object(**place, Body=script)

    sent = lake.ask("replay", failed["load_id"])
    loads = eventually(lambda: _loads(lake, sample, "loaded"))

    assert failed["status"] == "failed"
    assert failed["reason"]
    assert sent[0]["load_id"] == loads[0]["load_id"] != failed["load_id"]
    assert counts(loads[0])["read"] == sample.truth.read


def test_a_loaded_file_that_is_replayed_changes_no_row(lake: Lake, tmp_path: Path) -> None:
    sample = arrivals.day(50, DAY, 28)
    first = lake.upload(sample.source, *written(tmp_path, sample))[0]
    before = lake.query(f"select count(*) as n, max(ingest_ts) as newest from {PREDICTIONS}")

    lake.ask("replay", first["load_id"])
    again = eventually(lambda: [x for x in _loads(lake, sample, "loaded") if x["duplicate"]])

    assert again[0]["load_id"] == first["load_id"][:-1] + "1"
    assert counts(again[0])["accepted"] == 0
    assert counts(again[0])["read"] == first["read"]
    assert before == lake.query(
        f"select count(*) as n, max(ingest_ts) as newest from {PREDICTIONS}"
    )


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


def test_after_a_stop_and_a_start_everything_is_as_it_was(lake: Lake, tmp_path: Path) -> None:
    tables = {row["table"]: row["rows"] for row in lake.ask("tables")}
    loads = lake.ask("loads", "--limit", "100")
    pid = int((lake.state_dir / "cloud.pid").read_text())

    lake.run("down", timeout=120)

    assert not Path(f"/proc/{pid}").exists() or os.name != "posix"
    lake.run("loads", code=3)
    up = lake.ask("up")[0]
    assert up["applied"] is False
    assert {row["table"]: row["rows"] for row in lake.ask("tables")} == tables
    assert lake.ask("loads", "--limit", "100") == loads
    sample = arrivals.day(70, DAY, 14)
    found = by_name(lake.upload(sample.source, *written(tmp_path, sample)))
    assert counts(found[sample.file_name]) == sample.truth.counts
