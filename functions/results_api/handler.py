"""Answer questions about results: rows, meaning, freshness; the page and the lake's state.

Trigger:     an HTTP API (payload 2.0), its `$default` stage, every route of it
Environment: SERVED_BUCKET API_KEYS_TABLE API_URL
Reads:       s3 served/*, the table of keys; asks nothing of Athena, writes nothing
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.results_api import answers, descriptions, lake_state, legacy, openapi, pages
from functions.results_api.forms import json_text
from functions.results_api.keys import HEADER, Keys
from functions.results_api.problems import Problem, away
from functions.results_api.questions import Asked
from functions.results_api.rows import Request, rows
from functions.results_api.served_bucket import ServedBucket
from functions.results_api.snapshots import Snapshots
from lake import __version__
from lake.catalog import Catalog
from lake.errors import LakeError
from lake.settings import Settings

ALLOWED: Final = "GET, HEAD, OPTIONS"
# Snapshots that are kept while the function is warm; its disk has three times as much (api.tf).
CACHE_BYTES: Final = 300 << 20
# Better a stale answer or a 503 soon than a gateway that cuts off after half a minute.
PATIENCE: Final[dict[str, Any]] = {
    "connect_timeout": 2,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}

logger = Logger(service="results_api")
app = APIGatewayHttpResolver()


@dataclass(frozen=True)
class ResultsApiSettings(Settings):
    """What the function is told by its environment."""

    served_bucket: str
    api_keys_table: str
    api_url: str


@dataclass(frozen=True)
class Service:
    """What the function keeps while it is warm."""

    catalog: Catalog
    keys: Keys
    snapshots: Snapshots


@cache
def service() -> Service:
    """The service with its clients: boto3 costs more than all else, and the page needs none."""
    import boto3
    from botocore.config import Config

    settings = ResultsApiSettings.from_env()
    # "virtual" makes presigned addresses regional: the global one redirects, which breaks them.
    addressed = {"signature_version": "s3v4", "s3": {"addressing_style": "virtual"}}
    s3 = boto3.client("s3", config=Config(**PATIENCE, **addressed))
    dynamodb = boto3.client("dynamodb", config=Config(**PATIENCE))
    bucket = ServedBucket(s3, settings.served_bucket)
    folder = Path(tempfile.mkdtemp(prefix="results-"))
    return Service(
        catalog=Catalog.bundled(),
        keys=Keys(dynamodb, settings.api_keys_table),
        snapshots=Snapshots(bucket, folder, CACHE_BYTES),
    )


def keyed(_app: APIGatewayHttpResolver, next_middleware: Any) -> Response[str]:
    """Only who has a key comes past."""
    key = service().keys.admit(header(HEADER))
    logger.append_keys(key=key.name)
    answer: Response[str] = next_middleware(app)
    return answer


def header(name: str) -> str | None:
    """A header of the request."""
    value: str | None = app.current_event.headers.get(name)
    return value


def told(body: Any, headers: dict[str, str] | None = None) -> Response[str]:
    """An answer in JSON that is asked for anew each time."""
    all_headers = {"Cache-Control": answers.LATEST, **answers.VARIES, **(headers or {})}
    return answers.answer(
        "application/json", json_text(body), all_headers, header("accept-encoding")
    )


def no_parameters() -> None:
    """Refuse parameters that nothing would read."""
    Asked.of(app.current_event.raw_query_string or "").none_but()


@app.get("/v1/health")
def health() -> Response[str]:
    return told({"status": "ok", "version": __version__}, {"Cache-Control": "no-store"})


@app.get("/v1/results", middlewares=[keyed])
def list_results() -> Response[str]:
    no_parameters()
    found, stale = descriptions.listed(
        service().catalog, service().snapshots, descriptions.utc_now()
    )
    return told({"results": found}, answers.stale(stale))


@app.get("/v1/results/<name>", middlewares=[keyed])
def describe_result(name: str) -> Response[str]:
    no_parameters()
    result = descriptions.result_of(service().catalog, name)
    found, stale = descriptions.described(result, service().snapshots, descriptions.utc_now())
    return told(found, answers.stale(stale))


@app.get("/v1/results/<name>/rows", middlewares=[keyed])
def ask_for_rows(name: str) -> Response[str]:
    request = Request(
        path=app.current_event.path,
        query_string=app.current_event.raw_query_string or "",
        accept=header("accept"),
        accept_encoding=header("accept-encoding"),
        if_none_match=header("if-none-match"),
    )
    return rows(request, descriptions.result_of(service().catalog, name), service().snapshots)


@app.get("/v1/tables", middlewares=[keyed])
def tables() -> Response[str]:
    no_parameters()
    return told(*lake_state.part("tables", service().snapshots, descriptions.utc_now()))


@app.get("/v1/loads", middlewares=[keyed])
def loads() -> Response[str]:
    no_parameters()
    return told(*lake_state.part("loads", service().snapshots, descriptions.utc_now()))


@app.get("/v1/quality", middlewares=[keyed])
def quality() -> Response[str]:
    no_parameters()
    return told(*lake_state.part("quality", service().snapshots, descriptions.utc_now()))


@app.get("/v1/status", middlewares=[keyed])
def status() -> Response[str]:
    no_parameters()
    now = descriptions.utc_now()
    found, headers = lake_state.state(service().snapshots, now)
    results, _ = descriptions.listed(service().catalog, service().snapshots, now)
    return told({**found, "results": results}, headers)


@app.get("/extract-trusted-info", middlewares=[keyed])
def extract_trusted_info() -> Response[str]:
    return legacy.extract(service().catalog, service().snapshots)


@app.get("/openapi.json")
def describe_api() -> Response[str]:
    return answers.answer(
        "application/json",
        openapi.text(Catalog.bundled(), own_address()),
        {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"},
        header("accept-encoding"),
    )


def own_address() -> str:
    """Where the API is: by the name it was asked by, unless that is the one AWS gave it."""
    context = app.current_event.request_context
    name = context.domain_name
    if name and not name.startswith(f"{context.api_id}.execute-api."):
        return f"https://{name}"
    return ResultsApiSettings.from_env().api_url


@app.get("/docs")
def docs() -> Response[str]:
    return pages.docs("index.html", header("accept-encoding"), header("if-none-match"))


@app.get("/docs/<name>")
def docs_file(name: str) -> Response[str]:
    return pages.docs(name, header("accept-encoding"), header("if-none-match"))


@app.get("/")
def page() -> Response[str]:
    return pages.page("index.html", header("accept-encoding"), header("if-none-match"))


@app.get("/assets/.+")
def page_file() -> Response[str]:
    name = app.current_event.path.removeprefix("/")
    return pages.page(name, header("accept-encoding"), header("if-none-match"))


PATHS: Final = [route.rule for route in (*app._static_routes, *app._dynamic_routes)]


@app.not_found
def no_route(_error: Exception) -> Response[str]:
    """A path that is not there, or a method that a path does not take."""
    event = app.current_event
    if not any(rule.match(event.path) for rule in PATHS):
        detail = "there is nothing here; /openapi.json says what there is"
        return answers.refusal(Problem(HTTPStatus.NOT_FOUND, "no-such-path", detail))
    headers = {"Allow": ALLOWED}
    if event.http_method == "OPTIONS":
        return answers.answer(
            "text/plain; charset=utf-8", "", headers, status=HTTPStatus.NO_CONTENT
        )
    detail = f"this path takes {ALLOWED}"
    return answers.refusal(
        Problem(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "no-such-method",
            detail,
            allowed=ALLOWED.split(", "),
            headers=headers,
        )
    )


@app.exception_handler(Problem)  # type: ignore[untyped-decorator]
def refuse(problem: Problem) -> Response[str]:
    return answers.refusal(problem)


@app.exception_handler(LakeError)  # type: ignore[untyped-decorator]
def cannot_read(error: LakeError) -> Response[str]:
    """Something served cannot be read, and there is no older answer either."""
    logger.error("not answered", extra={"reason": str(error)})
    return answers.refusal(away("what this answer is made of cannot be read just now"))


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def fail(_error: Exception) -> Response[str]:
    """An error of our own: its words stay in the log."""
    logger.exception("failed")
    problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "error", "that is our mistake; it is noted")
    return answers.refusal(problem)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request; HEAD is GET without a body."""
    began = time.perf_counter()
    http = event["requestContext"]["http"]
    method = http["method"]
    if method == "HEAD":
        asked = {**event["requestContext"], "http": {**http, "method": "GET"}}
        event = {**event, "requestContext": asked}
    answer: dict[str, Any] = app.resolve(event, context)
    if method == "HEAD":
        answer |= {"body": "", "isBase64Encoded": False}
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    logger.info(
        "answered",
        extra={
            "method": method,
            "path": event["rawPath"],
            "status": answer["statusCode"],
            "milliseconds": milliseconds,
        },
    )
    return answer
