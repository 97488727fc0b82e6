"""The stand-ins as a server of their own (for tests, by hand) or inside the laptop cloud."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from local.upstream.answers import Answer, Call
from local.upstream.service import Upstream

Message = MutableMapping[str, Any]
HOST = "127.0.0.1"


def call_of(method: str, target: str, headers: dict[str, str], body: bytes) -> Call:
    """A request line and its headers as a call."""
    parts = urlsplit(target)
    return Call(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)


class _Handler(BaseHTTPRequestHandler):
    upstream: ClassVar[Upstream]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.upstream.answer(call_of(self.command, self.path, headers, body))
        if answer.wait_s:
            time.sleep(answer.wait_s)
        if answer.reset:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        half = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
        self.wfile.write(half)
        self.close_connection = self.close_connection or answer.cut

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: a request line may carry a key."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up on a slow answer is no error of ours."""


def server(upstream: Upstream, port: int = 0) -> ThreadingHTTPServer:
    """A server on this machine only; port 0 takes a free one."""
    handler = type("Handler", (_Handler,), {"upstream": upstream})
    return _Server((HOST, port), handler)


@contextmanager
def serving(upstream: Upstream) -> Iterator[str]:
    """The stand-ins for as long as a block lasts; gives where they are."""
    made = server(upstream)
    thread = Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{made.server_address[1]}"
    finally:
        made.shutdown()
        made.server_close()
        thread.join()


async def serve(
    upstream: Upstream,
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """One ASGI request of the laptop cloud."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    target = f"{scope['path']}?{scope['query_string'].decode()}"
    answer: Answer = upstream.answer(call_of(scope["method"], target, headers, body))
    await asyncio.sleep(answer.wait_s)
    if answer.reset:
        # Hypercorn makes a 500 of it: only the server of its own can break the wire unseen.
        raise ConnectionResetError("trouble on demand")
    length = (b"content-length", str(len(answer.body)).encode())
    sent = [(name.encode().lower(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": [*sent, length]})
    half = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
    # Less than was promised, and more to come that never does: the server cuts the connection.
    await send({"type": "http.response.body", "body": half, "more_body": answer.cut})
    if answer.cut:
        raise ConnectionResetError("trouble on demand")
