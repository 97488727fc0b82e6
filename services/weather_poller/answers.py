"""What the service's answer is worth: an observation, or a reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

# WeatherAPI's own codes: a key that is wrong, missing, out of quota or switched off.
_KEY_CODES: Final = frozenset({1002, 2006, 2007, 2008, 2009})
_MAX_BYTES: Final = 900_000  # Kinesis takes a megabyte, and the envelope needs its part


@dataclass(frozen=True)
class Observation:
    """One observation as the service sent it."""

    location: str
    epoch: int
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Trouble:
    """No observation: what to do about it, and why in words."""

    kind: str  # again: may help; key: ask for the key anew; end: nothing helps before the next turn
    reason: str
    wait_s: float | None = None  # what Retry-After asked for


def judge(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> Observation | Trouble:
    """One whole HTTP answer; nothing of it is repeated in a reason but numbers and known words."""
    if status in (401, 403):
        return Trouble("key", f"the service refused the key ({status}{_code(body)})")
    if status == 429 or status >= 500:
        wait = retry_after(headers.get("Retry-After"), now)
        return Trouble("again", f"the service answered {status}{_code(body)}", wait)
    if status != 200:
        return Trouble("end", f"the service answered {status}{_code(body)}")
    return read(body)


def read(body: bytes) -> Observation | Trouble:
    """The body of a 200, which need not be an observation."""
    if not body.strip():
        return Trouble("again", "the answer is empty")
    if len(body) > _MAX_BYTES:
        return Trouble("end", f"the answer has {len(body)} bytes, more than a record can hold")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        html = body.lstrip()[:1] == b"<"
        what = "HTML" if html else "cut off, or no JSON"
        return Trouble("again", f"the answer is {what}")
    if not isinstance(found, dict):
        return Trouble("end", "the answer is no JSON object")
    if "error" in found:
        code = error_code(found)
        kind = "key" if code in _KEY_CODES else "end"
        return Trouble(kind, f"the answer is an error inside a 200{_said(code)}")
    location, current = found.get("location"), found.get("current")
    name = location.get("name") if isinstance(location, dict) else None
    epoch = current.get("last_updated_epoch") if isinstance(current, dict) else None
    if not isinstance(name, str) or not name or type(epoch) is not int:
        return Trouble("end", "the answer says not where or not when it was observed")
    return Observation(name, epoch, found)


def retry_after(said: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: a number of seconds, or a date."""
    if said is None:
        return None
    if said.strip().isdecimal():
        return float(said.strip()[:9])
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def error_code(found: Mapping[str, Any]) -> int | None:
    """The number in `{"error": {"code": 1006, ...}}`."""
    error = found.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if type(code) is int else None


def _code(body: bytes) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return _said(error_code(found)) if isinstance(found, dict) else ""


def _said(code: int | None) -> str:
    return "" if code is None else f", error code {code}"
