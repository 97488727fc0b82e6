"""What the weather service's answers are worth, one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.weather_poller.answers import Trouble, read, retry_after
from services.weather_poller.poller import Turn

NOW = datetime(2025, 8, 30, 6, tzinfo=UTC)


# https://www.weatherapi.com/docs/#intro-error-codes: key not given, wrong, over quota, disabled,
# and without access to this resource; the others are of the request.
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((1002, "key"), (2006, "key"), (2007, "key"), (2008, "key"), (2009, "key")),
        *((1003, "end"), (1005, "end"), (1006, "end"), (9999, "end")),
    ],
)
def test_an_error_inside_a_200_asks_for_the_key_anew_where_the_key_is_to_blame(
    code: int, kind: str
) -> None:
    trouble = read(json.dumps({"error": {"code": code, "message": "secret words"}}).encode())

    assert trouble == Trouble(kind, f"the answer is an error inside a 200, error code {code}")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Sat, 30 Aug 2025 06:01:30 GMT", 90.0),
        ("Sat, 30 Aug 2025 05:00:00 GMT", 0.0),
        ("soon", None),
        ("Sat, 99 Aug 2025 06:00:00 GMT", None),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("result", "well"),
    [("put", True), ("known", True), ("no-answer", False), ("no-key", False), ("not-put", False)],
)
def test_a_turn_is_well_where_service_key_and_stream_all_work(result: str, well: bool) -> None:
    assert Turn(result, "", 60.0).well is well


@pytest.mark.parametrize(
    ("body", "what"), [(b" \n<html>", "HTML"), (b'{"location": ', "cut off, or no JSON")]
)
def test_a_page_is_told_from_an_answer_that_was_cut(body: bytes, what: str) -> None:
    assert read(body) == Trouble("again", f"the answer is {what}")
