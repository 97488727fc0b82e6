"""What the weather service's answers are worth, one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.weather_poller.answers import Observation, Trouble, judge, read, retry_after
from services.weather_poller.poller import Turn

NOW = datetime(2025, 8, 30, 6, tzinfo=UTC)
DEEP = b"[" * 100_000
PLACE, MOMENT = {"name": "Madrid"}, {"last_updated_epoch": 7}
NOBODY: list[Any] = [None, [PLACE], {}, {"name": ""}, {"name": 5}]
NEVER: list[Any] = [None, [MOMENT], {}, *({"last_updated_epoch": one} for one in ("7", 7.0, True))]


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
        ("Sat, 30 Aug 2025 06:01:30", 90.0),
        ("Sat, 30 Aug 2025 05:00:00 GMT", 0.0),
        ("9" * 400, 999_999_999.0),
        ("-1", None),
        ("soon", None),
        ("²", None),
        ("Sat, 30 Aug 99999999999999999999 06:00:00 GMT", None),
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


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (b" \n", Trouble("again", "the answer is empty")),
        (DEEP, Trouble("again", "the answer is cut off, or no JSON")),
        (b"[]", Trouble("end", "the answer is no JSON object")),
        (b'{"error": "No."}', Trouble("end", "the answer is an error inside a 200")),
        (b'{"error": {"code": "2006"}}', Trouble("end", "the answer is an error inside a 200")),
    ],
)
def test_what_is_no_observation_is_called_by_its_kind(body: bytes, trouble: Trouble) -> None:
    assert read(body) == trouble


@pytest.mark.parametrize(
    ("location", "current"),
    [
        *((place, MOMENT) for place in NOBODY),
        *((PLACE, moment) for moment in NEVER),
        (None, None),
    ],
)
def test_an_observation_says_where_and_when(location: Any, current: Any) -> None:
    good = {"location": PLACE, "current": MOMENT}
    assert read(json.dumps(good).encode()) == Observation("Madrid", 7, good)

    trouble = read(json.dumps({"location": location, "current": current}).encode())

    assert trouble == Trouble("end", "the answer says not where or not when it was observed")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"code": 1006, "message": "my words"}}', ", error code 1006"),
        *((body, "") for body in (b"", b"<html>", DEEP, b"[1]", b"{}", b'{"error": "my words"}')),
        *((b'{"error": {"code": %s}}' % code, "") for code in (b'"my words"', b"true", b"null")),
    ],
)
def test_of_a_refusal_only_the_number_is_repeated(body: bytes, said: str) -> None:
    assert judge(400, {}, body, NOW) == Trouble("end", f"the service answered 400{said}")
    assert judge(401, {}, body, NOW) == Trouble("key", f"the service refused the key (401{said})")
    assert judge(500, {"Retry-After": "7"}, body, NOW) == Trouble(
        "again", f"the service answered 500{said}", 7.0
    )
