"""HTTP APIs of ministack as AWS has them: limits, preflights, and an address for any browser."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

# AWS starts a Lambda for each caller; a laptop starts so many, and further callers wait their turn.
WORKERS: Final = 4
TOO_MANY: Final = json.dumps({"message": "Too Many Requests"}).encode()
JSON: Final = {"Content-Type": "application/json"}


def install() -> None:
    """Put the mends in place; called once, before the first request."""
    name_an_address_that_opens_anywhere()
    keep_limits(Throttles())
    let_callers_wait_for_a_worker()


def name_an_address_that_opens_anywhere() -> None:
    """Say `http://127.0.0.1:<port>/_aws/execute-api/<id>` for an API's endpoint.

    ministack says `http://<id>.execute-api.localhost:<port>`, which not every system finds, and
    answers at both.
    """
    from ministack.services import apigateway

    create, get = apigateway._create_api, apigateway._get_api

    def address(api_id: str) -> None:
        endpoint = os.environ["AWS_ENDPOINT_URL"]
        apigateway._apis[api_id]["apiEndpoint"] = f"{endpoint}/_aws/execute-api/{api_id}"

    def create_addressed(data: dict[str, Any]) -> Any:
        status, headers, body = create(data)
        if status >= 300 or data.get("protocolType") != "HTTP":
            return status, headers, body
        api_id = json.loads(body)["apiId"]
        address(api_id)
        return apigateway._apigw_response(apigateway._apis[api_id], status)

    def get_addressed(api_id: str) -> Any:
        # Each time: the port may be another one than when the API was made.
        if apigateway._apis.get(api_id, {}).get("protocolType") == "HTTP":
            address(api_id)
        return get(api_id)

    apigateway._create_api, apigateway._get_api = create_addressed, get_addressed


@dataclass
class Throttles:
    """Token buckets by API, stage and route, as their stage's settings say."""

    clock: Callable[[], float] = time.monotonic
    buckets: dict[tuple[str, str, str], tuple[float, float]] = field(default_factory=dict)

    def lets_in(self, place: tuple[str, str, str], rate: float, burst: float) -> bool:
        """Whether there is a token left; the bucket fills with time."""
        now = self.clock()
        tokens, at = self.buckets.get(place, (burst, now))
        tokens = min(burst, tokens + (now - at) * rate)
        self.buckets[place] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1


def keep_limits(throttles: Throttles) -> None:
    """Answer 429 beyond a route's limits, and leave OPTIONS to an API that says nothing of CORS."""
    from ministack.services import apigateway

    execute = apigateway._handle_execute_in_scope

    async def execute_within_limits(
        api_id: str, stage: str, path: str, method: str, *rest: Any, **more: Any
    ) -> Any:
        route = apigateway._match_route(api_id, method, "/" + path.lstrip("/"))
        settings = limits(apigateway._stages.get(api_id, {}).get(stage), route)
        if settings and not throttles.lets_in((api_id, stage, route["routeKey"]), *settings):
            return 429, dict(JSON), TOO_MANY
        api = apigateway._apis.get(api_id)
        if method == "OPTIONS" and api and route and not api.get("corsConfiguration"):
            # ministack answers any OPTIONS itself; AWS does so for CORS only.
            return await forward_options(api_id, stage, path, *rest, **more)
        return await execute(api_id, stage, path, method, *rest, **more)

    apigateway._handle_execute_in_scope = execute_within_limits


async def forward_options(
    api_id: str,
    stage: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: Any,
    account: str,
    region: str,
    raw_query_string: str | None = None,
) -> Any:
    """Hand an OPTIONS to the function behind its route, as any other request."""
    from ministack.services import apigateway

    route = apigateway._match_route(api_id, "OPTIONS", "/" + path.lstrip("/"))
    wanted = route["target"].removeprefix("integrations/")
    return await apigateway._invoke_lambda_proxy(
        apigateway._integrations.get(api_id, {})[wanted],
        api_id,
        stage,
        path,
        "OPTIONS",
        {name.lower(): value for name, value in headers.items()},
        body,
        query,
        route["routeKey"],
        owner_account_id=account,
        owner_region=region,
        raw_query_string=raw_query_string,
    )


def limits(stage: Any, route: Any) -> tuple[float, float] | None:
    """Requests a second and at once, where the stage says so for the route or for all."""
    if not stage or not route:
        return None
    said = {
        **(stage.get("defaultRouteSettings") or {}),
        **((stage.get("routeSettings") or {}).get(route["routeKey"]) or {}),
    }
    rate, burst = said.get("throttlingRateLimit"), said.get("throttlingBurstLimit")
    return (float(rate), float(burst)) if rate and burst else None


def let_callers_wait_for_a_worker() -> None:
    """Run so many requests of an API at a time: each further one would be a process more."""
    from ministack.services import apigateway

    invoke = apigateway._invoke_lambda_proxy
    turns: dict[tuple[int, str], asyncio.Semaphore] = {}

    async def invoke_in_turn(integration: Any, api_id: str, *rest: Any, **more: Any) -> Any:
        place = (id(asyncio.get_running_loop()), api_id)
        async with turns.setdefault(place, asyncio.Semaphore(WORKERS)):
            return await invoke(integration, api_id, *rest, **more)

    apigateway._invoke_lambda_proxy = invoke_in_turn
