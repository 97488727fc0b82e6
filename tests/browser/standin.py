"""Answers the page as the API does, and in every bad mood that an API can have.

The page's own tests need an API that fails on demand; the real one answers in the journeys.
"""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.browser import rows, state

KEY: Final = "lake_0123456789abcdefghijklmnopqrstuv"
SNAPSHOT: Final = "20250830T095100Z-1a2b3c4d"
PAGE_ROWS: Final = 60
OWN: Final = {"cursor", "fields", "limit"}
TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)


@dataclass
class Mood:
    """How the API answers now."""

    results: dict[str, list[dict[str, Any]]] = field(default_factory=rows.results)
    state: dict[str, Any] = field(default_factory=state.troubled)
    status: int = 200
    detail: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    only: str = ""  # the path that the status is for; else all of /v1/
    under_way: threading.Event | None = None  # answers wait for it
    held: str = ""  # the path whose refusals wait for the word
    word: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    unchanged: int = 0


class StandIn(ThreadingHTTPServer):
    """One page and one API on 127.0.0.1."""

    daemon_threads = True

    def __init__(self, page: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.page, self.mood = page, Mood()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path.startswith("/v1/"):
            self._api(asked.path, {k: v[-1] for k, v in parse_qs(asked.query).items()})
        else:
            self._file(asked.path.lstrip("/") or "index.html")

    def log_message(self, *_words: Any) -> None:
        """Tests are quiet."""

    def _file(self, name: str) -> None:
        content = self.server.page.get(name)
        if content is None:
            return self._send(404, b"no such file", {"Content-Type": "text/plain"})
        headers = {
            "Content-Type": TYPES[name.rpartition(".")[2]],
            "Content-Security-Policy": POLICY,
        }
        if name.startswith("assets/"):
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        packed = self.server.page.get(f"{name}.gz")
        if packed is not None:
            assert gzip.decompress(packed) == content
            return self._send(200, packed, headers | {"Content-Encoding": "gzip"})
        return self._send(200, content, headers)

    def _api(self, path: str, query: dict[str, str]) -> None:
        mood = self.server.mood
        mood.asked.append(self.path)
        if mood.under_way is not None:
            mood.under_way.wait(30)
        key = self.headers.get("x-api-key")
        if key != KEY and mood.held and mood.held in path:
            mood.word.wait(10)
        if key is None:
            return self._problem(401, "A key is needed: send it as x-api-key.")
        if key != KEY:
            return self._problem(403, "This key is not known.")
        if mood.status != 200 and mood.only in path:
            return self._problem(mood.status, mood.detail, mood.headers)
        if path == "/v1/status":
            return self._json(mood.state, {"Age": "30"} | mood.headers)
        name = path.split("/")[3]
        if name not in mood.results:
            return self._problem(404, f"{name} is not published.")
        return self._rows(name, query)

    def _rows(self, name: str, query: dict[str, str]) -> None:
        mood = self.server.mood
        found = mood.results[name]
        for column in query.keys() - OWN:
            found = [row for row in found if str(row[column]) == query[column]]
        start = int(query.get("cursor", "0"))
        more = start + int(query.get("limit", PAGE_ROWS))
        part = found[start:more]
        if "fields" in query:
            part = [{one: row.get(one) for one in query["fields"].split(",")} for row in part]
        body = {
            "result": name,
            "snapshot": SNAPSHOT,
            "published_at": "2025-08-30T09:51:00Z",
            "count": len(part),
            "rows": part,
            "next": str(more) if more < len(found) else None,
        }
        self._json(body, mood.headers)

    def _json(self, body: dict[str, Any], headers: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        etag = f'"{sha256(content).hexdigest()[:16]}"'
        if self.headers.get("if-none-match") == etag:
            self.server.mood.unchanged += 1
            return self._send(304, b"", {"ETag": etag} | headers)
        return self._send(
            200, content, {"Content-Type": "application/json", "ETag": etag} | headers
        )

    def _problem(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        body = {"type": "about:blank", "title": "Problem", "status": status, "detail": detail}
        kind = {"Content-Type": "application/problem+json"}
        self._send(status, json.dumps(body).encode(), kind | (headers or {}))

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 304:
            self.wfile.write(content)
