"""The demo must not call a lake well that is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lake.accounting import Counts
from lake_cli.outcomes import Outcome
from scripts.demo.workbooks import surprises
from scripts.laptop import Laptop
from scripts.samples import arrivals, broken

GOOD = arrivals.day(1, "2025-09-01", 28)
BROKEN = broken.truncated(1, "2025-09-01")
ACCEPTED = Outcome("a.xlsx", GOOD.source, status="accepted", counts=Counts.of(GOOD.truth.counts))
REFUSED = Outcome("b.xlsx", BROKEN.source, status="quarantined", reason="cut off")


def test_a_lake_that_says_what_the_generator_says_holds_no_surprise() -> None:
    again = replace(
        ACCEPTED, status="unchanged", counts=Counts(), first_load=ACCEPTED.counts.as_dict()
    )

    assert surprises([GOOD, BROKEN], [ACCEPTED, REFUSED]) == []
    assert surprises([GOOD, BROKEN], [again, REFUSED]) == []


def test_a_row_that_was_known_before_is_a_duplicate_and_no_surprise() -> None:
    known = Counts.of(GOOD.truth.counts)
    known = replace(known, accepted=known.accepted - 3, duplicate=known.duplicate + 3)

    assert surprises([GOOD], [replace(ACCEPTED, counts=known)]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ACCEPTED, status="failed", reason="the job died"),
        replace(ACCEPTED, status="waiting"),
        replace(ACCEPTED, status="quarantined"),
        replace(ACCEPTED, counts=replace(ACCEPTED.counts, accepted=1, read=1)),
        replace(ACCEPTED, status="unchanged", first_load=Counts().as_dict()),
    ],
)
def test_anything_else_is_said(wrong: Outcome) -> None:
    assert len(surprises([GOOD], [wrong])) == 1


def test_a_broken_file_that_is_accepted_is_said() -> None:
    assert surprises([BROKEN], [replace(REFUSED, status="accepted")])


def test_the_laptops_lake_is_found_where_it_was_applied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = tmp_path / "deployment.json"
    deployment.write_text(json.dumps({"endpoint": "http://127.0.0.1:4711"}))
    monkeypatch.setenv("LAKE_DEPLOYMENT", str(deployment))
    monkeypatch.delenv("LAKE_PORT", raising=False)

    assert (Laptop.chosen().state_dir, Laptop.chosen().port) == (tmp_path, 4711)

    monkeypatch.setenv("LAKE_PORT", "4712")
    assert Laptop.chosen().port == 4712
