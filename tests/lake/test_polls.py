"""The state of a poll: what a failure hands on, and what a success forgets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lake.polls import FAILED, LANDED, PARTIAL, UNCHANGED, Polls, PollState
from tests.lake.test_ledger import table  # noqa: F401 - a fixture

GOOD = PollState("emt/stops", LANDED, "10:00")


def test_the_words_that_are_stored_and_shown_stay() -> None:
    assert (LANDED, PARTIAL, UNCHANGED, FAILED) == ("landed", "partial", "unchanged", "failed")


@pytest.mark.parametrize(
    ("status", "failing"),
    [(LANDED, False), (UNCHANGED, False), (PARTIAL, True), (FAILED, True)],
)
def test_what_lacks_something_is_failing(status: str, failing: bool) -> None:
    assert PollState("emt/stops", status, "10:00").failing is failing


def test_failures_are_counted_from_the_first_one_and_forgotten_by_a_success() -> None:
    first = PollState("emt/stops", FAILED, "10:00").after(GOOD.after(None))
    second = PollState("emt/stops", PARTIAL, "11:00").after(first)
    well = PollState("emt/stops", UNCHANGED, "12:00").after(second)

    assert (first.failures, first.failing_since, first.ok_at) == (1, "10:00", "10:00")
    assert (second.failures, second.failing_since, second.ok_at) == (2, "10:00", "10:00")
    assert (well.failures, well.failing_since, well.ok_at) == (0, "", "12:00")


def test_a_source_that_never_answered_has_no_good_moment() -> None:
    first = PollState("emt/stops", FAILED, "10:00").after(None)

    assert (first.failures, first.failing_since, first.ok_at) == (1, "10:00", "")


def test_a_state_is_read_back_as_it_was_whatever_else_its_item_carries() -> None:
    state = PollState("emt/stops", FAILED, "10:00", reason="no", failures=2, rows=7)

    assert PollState.from_item({**state.as_dict(), "pk": "poll#emt/stops", "sk": "state"}) == state


def test_the_later_poll_stands_whichever_is_written_down_last(table: Any) -> None:  # noqa: F811
    polls = Polls(table)
    assert polls.state("emt/stops") is None

    assert polls.keep(GOOD)
    assert polls.keep(replace(GOOD, rows=7))  # the same poll, said again
    assert not polls.keep(replace(GOOD, at="09:59", status=FAILED))
    assert polls.state("emt/stops") == replace(GOOD, rows=7)
    assert polls.keep(replace(GOOD, at="10:01", status=FAILED))

    (item,) = table.scan()["Items"]
    assert (item["pk"], item["sk"], item["status"]) == ("poll#emt/stops", "state", "failed")
    assert "reason" not in item
    assert polls.state("emt/lines") is None
