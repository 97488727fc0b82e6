"""What is refused, and how it is said: RFC 9457's problem details."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from lake.names import nearest

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 5


class Problem(Exception):
    """An answer that is not what was asked for."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        parameter: str | None = None,
        allowed: Iterable[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.parameter = parameter
        self.allowed = None if allowed is None else list(allowed)
        self.headers = dict(headers or {})

    def body(self) -> str:
        """As it travels; a field that says nothing is left out."""
        said: dict[str, Any] = {
            "type": f"urn:albufera:problem:{self.kind}",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
            "parameter": self.parameter,
            "allowed": self.allowed,
        }
        return json.dumps({name: value for name, value in said.items() if value is not None})


def wrong(kind: str, detail: str, parameter: str, allowed: Iterable[str] | None = None) -> Problem:
    """A parameter that cannot be meant: which one, and what it may be."""
    return Problem(
        HTTPStatus.BAD_REQUEST, kind, detail, parameter=_shown(parameter), allowed=allowed
    )


def unknown(
    kind: str, what: str, word: str, known: Iterable[str], parameter: str | None = None
) -> Problem:
    """A name that nothing has; the nearest known one is offered."""
    names = sorted(known)
    detail = f"no {what} is called '{_shown(word)}'{nearest(word, names)}"
    status = HTTPStatus.NOT_FOUND if parameter is None else HTTPStatus.BAD_REQUEST
    return Problem(
        status,
        kind,
        detail,
        parameter=None if parameter is None else _shown(parameter),
        allowed=names,
    )


def away(detail: str) -> Problem:
    """Something that the answer needs does not answer itself."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        detail,
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def _shown(word: str) -> str:
    """What somebody sent, short enough to be repeated."""
    return word if len(word) <= 80 else f"{word[:80]}..."
