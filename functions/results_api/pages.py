"""The page and the page to try the API, as files beside this module."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aws_lambda_powertools.event_handler import Response

from functions.results_api import answers, forms
from functions.results_api.problems import Problem

HERE: Final = Path(__file__).parent
FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
# All that a page needs comes from where it came from; nothing leaves the machine.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI sets styles of its own.
DOCS_POLICY: Final = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


def page(name: str, accept_encoding: str | None, if_none_match: str | None) -> Response[str]:
    """A file of the page (dashboard/)."""
    return _served(HERE / "page", name, PAGE_POLICY, accept_encoding, if_none_match)


def docs(name: str, accept_encoding: str | None, if_none_match: str | None) -> Response[str]:
    """A file of the page to try the API."""
    return _served(HERE / "docs", name, DOCS_POLICY, accept_encoding, if_none_match)


def _served(
    folder: Path, name: str, policy: str, accept_encoding: str | None, if_none_match: str | None
) -> Response[str]:
    kind = TYPES.get(Path(name).suffix)
    found = _file(folder, name) if kind and FILE.fullmatch(name) else None
    if kind is None or found is None:
        detail = "there is no such file"
        raise Problem(HTTPStatus.NOT_FOUND, "no-such-file", detail)
    plain, short, etag = found
    # What lies under its own hash (scripts/packing/page.py) never changes.
    kept = "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
    headers = {"ETag": etag, "Cache-Control": kept, "Vary": "Accept-Encoding"}
    headers["Content-Security-Policy"] = policy
    if answers.matches(etag, if_none_match):
        return answers.not_modified(headers)
    if short is not None and forms.takes_gzip(accept_encoding):
        return answers.answer(kind, short, {**headers, "Content-Encoding": "gzip"})
    content = plain if plain is not None else gzip.decompress(short or b"")
    is_text = kind.startswith("text/") or "json" in kind or "svg" in kind
    return answers.answer(kind, content.decode() if is_text else content, headers)


@cache
def _file(folder: Path, name: str) -> tuple[bytes | None, bytes | None, str] | None:
    """A file plain and as gzip, whichever there is, and its ETag."""
    plain, short = _read(folder / name), _read(folder / f"{name}.gz")
    if plain is None and short is None:
        return None
    digest = hashlib.sha256(plain if plain is not None else short or b"").hexdigest()[:20]
    return plain, short, f'"{digest}"'


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
