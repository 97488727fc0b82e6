"""The state of the lake: what each part of it says, its bounds, and what a person is told to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lake.accounting import Counts
from lake.catalog import Catalog
from lake.polls import FAILED as POLL_FAILED
from lake.polls import PollState
from lake.records import FAILED, LOADED, LOADING, QUARANTINED, UNROUTED, WAITING, FileRecord, iso
from lake.state import Queue, Seen, compose
from lake.state.holdings import Freshness, freshness, streamed_at
from lake.state.intake import LOADS, OPEN_FILES, promise_minutes
from lake.state.runs import Execution, Result
from lake.tallies import Tally

CATALOG = Catalog.bundled()
NOW = datetime(2025, 8, 30, 12, tzinfo=UTC)
OWN = {"lake.token": "t"}
EMR = json.dumps({"JobRun": {"StateDetails": "Job failed: emt_gold: nothing is published: rows"}})


def snapshot(
    number: int,
    age_minutes: float,
    operation: str,
    rows: int = 10,
    more: Mapping[str, str] | None = None,
) -> Any:
    moment = NOW - timedelta(minutes=age_minutes)
    return {
        "snapshot-id": number,
        "parent-snapshot-id": number - 1 or None,
        "timestamp-ms": int(moment.timestamp() * 1000),
        "summary": {"operation": operation, "total-records": str(rows), **(more or {})},
    }


def metadata(*snapshots: Any) -> dict[str, Any]:
    current = snapshots[-1]["snapshot-id"] if snapshots else -1
    return {"current-snapshot-id": current, "snapshots": list(snapshots)}


def file(number: int = 0, state: str = LOADED, source: str = "emt/arrivals") -> FileRecord:
    received = iso(NOW - timedelta(minutes=number))
    sha256 = f"{number:064x}"
    return FileRecord(
        source=source,
        sha256=sha256,
        file_name=f"{number}.xlsx",
        raw_key=f"{source}/{number}.xlsx",
        size=1,
        received_at=received,
        first_seen=received,
        last_seen=received,
        state=state,
        first_receipt="",
        load_id=f"{sha256[:16]}-0",
        reason="" if state == LOADED else "a cell is no number",
    )


def state(**seen: Any) -> dict[str, Any]:
    """The document of a lake of which this much was seen."""
    whole: dict[str, Any] = {
        "metadata": dict.fromkeys(CATALOG.tables, metadata()),
        "executions": {name: [] for name in CATALOG.pipelines},
    }
    return compose(CATALOG, Seen(at=NOW, **(whole | seen)))


def source(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next(row for row in document["sources"] if row["source"] == name)


def advice(document: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str, str]]:
    for row in document["advice"]:
        if row["kind"] == kind:
            yield row["text"], row["command"], row["runbook"].partition("#")[2]


# Tables


def test_a_table_is_as_old_as_its_last_write() -> None:
    found = freshness(metadata(snapshot(1, 90, "append"), snapshot(2, 30, "overwrite", 12)), NOW)
    assert found == Freshness(minutes=30.0, rows=12)


def test_joining_files_makes_no_table_fresher() -> None:
    found = freshness(metadata(snapshot(1, 90, "append"), snapshot(2, 5, "replace")), NOW)
    assert found == Freshness(minutes=90.0, rows=10)


def test_where_only_the_joining_is_left_in_the_history_its_age_counts() -> None:
    assert freshness(metadata(snapshot(7, 500, "replace")), NOW).minutes == 500.0


def test_a_table_that_nobody_wrote_to_has_no_age() -> None:
    for empty in (metadata(), {}, {"current-snapshot-id": None, "snapshots": None}):
        assert freshness(empty, NOW) == Freshness(minutes=None, rows=0)


def test_rows_that_wait_on_a_branch_for_their_checks_are_not_shown() -> None:
    shown = metadata(snapshot(1, 90, "append", 10), snapshot(2, 60, "append", 20))
    staged = {**snapshot(3, 1, "append", 99), "parent-snapshot-id": 2}
    table = next(iter(CATALOG.tables))

    document = state(metadata={table: {**shown, "snapshots": [*shown["snapshots"], staged]}})

    row = next(row for row in document["tables"] if row["table"] == table)
    assert (row["rows"], [one["id"] for one in row["snapshots"]]) == (20, ["2", "1"])


def test_a_table_shows_its_ten_newest_snapshots() -> None:
    table = next(iter(CATALOG.tables))
    many = metadata(*(snapshot(number, 100 - number, "append") for number in range(1, 41)))

    row = next(row for row in state(metadata={table: many})["tables"] if row["table"] == table)

    assert [one["id"] for one in row["snapshots"]] == [str(n) for n in range(40, 30, -1)]


def test_a_stream_is_as_fresh_as_what_no_load_has_signed() -> None:
    loads = [snapshot(1, 90, "append"), snapshot(2, 30, "overwrite", more=OWN)]
    upkeep = [snapshot(3, 20, "overwrite", more={"lake.deduped": "1"}), snapshot(4, 10, "replace")]

    assert streamed_at(metadata(*loads, *upkeep)) == "2025-08-30T10:30:00Z"
    assert streamed_at(metadata(snapshot(1, 30, "append", more=OWN))) is None
    assert streamed_at(metadata()) is None


def test_a_stream_whose_last_snapshot_has_expired_is_at_least_as_old_as_what_is_kept() -> None:
    assert streamed_at(metadata(snapshot(5, 600, "append", more=OWN))) == "2025-08-30T02:00:00Z"


# Sources


def test_the_rows_of_a_source_are_the_sum_of_all_its_loads_not_of_those_shown() -> None:
    sums = Counts(read=1_000_000, accepted=900_000, duplicate=60_000, rejected=40_000)
    tally = Tally("emt/arrivals", 100_000, sums, iso(NOW - timedelta(minutes=1)))

    own = source(state(tallies={"emt/arrivals": tally}), "emt/arrivals")

    assert (own["counts"], own["files"]) == (sums.as_dict(), 100_000)
    assert own["counts"]["read"] == sum(own["counts"].values()) - own["counts"]["read"]


@pytest.mark.parametrize(("minutes", "word"), [(1, "fresh"), (24 * 60, "fresh"), (1441, "late")])
def test_a_source_is_late_when_its_last_load_is_older_than_promised(
    minutes: int, word: str
) -> None:
    promise = CATALOG.tables["emt_silver.arrivals_predictions"].fresh_within_minutes
    assert promise == 24 * 60
    tally = Tally("emt/arrivals", 1, Counts(), iso(NOW - timedelta(minutes=minutes)))

    document = state(tallies={"emt/arrivals": tally})

    assert source(document, "emt/arrivals")["status"] == word
    assert len(list(advice(document, "late"))) == (word == "late")


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({}, "never"),
        ({WAITING: [file(1, WAITING)]}, "waiting"),
        ({LOADED: [file(1)], LOADING: [file(2, LOADING)]}, "fresh"),
        ({LOADED: [file(1)], QUARANTINED: [file(2, QUARANTINED)]}, "fresh"),
        ({LOADED: [file(1)], FAILED: [file(2, FAILED)]}, "failing"),
    ],
)
def test_one_word_says_how_a_source_is(files: dict[str, list[FileRecord]], word: str) -> None:
    assert source(state(files=files), "emt/arrivals")["status"] == word


def test_who_never_sent_anything_has_broken_no_promise() -> None:
    document = state()

    assert {row["status"] for row in document["sources"]} == {"never"}
    assert [row["source"] for row in document["sources"]] == list(CATALOG.sources)
    assert document["advice"] == []


def test_a_source_that_is_declared_no_more_still_shows_its_files() -> None:
    row = state(files={FAILED: [file(1, FAILED, "old/one")]})["sources"][-1]

    assert (row["source"], row["kind"], row["failed"]) == ("old/one", "undeclared", 1)


def test_loads_are_the_newest_of_every_state_the_last_received_first() -> None:
    loaded = [file(number) for number in range(1, LOADS + 1)]
    document = state(files={LOADED: loaded, WAITING: [file(0, WAITING)]})

    loads = document["loads"]
    assert (len(loads), loads[0]["state"], loads[-1]["file_name"]) == (LOADS, WAITING, "199.xlsx")


# Pipelines and checks


def test_a_failed_run_says_why_in_the_words_of_the_job() -> None:
    told = {
        "name": "r9",
        "status": "FAILED",
        "startDate": NOW - timedelta(hours=2),
        "stopDate": NOW - timedelta(hours=1, minutes=30),
        "error": "JobFailed",
        "cause": f"emt_gold: {EMR}",
    }
    document = state(executions={"emt/gold": [Execution.of(told)], "ops/upkeep": []})

    by_id = {one["pipeline"]: one for one in document["pipelines"]}
    gold, upkeep = by_id["emt/gold"], by_id["ops/upkeep"]
    assert (gold["status"], gold["seconds"]) == ("failed", 1800)
    assert gold["reason"] == (
        "JobFailed: emt_gold: Job failed: emt_gold: nothing is published: rows"
    )
    assert (upkeep["status"], upkeep["run"]) == ("never", None)
    ((text, command, anchor),) = advice(document, "failing")
    assert (command, anchor) == ("lake run emt/gold --wait", "pipeline-failed")
    assert "90 min ago" in text
    assert "nothing is published: rows" in text


def test_a_run_that_was_cut_off_leads_to_its_own_entry() -> None:
    cut = Execution("r1", "timed_out", NOW - timedelta(hours=9), NOW)

    document = state(executions={"emt/gold": [cut], "ops/upkeep": []})

    assert [anchor for *_, anchor in advice(document, "failing")] == ["pipeline-timed-out"]
    assert "longer than its file allows" in document["pipelines"][0]["reason"]


def verdict(**changes: Any) -> dict[str, Any]:
    said = {"table_id": "a.b", "check_name": "rows", "column_name": "", "severity": "stop"}
    told = {"expected": "at least 1", "actual": 5.0, "passed": True, "reason": None}
    return {**said, **told, **changes}


def test_each_check_shows_its_newest_verdict_and_a_warning_is_told() -> None:
    bad = {"severity": "warn", "passed": False, "reason": "a.b: nulls of c is 0.5, at most 0.1"}
    newest = [verdict(), verdict(check_name="nulls", column_name="c", **bad)]
    results = [
        Result("r2", "j", NOW, {"quality": newest}),
        Result("r1", "j", NOW, {"quality": [verdict(actual=1.0)]}),
    ]
    document = state(results=results)

    assert [(row["check"], row["column"], row["actual"]) for row in document["quality"]] == [
        ("nulls", "c", 5.0),
        ("rows", None, 5.0),
    ]
    ((text, _, _),) = advice(document, "person")
    assert text == "a check of a.b warns: a.b: nulls of c is 0.5, at most 0.1"


# Advice


def test_every_trouble_comes_with_a_command_and_a_place_in_the_runbook() -> None:
    document = state(
        files={
            FAILED: [file(n, FAILED) for n in (1, 2)],
            QUARANTINED: [file(3, QUARANTINED), file(4, QUARANTINED, UNROUTED)],
        },
        polls={
            "emt/stops": PollState(
                "emt/stops", POLL_FAILED, iso(NOW), "401", 3, "2025-08-30T09:00:00Z"
            )
        },
        queues=[
            Queue("jobs", False, 9, 0, "arn:jobs"),
            Queue("jobs, dead", True, 1, 0, "arn:jobs-dlq"),
            Queue("undelivered, dead", True, 2, 0, "arn:undelivered"),
        ],
        errors={"table a.b": "gone"},
    )

    assert [row["command"] for row in document["advice"]] == [
        "lake status",
        "lake replay 0000000000000000 0000000000000000",
        "lake poll emt/stops",
        "aws sqs start-message-move-task --source-arn arn:jobs-dlq",
        "make plan",
        "lake quarantine --source emt/arrivals",
        "lake quarantine",
    ]
    assert [row["runbook"].partition("#")[2] for row in document["advice"]] == [
        *("part-not-seen", "jobs-failed", "polls-failed", "dead-letters", "undelivered"),
        *("files-quarantined", "files-quarantined"),
    ]
    texts = [row["text"] for row in document["advice"]]
    assert texts[2] == "emt/stops: no full answer since 3 h ago (3 tries): 401"
    assert "2 files of emt/arrivals failed three times, the last one 1.xlsx" in texts[1]


def test_more_files_than_one_types_are_not_listed_but_looked_up() -> None:
    document = state(files={FAILED: [file(n, FAILED) for n in range(4)]})

    assert [command for _, command, _ in advice(document, "failing")] == [
        "lake loads --source emt/arrivals"
    ]


def test_a_late_gold_table_names_the_pipeline_and_a_late_silver_one_only_its_source() -> None:
    old = metadata(snapshot(1, 3 * 24 * 60, "append"))
    tally = Tally("emt/arrivals", 1, Counts(), iso(NOW - timedelta(days=3)))
    gold = CATALOG.tables["emt_gold.arrivals_weather"]
    assert gold.fresh_within_minutes is not None
    tables = {name: metadata() for name in CATALOG.tables}

    document = state(
        metadata=tables | {gold.id: old, "emt_silver.arrivals_predictions": old},
        tallies={"emt/arrivals": tally},
    )

    late = {row["table"] for row in document["tables"] if row["late"]}
    assert late == {gold.id, "emt_silver.arrivals_predictions"}
    assert [command for _, command, _ in advice(document, "late")] == [
        "lake poll emt/arrivals --wait",
        "lake run emt/gold --wait",
    ]


def test_one_that_never_sent_anything_hides_no_late_one_behind_it() -> None:
    *_, last = (
        name for name, one in CATALOG.sources.items() if promise_minutes(CATALOG, one) is not None
    )
    assert last != next(iter(CATALOG.sources))

    document = state(files={LOADED: [file(60 * 24 * 60, source=last)]})

    assert [text.partition(":")[0] for text, _, _ in advice(document, "late")] == [last]


def test_a_source_of_several_tables_keeps_the_strictest_of_their_promises() -> None:
    arrivals = CATALOG.source("emt/arrivals")
    names = ("emt_silver.arrivals_predictions", "emt_silver.stops", "emt_silver.lines")
    promises = dict(zip(names, (120, 30, None), strict=True))
    tables = {
        name: replace(CATALOG.tables[name], fresh_within_minutes=minutes)
        for name, minutes in promises.items()
    }
    catalog = replace(CATALOG, tables={**CATALOG.tables, **tables})

    assert promise_minutes(catalog, replace(arrivals, feeds=names)) == 30
    assert promise_minutes(catalog, replace(arrivals, feeds=names[2:])) is None


# Bounds


def test_the_state_of_a_lake_of_a_hundred_thousand_files_stays_small() -> None:
    """As many files as are ever looked at, each with the longest name and reason."""

    def many(state: str, count: int) -> list[FileRecord]:
        return [
            replace(file(n, state), file_name="ñ" * 500, reason="x" * 5000) for n in range(count)
        ]

    files = {LOADED: many(LOADED, LOADS)} | {
        state: many(state, OPEN_FILES) for state in (WAITING, LOADING, FAILED, QUARANTINED)
    }
    tally = Tally("emt/arrivals", 100_000, Counts(5, 5), iso(NOW))

    document = state(files=files, tallies={"emt/arrivals": tally})

    size = len(json.dumps(document, ensure_ascii=False).encode())
    assert size < 1_000_000
    assert (len(document["loads"]), len(document["quarantine"])) == (LOADS, LOADS)
    assert document["limits"]["cut"] == ["waiting", "loading", "failed", "quarantined"]
    assert any("at least 2,000 files" in row["text"] for row in document["advice"])
