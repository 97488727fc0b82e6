"""A small API of the lake's contract on this machine: one result in pages, troubles on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY = "lake_0123456789abcdefghijklmnopqrstuv"
SNAPSHOT = "20250830T101500Z-1a2b3c4d"
Rows = list[dict[str, Any]]


@dataclass
class Served:
    """Results by name (columns with their types, rows), and what was asked for."""

    columns: dict[str, dict[str, str]]
    rows: dict[str, Rows]
    page: int = 3
    url: str = ""
    asked: list[tuple[str, list[tuple[str, str]], dict[str, str]]] = field(default_factory=list)
    troubles: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # answered first

    def answer(
        self, path: str, query: list[tuple[str, str]], headers: dict[str, str]
    ) -> tuple[int, dict[str, str], Any]:
        """One call: status, headers, body."""
        self.asked.append((path, query, headers))
        if self.troubles:
            status, more = self.troubles.pop(0)
            return status, more, {"status": status, "detail": "not now", "type": "urn:x"}
        if headers.get("x-api-key") != KEY:
            status = 403 if "x-api-key" in headers else 401
            return status, {}, {"status": status, "detail": "a key is needed", "type": "urn:key"}
        match path.split("/")[2:]:
            case ["status"]:
                return 200, {}, {"at": "2025-08-30T12:00:00Z", "advice": []}
            case ["results"]:
                return 200, {}, {"results": [self.brief(name) for name in self.rows]}
            case ["results", name, *rest] if name in self.rows:
                return (200, {}, self.described(name)) if not rest else self.paged(name, query)
        known = sorted(self.rows)
        detail = f"no result is called '{path.split('/')[3]}'"
        return 404, {}, {"status": 404, "detail": detail, "type": "urn:x", "allowed": known}

    def brief(self, name: str) -> dict[str, Any]:
        """One line of the list."""
        times = {"published_at": "2025-08-30T10:15:00Z", "age_minutes": 5, "snapshot": SNAPSHOT}
        fresh = {"fresh_within_minutes": 60, "fresh": True}
        named = {"name": name, "about": f"All of {name}.", "domain": "emt"}
        return {**named, **times, **fresh, "rows": len(self.rows[name]), "href": ""}

    def described(self, name: str) -> dict[str, Any]:
        """A result with its columns."""
        columns = [
            {"name": column, "type": kind, "unit": None, "about": ""}
            for column, kind in self.columns[name].items()
        ]
        return {**self.brief(name), "columns": columns, "page": self.page, "snapshots": [SNAPSHOT]}

    def paged(self, name: str, query: list[tuple[str, str]]) -> tuple[int, dict[str, str], Any]:
        """A page; filters by equality only, which is all that the tests ask."""
        said, rows = dict(query), self.rows[name]
        wanted: dict[str, set[str]] = {}
        for column, value in query:
            if column in self.columns[name]:
                wanted.setdefault(column, set()).add(value)
            elif column not in ("limit", "cursor", "sort", "fields", "snapshot"):
                detail = f"{name} has no column '{column}'"
                problem = {"status": 400, "detail": detail, "parameter": column}
                return 400, {}, {**problem, "allowed": list(self.columns[name]), "type": "urn:x"}
        found = [row for row in rows if all(str(row[c]) in v for c, v in wanted.items())]
        if fields := said.get("fields"):
            found = [{column: row[column] for column in fields.split(",")} for row in found]
        start = int(said.get("cursor", "0"))
        end = start + min(int(said.get("limit", "2")), self.page)
        more = str(end) if end < len(found) else None
        page = found[start:end]
        told = {"result": name, "snapshot": SNAPSHOT, "published_at": "2025-08-30T10:15:00Z"}
        return 200, {}, {**told, "count": len(page), "rows": page, "next": more}


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """The API on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, body = served.answer(asked.path, parse_qsl(asked.query), headers)
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        served.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
