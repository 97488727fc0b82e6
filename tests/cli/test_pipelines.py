"""`lake run`, `lake runs`, `lake backfill`, against a Step Functions that ends as it is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lake_cli import backfills, pipelines
from lake_cli.exits import Exit, Stop
from tests.cli.states import CAUSE, EXECUTION, States, served
from tests.cli.test_command import RUN, lake

Ask = Callable[..., Any]
WEEKS = ("--from", "2025-08-01", "--to", "2025-08-20")


@pytest.fixture
def states() -> Iterator[States]:
    with served() as running:
        yield running


@pytest.fixture
def deployment(states: States, tmp_path: Path) -> str:
    path = tmp_path / "deployment.json"
    path.write_text(json.dumps(states.values))
    return str(path)


@pytest.fixture
def ask(deployment: str) -> Ask:
    """The command's exit code, its JSON and what it said."""

    def asked(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        done = lake(*words, "--json", LAKE_DEPLOYMENT=deployment)
        return done.returncode, json.loads(done.stdout or "[]"), done.stderr

    return asked


def started(states: States) -> dict[str, Any]:
    """What each execution was given, by its name."""
    return {one["name"]: json.loads(one["input"]) for one in states.executions.values()}


def test_a_run_that_goes_well_is_told_with_its_jobs_and_their_results(
    states: States, ask: Ask
) -> None:
    result = {"tables": {"emt_gold.arrivals_weather": {"inserted": 3}}}

    class Written(dict[str, str]):
        """Each run finds the result that it asks for."""

        def __contains__(self, key: object) -> bool:
            return str(key).endswith("/emt_gold.json")

        def __getitem__(self, key: str) -> str:
            return json.dumps(result)

    states.objects = Written()

    code, rows, said = ask("run", "emt/gold", "--date", "2025-08-30", "--wait")

    (run,) = rows
    (name,) = started(states)
    assert code == Exit.OK
    assert name.startswith("emt-gold-2025-08-30-")
    assert started(states)[name] == {
        "date": "2025-08-30",
        "full": False,
        "from": None,
        "to": None,
    }
    assert {key: run[key] for key in ("pipeline", "run", "status", "seconds", "reason")} == {
        "pipeline": "emt/gold",
        "run": name,
        "status": "succeeded",
        "seconds": 7.0,
        "reason": None,
    }
    assert run["jobs"] == [
        {
            "job": "emt_gold",
            "stage": 1,
            "state": "succeeded",
            "attempts": 1,
            "seconds": 5.0,
            "reason": None,
            "result": result,
        }
    ]
    assert "stage 1  emt_gold  running" in said
    assert "stage 1  emt_gold  succeeded (5 s)" in said


def test_a_run_that_fails_says_why_and_what_stays(states: States, ask: Ask) -> None:
    states.fates = ["FAILED"]

    code, (run,), said = ask("run", "emt/gold", "--wait")

    assert code == Exit.FAILED
    assert (run["status"], run["reason"]) == ("failed", "JobFailed: emt_gold: exit code 1: no rows")
    assert (run["jobs"][0]["state"], run["jobs"][0]["reason"]) == ("failed", "exit code 1: no rows")
    assert run["jobs"][0]["result"] is None
    assert "what was published before stays" in said


def test_without_wait_a_run_is_started_and_left(states: States, ask: Ask) -> None:
    states.seconds = 60

    code, (run,), _ = ask("run", "emt/gold", "--full")

    assert (code, run["status"], run["finished_at"]) == (Exit.OK, "running", None)
    (given,) = started(states).values()
    assert given["full"] is True
    assert given["date"] == datetime.now(UTC).date().isoformat()


def test_a_second_run_is_refused_with_a_code_of_its_own(states: States, ask: Ask) -> None:
    states.put("the-first", "RUNNING")

    code, rows, said = ask("run", "emt/gold", "--wait")

    assert (code, rows) == (Exit.BUSY, [])
    assert "emt/gold is running already: the-first" in said
    assert list(started(states)) == ["the-first"]


def test_a_run_that_takes_longer_than_one_waits_goes_on(states: States, ask: Ask) -> None:
    states.seconds = 60

    code, (run,), said = ask("run", "emt/gold", "--wait", "--timeout", "1")

    assert (code, run["status"]) == (Exit.TIMED_OUT, "running")
    assert "the run goes on" in said


@pytest.mark.parametrize("command", [("run",), ("runs",), ("backfill", *WEEKS)])
def test_an_unknown_pipeline_is_answered_with_the_nearest(
    states: States, ask: Ask, command: tuple[str, ...]
) -> None:
    code, rows, said = ask(command[0], "emt/glod", *command[1:])

    assert (code, rows) == (Exit.FAILED, [])
    assert "no pipeline is called 'emt/glod' (did you mean 'emt/gold'?)" in said
    assert started(states) == {}


@pytest.mark.parametrize("words", ["2025-02-30", "2025-8-1", "20250801", "today", "2025-W31-5"])
def test_a_day_that_is_none_is_refused_before_anything_starts(words: str) -> None:
    with pytest.raises(Stop, match=f"--date: '{words}' is no day like 2025-08-30") as refused:
        pipelines.day(words, "--date")
    assert refused.value.code == Exit.USAGE


def test_from_after_to_and_odd_chunks_are_refused(states: States, ask: Ask) -> None:
    code, _, said = ask("backfill", "emt/gold", "--from", "2025-08-20", "--to", "2025-08-01")
    assert (code, "--from 2025-08-20 comes after --to 2025-08-01" in said) == (Exit.USAGE, True)

    for odd in ("0d", "week", "-3", "367d"):
        with pytest.raises(Stop, match="is no number of days like 7d"):
            backfills.chunk_days(odd)
    assert started(states) == {}


def test_days_are_cut_into_chunks_that_touch_and_never_overlap() -> None:
    assert [str(chunk) for chunk in backfills.chunks(date(2025, 8, 1), date(2025, 8, 20), 7)] == [
        "2025-08-01..2025-08-07",
        "2025-08-08..2025-08-14",
        "2025-08-15..2025-08-20",
    ]
    assert [str(one) for one in backfills.chunks(date(2024, 2, 29), date(2024, 2, 29), 7)] == [
        "2024-02-29..2024-02-29"
    ]


def test_a_backfill_runs_its_chunks_one_after_the_other(states: States, ask: Ask) -> None:
    code, rows, said = ask("backfill", "emt/gold", *WEEKS)

    assert code == Exit.OK
    assert [(row["from"], row["to"], row["status"]) for row in rows] == [
        ("2025-08-01", "2025-08-07", "succeeded"),
        ("2025-08-08", "2025-08-14", "succeeded"),
        ("2025-08-15", "2025-08-20", "succeeded"),
    ]
    assert started(states) == {
        f"emt-gold-backfill-{row['from']}-{row['to']}-1": {
            "date": row["to"],
            "full": False,
            "from": row["from"],
            "to": row["to"],
        }
        for row in rows
    }
    begins = [one["startDate"] for one in states.executions.values()]
    assert all(later - sooner >= states.seconds for sooner, later in pairwise(begins))
    assert "2025-08-08..2025-08-14  (2 of 3)" in said


def test_a_backfill_that_failed_goes_on_at_its_chunk(states: States, ask: Ask) -> None:
    states.fates = ["SUCCEEDED", "FAILED"]
    code, rows, _ = ask("backfill", "emt/gold", *WEEKS)
    assert (code, [row["status"] for row in rows]) == (Exit.FAILED, ["succeeded", "failed"])

    code, rows, _ = ask("backfill", "emt/gold", *WEEKS)

    assert (code, [row["status"] for row in rows]) == (
        Exit.OK,
        ["skipped", "succeeded", "succeeded"],
    )
    assert [name.rpartition("2025-")[2] for name in started(states)] == [
        *("08-07-1", "08-14-1", "08-14-2", "08-20-1"),
    ]


def test_again_repeats_what_was_done(states: States, ask: Ask) -> None:
    ask("backfill", "emt/gold", *WEEKS, "--chunk", "31d")

    code, rows, _ = ask("backfill", "emt/gold", *WEEKS, "--chunk", "31d", "--again")

    assert (code, [row["status"] for row in rows]) == (Exit.OK, ["succeeded"])
    assert len(started(states)) == 2


def test_a_backfill_that_was_interrupted_joins_the_chunk_that_runs(
    states: States, ask: Ask, deployment: str
) -> None:
    states.seconds = 8
    command = [*RUN, "backfill", "emt/gold", *WEEKS, "--chunk", "31d"]
    environment = {"LAKE_DEPLOYMENT": deployment, "PYTHONPATH": ":".join(filter(None, sys.path))}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        patience = time.monotonic() + 60
        while not any(one["seen"] for one in states.executions.values()):
            assert time.monotonic() < patience, "it never looked at its execution"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED
    assert "the same command goes on after it" in said

    code, rows, _ = ask("backfill", "emt/gold", *WEEKS, "--chunk", "31d")

    assert (code, [row["status"] for row in rows]) == (Exit.OK, ["succeeded"])
    assert len(started(states)) == 1


def test_without_waiting_a_backfill_starts_the_next_chunk_only(states: States, ask: Ask) -> None:
    states.seconds = 60

    code, rows, _ = ask("backfill", "emt/gold", *WEEKS, "--no-wait")

    assert (code, [row["status"] for row in rows]) == (Exit.OK, ["running"])
    assert len(started(states)) == 1


def test_the_latest_runs_come_first(states: States, ask: Ask) -> None:
    for name, status in (("one", "SUCCEEDED"), ("two", "FAILED"), ("three", "RUNNING")):
        states.put(name, status)

    code, rows, _ = ask("runs", "--limit", "2")

    assert (code, [(row["run"], row["status"]) for row in rows]) == (
        Exit.OK,
        [("three", "running"), ("two", "failed")],
    )


def test_steps_are_read_off_a_history_with_their_second_attempts() -> None:
    at = datetime(2025, 8, 30, 10, tzinfo=UTC)

    def entered(name: str, second: int) -> dict[str, Any]:
        moment = at.replace(second=second)
        return {"timestamp": moment, "stateEnteredEventDetails": {"name": name}}

    def left(name: str, second: int, output: object) -> dict[str, Any]:
        details = {"name": name, "output": json.dumps(output)}
        return {"timestamp": at.replace(second=second), "stateExitedEventDetails": details}

    found = pipelines.steps(
        [
            entered("Input", 0),
            entered("1 a", 1),
            entered("1 b", 1),
            left("1 a", 5, {"error": "States.TaskFailed", "cause": CAUSE}),
            entered("1 a: worth a second attempt", 5),
            entered("1 a: again", 6),
            left("1 b", 9, {"State": "SUCCESS"}),
            left("1 a: again", 16, {"State": "SUCCESS"}),
            entered("2 c", 17),
        ]
    )

    now = at.replace(second=20)
    assert [(s.stage, s.job, s.attempt, s.state, s.seconds(now)) for s in found] == [
        (1, "a", 2, "succeeded", 10.0),
        (1, "b", 1, "succeeded", 8.0),
        (2, "c", 1, "running", 3.0),
    ]


def test_the_names_of_runs_are_names_that_step_functions_takes() -> None:
    chunk = backfills.Chunk(date(2025, 8, 1), date(2025, 8, 31))
    name = chunk.name("meteorology/a_pipeline_of_some_length", 12)

    assert len(name) <= 80
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert EXECUTION.count(":") == 6
