"""Answers of the API: which headers each of them has, whatever it holds."""

from __future__ import annotations

import base64
import gzip

from functions.results_api.answers import answer

# By OWASP's list of secure headers for an API: nothing runs, nobody frames, nobody is told whence.
SAFE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def test_an_answer_is_safe_in_a_browser_and_kept_by_nobody_unless_that_is_said() -> None:
    plain = answer("text/plain", "words").headers
    kept = answer("text/plain", "words", {"Cache-Control": "private, no-cache"}).headers

    assert plain == {**SAFE, "Cache-Control": "no-store", "Content-Type": "text/plain"}
    assert kept["Cache-Control"] == "private, no-cache"


def test_a_long_answer_is_packed_where_the_client_takes_that() -> None:
    text = "words " * 100_000

    packed = answer("text/plain", text, accept_encoding="br, gzip")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(base64.b64decode(packed.body or "")).decode() == text
    assert answer("text/plain", text, accept_encoding="br").body == text
