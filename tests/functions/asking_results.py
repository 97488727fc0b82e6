"""Asking the results API as the gateway does: an event in, an answer out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from functions.results_api import handler as results_api
from tests.factories import LambdaContext
from tests.functions.served_results import KEY


@dataclass(frozen=True)
class Answer:
    """What comes back, decoded."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json["rows"]
        return found


def event(
    path: str, query: str = "", method: str = "GET", headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The event that an HTTP API makes of a request (payload 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(path).replace("%", "%25") if "%25" in path else unquote(path),
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc",
            "domainName": "abc.execute-api.eu-south-2.amazonaws.com",
            "http": {
                "method": method,
                "path": unquote(path),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "tests",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "30/Aug/2026:10:15:00 +0000",
            "timeEpoch": 1788084900000,
        },
        "isBase64Encoded": False,
    }


def call(
    path: str,
    query: str = "",
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    key: str | None = KEY,
) -> Answer:
    """One request through the handler."""
    own = {} if key is None else {"x-api-key": key}
    answer = results_api.handler(
        event(path, query, method, {**own, **(headers or {})}), LambdaContext()
    )
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    lower = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        lower[name.lower()] = ", ".join(values)
    return Answer(answer["statusCode"], lower, content)


def ask(name: str, *pairs: tuple[str, Any], **said: Any) -> Answer:
    """Rows of a result."""
    return call(f"/v1/results/{name}/rows", urlencode([*pairs, *said.items()]))
