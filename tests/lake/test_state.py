"""The state of the lake: what each part of it says, its bounds, and what a person is told to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
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
from lake.state.runs import Execution, Result, parsed, reason, why
from lake.state.words import counted, minutes_since, of_millis, short, span, whole_second
from lake.tallies import Tally

CATALOG = Catalog.bundled()
NOW = datetime(2025, 8, 30, 12, tzinfo=UTC)
OWN = {"lake.token": "t"}
RUNBOOK = Path(__file__).parents[2] / "docs" / "operations.md"
ENTRIES = {
    line.strip("# ").lower().replace(" ", "-")
    for line in RUNBOOK.read_text("utf-8").splitlines()
    if line.startswith("#")
}
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


def part(document: Mapping[str, Any], kind: str, name: str) -> dict[str, Any]:
    """The row of one table or pipeline."""
    found: dict[str, Any] = next(row for row in document[kind] if row[kind[:-1]] == name)
    return found


def advice(document: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str, str]]:
    """Text, command and entry in the runbook, which has that entry."""
    for row in document["advice"]:
        page, _, entry = row["runbook"].partition("#")
        assert (page, entry in ENTRIES) == ("docs/operations.md", True)
        if row["kind"] == kind:
            yield row["text"], row["command"], entry


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


def test_where_only_joinings_are_left_the_oldest_of_them_counts() -> None:
    left = metadata(snapshot(7, 500, "replace"), snapshot(8, 200, "replace"))

    assert freshness(left, NOW).minutes == 500.0


@pytest.mark.parametrize("signed", ["lake.token", "lake.loads", "lake.run", "lake.deduped"])
def test_whatever_a_job_has_signed_is_not_the_streams(signed: str) -> None:
    signed_one = snapshot(2, 30, "append", more={signed: "x"})

    assert streamed_at(metadata(snapshot(1, 90, "append"), signed_one)) == "2025-08-30T10:30:00Z"


@pytest.mark.parametrize("parent", [None, -1])
def test_a_history_that_is_whole_without_a_stream_has_none(parent: int | None) -> None:
    first = {**snapshot(5, 600, "append", more=OWN), "parent-snapshot-id": parent}

    assert streamed_at(metadata(first)) is None


def test_a_table_tells_all_of_this_and_is_late_only_past_its_promise() -> None:
    table = CATALOG.tables["emt_gold.arrivals_weather"]
    assert table.fresh_within_minutes == 2880
    sizes = {"total-files-size": "4096", "total-data-files": "2"}
    changed = {**sizes, "added-records": "7", "deleted-records": "3"}
    bare = {**snapshot(1, 3000, "append"), "summary": {"operation": "append"}}
    found = metadata(bare, snapshot(2, 2880, "overwrite", 12, changed))

    row = part(state(metadata={table.id: found}), "tables", table.id)

    assert row == {
        "table": "emt_gold.arrivals_weather",
        "layer": "gold",
        "about": table.about,
        "rows": 12,
        "bytes": 4096,
        "files": 2,
        "snapshot": "2",
        "updated_at": "2025-08-28T12:00:00Z",
        "age_minutes": 2880.0,
        "promise_minutes": 2880,
        "late": False,
        "snapshots": [
            {
                "id": "2",
                "at": "2025-08-28T12:00:00Z",
                "operation": "overwrite",
                "added": 7,
                "deleted": 3,
            },
            {
                "id": "1",
                "at": "2025-08-28T10:00:00Z",
                "operation": "append",
                "added": 0,
                "deleted": 0,
            },
        ],
        "error": None,
    }


@pytest.mark.parametrize("summary", [{"operation": "append"}, {}, None])
def test_a_table_whose_snapshot_counts_nothing_has_no_rows(summary: Any) -> None:
    bare = metadata({**snapshot(1, 30, "append"), "summary": summary})

    row = part(state(metadata={"emt_silver.lines": bare}), "tables", "emt_silver.lines")

    assert (row["rows"], row["bytes"], row["files"], row["age_minutes"]) == (0, 0, 0, 30.0)
    assert freshness(bare, NOW) == Freshness(minutes=30.0, rows=0)


@pytest.mark.parametrize(
    ("errors", "why_not"),
    [({}, "it was not looked at"), ({"table emt_silver.lines": "gone"}, "gone")],
)
def test_of_a_table_that_was_not_seen_nothing_is_known_but_why(
    errors: dict[str, str], why_not: str
) -> None:
    row = part(state(metadata={}, errors=errors), "tables", "emt_silver.lines")

    assert row == {
        "table": "emt_silver.lines",
        "layer": "silver",
        "about": CATALOG.tables["emt_silver.lines"].about,
        "rows": None,
        "bytes": None,
        "files": None,
        "snapshot": None,
        "updated_at": None,
        "age_minutes": None,
        "promise_minutes": None,
        "late": False,
        "snapshots": [],
        "error": why_not,
    }


# Sources


def test_a_source_tells_all_of_this() -> None:
    opened = {
        WAITING: [file(1, WAITING)],
        LOADING: [file(n, LOADING) for n in (2, 3)],
        FAILED: [],
        QUARANTINED: [file(n, QUARANTINED) for n in (4, 5, 6)],
    }
    tally = Tally("emt/arrivals", 2, Counts(5, 4, 0, 1, 0), "2025-08-30T11:00:00.000Z")

    row = source(state(files=opened, tallies={"emt/arrivals": tally}), "emt/arrivals")

    assert row == {
        "source": "emt/arrivals",
        "domain": "emt",
        "about": CATALOG.source("emt/arrivals").about,
        "kind": "upload",
        "polled": True,
        "status": "fresh",
        "last_load": "2025-08-30T11:00:00.000Z",
        "age_minutes": 60.0,
        "promise_minutes": 1440,
        "counts": {"read": 5, "accepted": 4, "duplicate": 0, "rejected": 1, "empty": 0},
        "files": 2,
        "waiting": 1,
        "loading": 2,
        "failed": 0,
        "quarantined": 3,
    }


def test_only_a_source_that_a_client_asks_is_polled() -> None:
    """A stream is asked by its container; what people drop is asked by nobody."""
    polled = {row["source"]: row["polled"] for row in state()["sources"]}

    assert polled["emt/stops"]
    assert not polled["meteorology/stream"]
    assert not polled["openweather/manual_riohacha"]


def test_a_stream_is_as_old_as_its_last_rows_in_the_table() -> None:
    document = state(
        metadata={"meteorology_silver.meteorology_current": metadata(snapshot(1, 90, "append"))}
    )

    row = source(document, "meteorology/stream")
    assert (row["kind"], row["last_load"]) == ("stream", "2025-08-30T10:30:00Z")
    assert (row["age_minutes"], row["status"]) == (90.0, "fresh")


@pytest.mark.parametrize(
    ("status", "word"), [("landed", "never"), ("partial", "failing"), ("failed", "failing")]
)
def test_a_source_that_does_not_answer_whole_is_failing(status: str, word: str) -> None:
    polls = {"emt/stops": PollState("emt/stops", status, iso(NOW), failures=1)}

    assert source(state(polls=polls), "emt/stops")["status"] == word


def test_a_ledger_that_is_newer_than_its_tallies_says_when_a_source_was_loaded() -> None:
    older = Tally("emt/arrivals", 1, Counts(), iso(NOW - timedelta(minutes=9)))
    for minutes, age in ((5, 5.0), (20, 9.0)):
        document = state(tallies={"emt/arrivals": older}, files={LOADED: [file(minutes)]})
        assert source(document, "emt/arrivals")["age_minutes"] == age


def test_what_belongs_to_no_source_is_none() -> None:
    document = state(files={QUARANTINED: [file(1, QUARANTINED, UNROUTED)]})

    assert [row["source"] for row in document["sources"]] == list(CATALOG.sources)
    assert [row["source"] for row in document["quarantine"]] == [None]


def test_a_load_and_a_refused_file_tell_all_of_this() -> None:
    loaded = replace(
        file(1), counts={"read": 3, "accepted": 2, "duplicate": 1, "rejected": 0, "empty": 0}
    )
    refused = replace(file(2, QUARANTINED), load_id="", last_seen="2025-08-30T11:59:00.000Z")

    document = state(files={LOADED: [loaded], QUARANTINED: [refused]})

    assert document["loads"] == [
        {
            "load_id": "0000000000000000-0",
            "source": "emt/arrivals",
            "file_name": "1.xlsx",
            "state": "loaded",
            "reason": None,
            "received_at": "2025-08-30T11:59:00.000Z",
            "counts": {"read": 3, "accepted": 2, "duplicate": 1, "rejected": 0, "empty": 0},
        },
        {
            "load_id": None,
            "source": "emt/arrivals",
            "file_name": "2.xlsx",
            "state": "quarantined",
            "reason": "a cell is no number",
            "received_at": "2025-08-30T11:58:00.000Z",
            "counts": {"read": 0, "accepted": 0, "duplicate": 0, "rejected": 0, "empty": 0},
        },
    ]
    assert document["quarantine"] == [
        {
            "source": "emt/arrivals",
            "file_name": "2.xlsx",
            "reason": "a cell is no number",
            "at": "2025-08-30T11:59:00.000Z",
            "sha256": f"{2:064x}",
        }
    ]


def test_a_count_is_a_least_one_only_when_as_many_were_looked_at_as_ever_are() -> None:
    files = {
        FAILED: [file(n, FAILED) for n in range(OPEN_FILES - 1)],
        QUARANTINED: [file(n, QUARANTINED) for n in range(OPEN_FILES)],
    }

    document = state(files=files)

    assert document["limits"] == {
        "loads": 200,
        "quarantine": 200,
        "open_files": 2000,
        "cut": ["quarantined"],
    }
    failing, person = (row["text"].partition(" of ")[0] for row in document["advice"])
    assert (failing, person) == ("1,999 files", "at least 2,000 files")


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
    assert {(row["files"], row["counts"]["read"]) for row in document["sources"]} == {(0, 0)}
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


SILENT = dict.fromkeys(("run", "started_at", "ended_at", "seconds", "reason", "ended_as"))


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"executions": {"emt/gold": []}}, {"status": "never"}),
        ({"executions": {}}, {"status": "unknown", "reason": "it was not looked at"}),
        (
            {"executions": {}, "errors": {"pipeline emt/gold": "gone"}},
            {"status": "unknown", "reason": "gone"},
        ),
    ],
)
def test_of_a_pipeline_without_a_run_it_is_said_why(
    seen: dict[str, Any], said: dict[str, str]
) -> None:
    assert part(state(**seen), "pipelines", "emt/gold") == {
        "pipeline": "emt/gold",
        "about": CATALOG.pipelines["emt/gold"].about,
        "schedule": "0 10 * * * UTC",
        **SILENT,
        **said,
    }


@pytest.mark.parametrize(
    ("status", "status_shown", "reason", "words"),
    [
        ("succeeded", "succeeded", None, None),
        ("failed", "failed", "no rows", "failed 3 h ago: no rows"),
        ("aborted", "failed", "enough", "was stopped 3 h ago: enough"),
        (
            "timed_out",
            "failed",
            "it took longer than its file allows",
            "was cut off 3 h ago: it took longer than its file allows",
        ),
    ],
)
def test_a_run_that_ended_tells_all_of_this(
    status: str, status_shown: str, reason: str | None, words: str | None
) -> None:
    told = None if status == "timed_out" else reason
    run = Execution("r1", status, NOW - timedelta(hours=4), NOW - timedelta(hours=3), told)

    document = state(executions={"emt/gold": [], "openweather/gold": [run], "ops/upkeep": []})

    assert part(document, "pipelines", "openweather/gold") == {
        "pipeline": "openweather/gold",
        "about": CATALOG.pipelines["openweather/gold"].about,
        "schedule": "0 19 * * * UTC",
        "run": "r1",
        "status": status_shown,
        "ended_as": status,
        "started_at": "2025-08-30T08:00:00Z",
        "ended_at": "2025-08-30T09:00:00Z",
        "seconds": 3600,
        "reason": reason,
    }
    expected = [f"the last run of openweather/gold {words}"] if words else []
    assert [text for text, *_ in advice(document, "failing")] == expected


def test_a_run_that_goes_on_has_no_end_and_no_reason() -> None:
    run = Execution("r2", "running", NOW - timedelta(seconds=90))

    document = state(executions={"emt/gold": [run]})

    row = part(document, "pipelines", "emt/gold")
    assert (row["status"], row["seconds"], row["run"]) == ("running", 90, "r2")
    assert (row["ended_as"], row["ended_at"], row["reason"]) == (None, None, None)


def test_a_run_of_which_no_moment_is_known_has_no_length() -> None:
    document = state(executions={"emt/gold": [Execution("r1", "failed", reason="x")]})

    row = part(document, "pipelines", "emt/gold")
    assert (row["started_at"], row["ended_at"], row["seconds"]) == (None, None, None)
    ((text, *_),) = advice(document, "failing")
    assert text == "the last run of emt/gold failed: x"


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        (None, None, None),
        ("States.Timeout", None, "States.Timeout"),
        (None, "no room", "no room"),
        ("E", '{"JobRun": {"StateDetails": "no rows"}}', "E: no rows"),
        ("E", '{"stateDetails": "no rows"}', "E: no rows"),
        ("E", '{"else": 1}', 'E: {"else": 1}'),
        ("E", "a brace { alone", "E: a brace { alone"),
    ],
)
def test_why_a_run_failed_is_told_in_the_fewest_words(
    error: str | None, cause: str | None, said: str | None
) -> None:
    assert why(error, cause) == said


def test_a_cause_that_is_no_object_is_told_as_it_is() -> None:
    assert reason("[1, 2]") == "[1, 2]"
    assert reason("no JSON") == "no JSON"
    assert (parsed(None), parsed("{"), parsed("[1]")) == (None, None, [1])


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


def test_a_check_tells_all_of_this_and_one_that_stops_is_told_by_its_pipeline_alone() -> None:
    ended = datetime(2025, 8, 30, 9, 0, 7, 600_000, tzinfo=UTC)
    stops = verdict(passed=False, actual=0.0, reason="a.b: no rows")
    fine = verdict(check_name="unique", severity="warn")
    results = [
        Result("r3", "j", None, {"quality": [fine]}),
        Result("r2", "j", ended, {"quality": [stops]}),
        Result("r1", "j", NOW, {"quality": None}),
    ]

    document = state(results=results)

    first, second = document["quality"]
    assert first == {
        "table": "a.b",
        "check": "rows",
        "column": None,
        "severity": "stop",
        "expected": "at least 1",
        "actual": 0.0,
        "passed": False,
        "reason": "a.b: no rows",
        "run": "r2",
        "at": "2025-08-30T09:00:07Z",
    }
    assert (second["check"], second["run"], second["at"]) == ("unique", "r3", None)
    assert document["advice"] == []


# Advice


@pytest.mark.parametrize(
    ("number", "command"),
    [
        (3, "lake replay " + " ".join(["0000000000000000"] * 3)),
        (4, "lake loads --source emt/lines"),
    ],
)
def test_three_failed_files_are_named_and_four_are_not(number: int, command: str) -> None:
    document = state(files={FAILED: [file(n, FAILED, "emt/lines") for n in range(number)]})

    assert [told for _, told, _ in advice(document, "failing")] == [command]


def test_one_failed_file_and_one_refused_are_told_in_the_singular() -> None:
    document = state(
        files={
            FAILED: [file(1, FAILED)],
            QUARANTINED: [replace(file(2, QUARANTINED, UNROUTED), reason="")],
        }
    )

    failed, refused = (row["text"] for row in document["advice"])
    assert failed == (
        "1 file of emt/arrivals failed three times, the last one 1.xlsx (a cell is no number);"
        " mend the cause, then send it again"
    )
    assert refused == "1 file of no source was refused, the last one 2.xlsx (no reason told)"


def test_several_files_are_told_in_the_plural_with_the_newest() -> None:
    document = state(
        files={
            FAILED: [file(n, FAILED) for n in (1, 2)],
            QUARANTINED: [file(n, QUARANTINED) for n in (3, 4)],
        }
    )

    failed, refused = (row["text"] for row in document["advice"])
    assert failed == (
        "2 files of emt/arrivals failed three times, the last one 1.xlsx (a cell is no number);"
        " mend the cause, then send them again"
    )
    assert refused == (
        "2 files of emt/arrivals were refused, the last one 3.xlsx (a cell is no number)"
    )


@pytest.mark.parametrize(
    ("since", "failures", "words"),
    [("", 1, "2 h ago (1 try)"), ("2025-08-30T07:00:00Z", 2, "5 h ago (2 tries)")],
)
def test_a_source_without_a_full_answer_says_since_when(
    since: str, failures: int, words: str
) -> None:
    poll = PollState("emt/stops", "partial", "2025-08-30T10:00:00Z", "half", failures, since)

    ((text, *_),) = advice(state(polls={"emt/stops": poll}), "failing")

    assert text == f"emt/stops: no full answer since {words}: half"


@pytest.mark.parametrize(
    ("dead", "messages", "told"), [(True, 0, 0), (False, 1, 0), (True, 1, 1), (False, 0, 0)]
)
def test_only_dead_letters_are_told(dead: bool, messages: int, told: int) -> None:
    document = state(queues=[Queue("jobs, dead", dead, messages, 3, "arn:x")])

    assert len(document["advice"]) == told
    assert document["queues"] == [
        {"queue": "jobs, dead", "messages": messages, "in_flight": 3, "dead": dead, "arn": "arn:x"}
    ]


def test_a_source_that_is_late_leads_to_how_its_rows_come() -> None:
    old = iso(NOW - timedelta(days=3))
    names = ("emt/arrivals", "emt/stops", "openweather/manual_riohacha")
    document = state(
        tallies={name: Tally(name, 1, Counts(), old) for name in names},
        metadata={
            "meteorology_silver.meteorology_current": metadata(snapshot(1, 121, "append")),
        },
    )

    assert list(advice(document, "late")) == [
        (
            "emt/arrivals: the last load is 3 d old, promised within 24 h",
            "lake poll emt/arrivals --wait",
            "table-stale",
        ),
        (
            "meteorology/stream: the last load is 2 h old, promised within 2 h",
            "lake replay --stream meteorology/stream --look",
            "stream-behind",
        ),
        (
            "openweather/manual_riohacha: the last load is 3 d old, promised within 30 h",
            "lake upload openweather/manual_riohacha FILE... --wait",
            "table-stale",
        ),
    ]


def test_a_late_table_is_told_unless_a_source_of_it_is_late_or_failing() -> None:
    old = metadata(snapshot(1, 3 * 24 * 60, "append", more=OWN))
    poll = PollState("emt/arrivals", POLL_FAILED, iso(NOW), "away", 1)
    lasting = dict.fromkeys(CATALOG.tables, metadata())
    fed, made = "emt_silver.arrivals_predictions", "openweather_gold.fact_weather_hourly"

    document = state(metadata=lasting | {fed: old, made: old}, polls={"emt/arrivals": poll})
    assert list(advice(document, "late")) == [
        (
            "openweather_gold.fact_weather_hourly: last written 3 d ago, promised within 30 h",
            "lake run openweather/gold --wait",
            "table-stale",
        )
    ]

    document = state(metadata=lasting | {fed: old})
    assert [command for _, command, _ in advice(document, "late")] == ["lake loads"]


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
    assert len([*advice(document, "failing"), *advice(document, "person")]) == 7
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


# Words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_199, "120 min"),
        (7_200, "2 h"),
        (172_799, "48 h"),
        (172_800, "2 d"),
    ],
)
def test_a_span_is_told_in_the_largest_unit_of_which_it_has_two(seconds: int, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("moment", "minutes"),
    [
        ("2025-08-30T11:58:50Z", 1.2),
        ("2025-08-30T11:00:00", 60.0),
        ("2025-08-30T13:00:00+02:00", 60.0),
        ("2025-08-30T12:05:00Z", 0.0),  # a clock that is ahead
    ],
)
def test_minutes_since_a_moment_have_one_digit_and_are_never_fewer_than_none(
    moment: str, minutes: float
) -> None:
    assert minutes_since(moment, NOW) == minutes


def test_moments_are_written_in_utc_to_the_second() -> None:
    madrid = timezone(timedelta(hours=2))

    assert whole_second(datetime(2025, 8, 30, 10, 0, 0, 999_999, madrid)) == "2025-08-30T08:00:00Z"
    assert of_millis(1_756_540_800_999) == "2025-08-30T08:00:00Z"


def test_a_reason_is_as_long_as_people_read_it_and_nothing_stays_nothing() -> None:
    assert (short(None), short("")) == (None, None)
    assert short("x" * 500) == "x" * 500
    assert short("x" * 501) == "x" * 497 + "..."


@pytest.mark.parametrize(("count", "said"), [(0, "0 files"), (1, "1 file"), (1234, "1,234 files")])
def test_what_is_counted_is_one_or_many(count: int, said: str) -> None:
    assert counted(count, "file", "files") == said
