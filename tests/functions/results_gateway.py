"""The results API as a WSGI application: the gateway before the handler, for clients of HTTP."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from functions.results_api import handler as results_api
from tests.factories import LambdaContext
from tests.functions.asking_results import event


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """One request by HTTP, as API Gateway hands it over and back."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    asked = event("/", environ["QUERY_STRING"], environ["REQUEST_METHOD"], headers)
    asked["requestContext"]["domainName"] = environ.get("HTTP_HOST", "localhost")
    asked["rawPath"] = asked["requestContext"]["http"]["path"] = path
    answer = results_api.handler(asked, LambdaContext())
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    lines = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    status = HTTPStatus(answer["statusCode"])
    start_response(f"{status.value} {status.phrase}", lines)
    return [content]
