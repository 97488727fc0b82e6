"""Answers as the gateway takes them: headers, validators, how old they are."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aws_lambda_powertools.event_handler import Response

from functions.results_api.forms import packed
from functions.results_api.problems import PROBLEM_TYPE, Problem

# For what a browser might make of an answer: nothing of it runs, nobody frames it.
SAFE: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LATEST: Final = "private, no-cache"  # kept, but asked for again by its ETag
NEVER_CHANGES: Final = "private, max-age=31536000, immutable"
VARIES: Final = {"Vary": "Accept, Accept-Encoding, x-api-key"}


def answer(
    content_type: str,
    body: str | bytes,
    headers: Mapping[str, str] | None = None,
    accept_encoding: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response[str]:
    """An answer; packed where the client takes that."""
    all_headers = {**SAFE, "Cache-Control": "no-store", **(headers or {})}
    short = packed(body if isinstance(body, bytes) else body.encode(), accept_encoding)
    if short is not None:
        all_headers["Content-Encoding"] = "gzip"
        body = short
    is_text = isinstance(body, str)
    made: Response[str] = Response(
        status_code=int(status),
        content_type=content_type,
        # Powertools would hand bytes that are called JSON to its serializer.
        body=body if isinstance(body, str) else base64.b64encode(body).decode(),
        headers=dict(all_headers),
    )
    made.base64_encoded = not is_text
    return made


def refusal(problem: Problem) -> Response[str]:
    """A problem as it travels."""
    return answer(PROBLEM_TYPE, problem.body(), problem.headers, status=problem.status)


def not_modified(headers: Mapping[str, str]) -> Response[str]:
    """What the client holds is still the answer."""
    return Response(status_code=int(HTTPStatus.NOT_MODIFIED), body="", headers={**SAFE, **headers})


def elsewhere(address: str, headers: Mapping[str, str]) -> Response[str]:
    """The answer lies at another address, for a while."""
    return answer(
        "text/plain; charset=utf-8",
        "",
        {**headers, "Location": address, "Cache-Control": "no-store"},
        status=HTTPStatus.SEE_OTHER,
    )


def matches(etag: str, if_none_match: str | None) -> bool:
    """Whether the client holds the answer already."""
    if if_none_match is None:
        return False
    held = [word.strip().removeprefix("W/") for word in if_none_match.split(",")]
    return "*" in held or etag in held


def stale(seconds: float | None) -> dict[str, str]:
    """How old an answer is that could not be made anew."""
    if seconds is None:
        return {}
    return {"Age": str(int(seconds)), "Warning": '110 results-api "Response is Stale"'}
