"""A weather service on the loopback that answers what a test has written down, in that order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Step = Callable[[BaseHTTPRequestHandler], None]


def answer(
    status: int = 200, body: Any = b"", headers: Mapping[str, str] | None = None, cut: int = 0
) -> Step:
    """A whole answer, or one whose last bytes never come."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(data[: len(data) - cut])

    return send


def in_chunks(body: bytes, headers: Mapping[str, str] | None = None, *, ends: bool = True) -> Step:
    """An answer whose length nobody says before: whole, or without its end."""

    def send(request: BaseHTTPRequestHandler) -> None:
        request.protocol_version = "HTTP/1.1"
        request.send_response(200)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Transfer-Encoding", "chunked")
        request.send_header("Connection", "close")
        request.end_headers()
        for start in range(0, len(body), 7):
            chunk = body[start : start + 7]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            request.wfile.flush()
        if ends:
            request.wfile.write(b"0\r\n\r\n")

    return send


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """The connection breaks before anything is said."""
    request.close_connection = True
    request.connection.close()


def silence(seconds: float) -> Step:
    """Nothing, for so long."""

    def wait(request: BaseHTTPRequestHandler) -> None:
        threading.Event().wait(seconds)
        request.close_connection = True

    return wait


def drip(size: int, seconds: float) -> Step:
    """An answer of so many bytes, one at a time: each comes in time, the whole never does."""

    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(size))
        request.end_headers()
        for _ in range(size):
            request.wfile.write(b" ")
            request.wfile.flush()
            threading.Event().wait(seconds)

    return send


class Script:
    """What is answered, and what was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.steps: list[Step] = []
        self.always: Step | None = None
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []

    def next(self) -> Step:
        if self.steps:
            return self.steps.pop(0)
        assert self.always is not None, "asked more often than the script says"
        return self.always


@contextmanager
def weather_service() -> Iterator[Script]:
    """The service, gone at the end."""
    script: Script

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            script.paths.append(asked.path)
            script.headers.append(dict(self.headers))
            script.asked.append({name: values[0] for name, values in parse_qs(asked.query).items()})
            script.next()(self)

        def log_message(self, *_: Any) -> None:
            """Tests read no log of the service's."""

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, ValueError):
                return  # the asker, or the script, hung up

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script = Script(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
