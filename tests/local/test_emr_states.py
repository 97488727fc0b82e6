"""An application's states, as EMR Serverless has them, on a clock of the test's own."""

from __future__ import annotations

from typing import Any

import pytest

from local import emr_states
from local.emr_records import ApiError

T0 = 1_000_000.0


def application(state: str, **more: Any) -> dict[str, Any]:
    return {
        "applicationId": "00app",
        "state": state,
        "updatedAt": T0,
        "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 5},
        **more,
    }


def state(record: dict[str, Any], after: float, *, active: bool = False, end: float = 0) -> str:
    """The state that many seconds later; `end` is when the last run ended, in seconds."""
    runs = [{"endedAt": T0 + end if end else None}]
    settled = emr_states.settle(record, runs, active, T0 + after)
    return str(settled["state"])


def test_a_start_and_a_stop_take_their_time() -> None:
    record = application("CREATED")

    emr_states.start(record, T0)
    assert state(record, 0.1) == "STARTING"
    assert state(record, 2) == "STARTED"
    emr_states.stop(record, False, T0 + 3)
    assert state(record, 3.1) == "STOPPING"
    assert state(record, 5) == "STOPPED"


def test_it_stops_by_itself_only_after_its_idle_minutes() -> None:
    record = application("STARTED")

    assert state(record, 400, active=True) == "STARTED"
    assert state(record, 700, end=401) == "STARTED"
    assert state(record, 702, end=401) == "STOPPED"


def test_one_without_auto_stop_stays() -> None:
    record = application("STARTED", autoStopConfiguration={"enabled": False})

    assert state(record, 100_000) == "STARTED"


def test_the_idle_minutes_of_the_service_are_fifteen() -> None:
    record = application("STARTED", autoStopConfiguration={"enabled": True})

    assert state(record, 899) == "STARTED"
    assert state(record, 901) == "STOPPED"


@pytest.mark.parametrize("busy", ["STARTING", "STARTED", "STOPPING"])
def test_nothing_but_rest_allows_a_change_and_the_refusal_is_in_awss_words(busy: str) -> None:
    with pytest.raises(ApiError) as refusal:
        emr_states.require_rest(application(busy))

    assert (refusal.value.code, refusal.value.status) == ("ValidationException", 400)
    assert str(refusal.value) == (
        "Application 00app must be in of the following statuses [CREATED, STOPPED]. "
        f"Current status: {busy}"
    )


@pytest.mark.parametrize("rest", ["CREATED", "STOPPED"])
def test_one_at_rest_may_be_changed(rest: str) -> None:
    emr_states.require_rest(application(rest))


@pytest.mark.parametrize("wrong", ["CREATED", "STOPPING", "STOPPED"])
def test_what_is_not_started_cannot_be_stopped(wrong: str) -> None:
    with pytest.raises(ApiError) as refusal:
        emr_states.stop(application(wrong), False, T0)

    assert refusal.value.code == "ValidationException"
    assert str(refusal.value) == (
        "Application cannot be STOPPED. Applications must be in one of the following statuses: "
        "[STARTING, STARTED]"
    )


def test_one_at_work_is_not_stopped() -> None:
    record = application("STARTED")

    with pytest.raises(ApiError, match="must be completed or cancelled") as refusal:
        emr_states.stop(record, True, T0)

    assert refusal.value.code == "ValidationException"
    assert record["state"] == "STARTED"
