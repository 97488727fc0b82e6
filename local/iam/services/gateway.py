"""API Gateway calls a function by the function's own policy, for the route of an API."""

from __future__ import annotations

import json
import re
from typing import Any

from local.iam.grants import service_may
from local.iam.needs import Need

SERVICE = "apigateway.amazonaws.com"
FUNCTION = re.compile(r"arn:aws:lambda:[\w-]+:\d{12}:function:[\w:$-]+")
FAILED = json.dumps({"message": "Internal Server Error"}).encode()


def install() -> None:
    """Answer 500, as AWS, where the function's policy does not let the API call it."""
    from ministack.services import apigateway, lambda_svc

    invoke = apigateway._invoke_lambda_proxy

    async def invoke_allowed(
        integration: Any, api_id: str, stage: str, path: str, method: str, headers: Any,
        body: Any, query: Any, route_key: str = "$default", *rest: Any, **more: Any,
    ) -> Any:  # fmt: skip
        from ministack.core.responses import get_account_id, get_region

        function = FUNCTION.search(integration.get("integrationUri", ""))
        if function is not None:
            known = lambda_svc.function_policy_for_arn(function[0])
            need = Need("lambda:InvokeFunction", function[0], way="function policy")
            place = f"{get_region()}:{get_account_id()}:{api_id}/{stage}/{route_path(route_key)}"
            source = f"arn:aws:execute-api:{place}"
            if not service_may(SERVICE, source, need, known and known[0]):
                return 500, {"Content-Type": "application/json"}, FAILED
        return await invoke(
            integration, api_id, stage, path, method, headers, body, query, route_key,
            *rest, **more,
        )  # fmt: skip

    apigateway._invoke_lambda_proxy = invoke_allowed


def route_path(route_key: str) -> str:
    """`GET /v1/{proxy+}` as it stands in a source ARN: `GET/v1/{proxy+}`."""
    return route_key.replace(" ", "", 1)
