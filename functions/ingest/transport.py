"""One way of asking over HTTP: patient within bounds, and silent about secrets.

What may pass by itself (429, 5xx, time-outs, cut connections, half bodies) is asked again with
back-off and full jitter, never sooner than Retry-After says, as often as the API is declared to
be asked and never longer than the function lives. A body that is no JSON is kept as it came, asked
for once more, and then said. Errors of `requests` name the whole URL, key included: none leaves.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, Final, NoReturn
from urllib.parse import quote, quote_plus

import requests
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

from functions.ingest.clock import Clock
from functions.ingest.errors import NotLetIn, Said, Unavailable, Unreadable

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
MAX_BODY_BYTES: Final = 64 << 20
_CHUNK: Final = 1 << 16
_COMES_BACK: Final = frozenset({408, 425, 429})
_NOT_LET_IN: Final = frozenset({401, 403})
_LONGEST_WORD: Final = 300

# At DEBUG it writes each URL into the log, and a key may be part of it.
logging.getLogger("urllib3").setLevel(logging.INFO)


class ShapeError(ValueError):
    """JSON, and not the JSON that was agreed on."""


class Forbidden(Exception):
    """401 or 403: who asks decides whether another token or secret may help."""

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        self.words = words


@dataclass
class Transport:
    """All HTTP calls to one API."""

    name: str
    retries: int
    timeout_s: float
    clock: Clock
    keep_bad: Callable[[bytes, str], None]
    secrets: set[str] = field(default_factory=set)
    session: requests.Session = field(default_factory=requests.Session)

    def json(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        trouble_in: Callable[[Any], str | None] = lambda _: None,
        check: Callable[[Any], None] = lambda _: None,
    ) -> Any:
        """The answer's JSON; `trouble_in` finds the troubles that an API tells inside a 200,
        `check` raises ShapeError where the answer is not what was agreed."""
        unreadable = 0
        for attempt in count():
            at_least = 0.0
            try:
                status, answered, content = self._once(method, url, params, headers, body)
            except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
                raise NotLetIn(
                    f"the secret of {self.name} fits no header: it holds a line break, begins with"
                    " a blank, or has a letter beyond Latin-1"
                ) from None
            except (requests.RequestException, HTTPError) as error:
                # Without the error itself: its text is the URL, its cause too.
                trouble = _TROUBLES.get(type(error), "the connection broke")
            else:
                if 200 <= status < 300:
                    try:
                        value = json.loads(content, parse_constant=_no_number)
                        check(value)
                    except (ValueError, RecursionError) as error:
                        drifted = isinstance(error, ShapeError)
                        trouble = str(error) if drifted else f"{_kind(content)} in place of JSON"
                        unreadable += 1
                        self.keep_bad(self._hushed(content), f"{self.name}: {trouble}")
                        if unreadable > 1:
                            reason = f"{self.name} answered {trouble}, twice; the bytes are kept"
                            raise Unreadable(reason) from None
                    else:
                        if (told := trouble_in(value)) is None:
                            return value
                        trouble = self.hushed(told)
                elif status in _NOT_LET_IN:
                    raise Forbidden(status, self._words(content))
                elif status < 500 and status not in _COMES_BACK:
                    words = self._words(content)
                    raise Said(f"HTTP {status}", f"{self.name} answered HTTP {status}{words}")
                else:
                    trouble = f"HTTP {status}"
                    at_least = self._retry_after(answered)
            self._pause(attempt, trouble, at_least)
        raise AssertionError  # count() does not end

    def hushed(self, text: str) -> str:
        """The text without any secret in it, and no longer than a sentence."""
        # JSON may spell half a character, which is no text that anybody can write down.
        return self._hushed(text.encode(errors="replace")).decode()[:_LONGEST_WORD]

    def _hushed(self, content: bytes) -> bytes:
        """The bytes without any secret in them: an API may repeat what, or where, it was asked."""
        for secret in self.secrets:
            for spelt in (secret, quote(secret), quote_plus(secret)):
                content = content.replace(spelt.encode(), b"***")
        return content

    def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: Any,
    ) -> tuple[int, Mapping[str, str], bytes]:
        left = self.clock.remaining()
        if left <= 0:
            raise Unavailable(f"no time was left to ask {self.name}")
        patience = min(self.timeout_s, left)
        until = self.clock.monotonic() + patience
        with self.session.request(
            method,
            url,
            params=params,
            headers=headers,
            json=body,
            timeout=(min(5.0, patience), patience),
            allow_redirects=False,  # nobody else gets our headers
            stream=True,
        ) as answer:
            content = bytearray()
            # What has come, not a whole chunk: one that drips would keep us for hours.
            while chunk := answer.raw.read1(_CHUNK, decode_content=True):
                content += chunk
                if len(content) > MAX_BODY_BYTES:
                    raise Unreadable(f"{self.name} answered more than {MAX_BODY_BYTES >> 20} MiB")
                if self.clock.monotonic() > until:
                    raise requests.Timeout
            return answer.status_code, answer.headers, bytes(content)

    def _pause(self, attempt: int, trouble: str, at_least: float) -> None:
        if attempt >= self.retries:
            tries = "1 try" if attempt == 0 else f"{attempt + 1} tries"
            raise Unavailable(f"{self.name} did not answer after {tries}: {trouble}")
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt)
        pause = max(at_least, self.clock.chance() * longest)
        if pause >= self.clock.remaining():
            later = f"; asks us to wait {at_least:.0f} s" if at_least else ""
            raise Unavailable(f"{self.name} did not answer before time was up: {trouble}{later}")
        self.clock.sleep(pause)

    def _retry_after(self, headers: Mapping[str, str]) -> float:
        said = headers.get("Retry-After", "").strip()
        if said.isdecimal():
            return float(said)
        try:
            moment = parsedate_to_datetime(said)
        except (ValueError, OverflowError):
            return 0.0
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())

    def _words(self, content: bytes) -> str:
        """What an API says about a refusal: ` (1006: No matching location found.)`, or nothing."""
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            return ""
        error = value.get("error", value) if isinstance(value, dict) else {}
        if not isinstance(error, dict):
            return ""
        said = [error.get("code"), error.get("message") or error.get("description")]
        words = ": ".join(str(word) for word in said if word is not None)
        return f" ({self.hushed(words)})" if words else ""


_TROUBLES: Final[dict[type[Exception], str]] = {
    requests.ConnectTimeout: "no connection in time",
    requests.ReadTimeout: "no answer in time",
    requests.Timeout: "no answer in time",
    ReadTimeoutError: "no answer in time",
    ProtocolError: "half a body",
    DecodeError: "a body that cannot be unpacked",
}


def _kind(content: bytes) -> str:
    start = content[:200].lstrip().lower()
    if not start:
        return "nothing"
    return "HTML" if start.startswith((b"<!doctype", b"<html")) else "broken text"


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")
