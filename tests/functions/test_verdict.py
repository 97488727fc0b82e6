"""The verdict on a file of a run that ended, at the bounds of its attempts and its words."""

from __future__ import annotations

from typing import Any

import pytest

from functions.start_job.verdict import MAX_ATTEMPTS, Run, Verdict, cut, judge

COUNTS = {"read": 10, "accepted": 7, "duplicate": 1, "rejected": 1, "empty": 1}
ENDED = Run("r1", "SUCCESS")


def result(**changes: Any) -> dict[str, Any]:
    load = {
        "load_id": "x-0",
        "status": "loaded",
        "reason": None,
        "counts": COUNTS,
        "sheet_rows": 5,
        "tables": {"emt_silver.stops": COUNTS},
    }
    return {"loads": [{**load, "load_id": "w-0"}, {**load, **changes}]}


@pytest.mark.parametrize(
    ("before", "fate", "attempts"), [(0, "again", 1), (1, "again", 2), (2, "failed", 3)]
)
def test_the_third_failure_is_the_last(before: int, fate: str, attempts: int) -> None:
    assert MAX_ATTEMPTS == 3

    verdict = judge("x-0", before, Run("r1", "FAILED", "boom"), None)

    assert verdict == Verdict(fate, "the job run r1 ended FAILED: boom", attempts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "waits", "fate", "attempts"),
    [
        ("FAILED", 0, "later", 0),
        ("FAILED", 49, "later", 0),
        ("FAILED", 50, "again", 1),
        ("CANCELLED", 0, "again", 1),
    ],
)
def test_a_run_without_room_is_no_attempt_fifty_times(
    state: str, waits: int, fate: str, attempts: int
) -> None:
    run = Run("r1", state, "exceeded maximumCapacity settings")

    verdict = judge("x-0", 0, run, None, waits)

    assert (verdict.fate, verdict.attempts) == (fate, attempts)


@pytest.mark.parametrize("state", ["SUBMITTED", "PENDING", "SCHEDULED", "RUNNING", "CANCELLING"])
def test_a_run_goes_on_until_nothing_more_will_come_of_it(state: str) -> None:
    assert not Run("r1", state).ended


@pytest.mark.parametrize("state", ["SUCCESS", "FAILED", "CANCELLED"])
def test_a_run_that_ended_is_over(state: str) -> None:
    assert Run("r1", state).ended


def test_a_run_that_did_not_succeed_loaded_nothing_whatever_it_wrote() -> None:
    verdict = judge("x-0", 0, Run("r1", "CANCELLED", "by hand"), result())

    assert (verdict.fate, verdict.result) == ("again", None)
    assert verdict.reason == "the job run r1 ended CANCELLED: by hand"


def test_a_file_that_was_loaded_brings_its_own_counts() -> None:
    kept = {"counts": COUNTS, "sheet_rows": 5, "tables": {"emt_silver.stops": COUNTS}}

    assert judge("x-0", 2, ENDED, result()) == Verdict("loaded", result=kept)
    refused = judge("x-0", 0, ENDED, result(status="refused", reason=" 31 of 100 \n"))
    assert refused == Verdict("refused", reason="31 of 100", result=kept)
    assert refused.attempts == 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "ended without saying what it loaded"),
        ({}, "wrote no readable result: KeyError('loads')"),
        ({"loads": []}, "wrote no readable result: StopIteration()"),
        (result(load_id="y-0"), "wrote no readable result: StopIteration()"),
        (result(sheet_rows="many"), "wrote no readable result: ValueError("),
        (result(tables=None), "wrote no readable result: TypeError("),
        (result(counts={**COUNTS, "read": 11}), "lost rows: x-0: read 11 rows but accounted for"),
    ],
)
def test_a_result_that_says_nothing_certain_counts_as_a_failure(told: Any, words: str) -> None:
    verdict = judge("x-0", 0, ENDED, told)

    assert (verdict.fate, verdict.attempts) == ("again", 1)
    assert verdict.reason.startswith(f"the job run r1 {words}")


def test_a_reason_is_cut_where_an_item_of_the_ledger_would_burst() -> None:
    assert cut(" x ") == "x"
    assert cut("x" * 2_000) == "x" * 2_000
    assert cut("x" * 2_001) == "x" * 1_997 + "..."
    assert len(judge("x-0", 0, Run("r1", "FAILED", "x" * 9_000), None).reason) == 2_000
