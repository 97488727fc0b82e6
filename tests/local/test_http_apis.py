"""HTTP APIs of the laptop cloud answer as AWS's: addresses, limits, preflights, bodies."""

from __future__ import annotations

import http.client
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lake.api_keys import hash_of
from local.http_apis import Throttles, limits
from local.lifecycle import REGION, LaptopCloud
from scripts.deployment.keys import forget_the_key, keep_a_key, key_file
from tests.local.conftest import ROLE, Clients, zipped

ECHO = """
import base64, json, os, time

def handler(event, context):
    if event["rawPath"] == "/bytes":
        body = base64.b64encode(bytes(range(256))).decode()
        return {"statusCode": 200, "headers": {"content-type": "application/x-bytes"},
                "body": body, "isBase64Encoded": True}
    if event["rawPath"] == "/slow":
        time.sleep(0.2)
    said = {"method": event["requestContext"]["http"]["method"], "path": event["rawPath"],
            "query": event["rawQueryString"], "headers": event["headers"], "process": os.getpid()}
    return {"statusCode": 203, "headers": {"X-Own": "a, b"}, "body": json.dumps(said)}
"""


@pytest.fixture
def api(clients: Clients) -> Iterator[dict[str, Any]]:
    """An HTTP API with one function behind every route, `/few` with limits of its own."""
    function = clients("lambda").create_function(
        FunctionName="echo",
        Runtime=f"python3.{sys.version_info[1]}",
        Role=ROLE,
        Handler="echo.handler",
        Code={"ZipFile": zipped("echo.py", ECHO)},
    )
    gateway = clients("apigatewayv2")
    made = gateway.create_api(Name="echo", ProtocolType="HTTP")
    place = {"ApiId": made["ApiId"]}
    integration = gateway.create_integration(
        **place,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function["FunctionArn"],
        PayloadFormatVersion="2.0",
    )
    target = f"integrations/{integration['IntegrationId']}"
    for route in ("$default", "GET /few"):
        gateway.create_route(**place, RouteKey=route, Target=target)
    clients("lambda").add_permission(
        FunctionName="echo",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:000000000000:{made['ApiId']}/*",
    )
    gateway.create_stage(
        **place,
        StageName="$default",
        AutoDeploy=True,
        DefaultRouteSettings={"ThrottlingRateLimit": 1000.0, "ThrottlingBurstLimit": 1000},
        RouteSettings={"GET /few": {"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 3}},
    )
    yield gateway.get_api(**place)
    gateway.delete_api(**place)
    clients("lambda").delete_function(FunctionName="echo")


def ask(
    api: dict[str, Any], path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request at the address that the API is told to have."""
    address = urlsplit(api["ApiEndpoint"])
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    connection.request(method, f"{address.path}{path}", headers=headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content


def test_an_api_answers_at_an_address_that_needs_no_name(
    api: dict[str, Any], cloud: LaptopCloud
) -> None:
    assert api["ApiEndpoint"] == f"{cloud.endpoint}/_aws/execute-api/{api['ApiId']}"

    status, headers, content = ask(api, "/a%20b?x=1&x=2&y=%26", headers={"X-Api-Key": "k"})

    said = json.loads(content)
    assert (status, headers["x-own"]) == (203, "a, b")
    assert (said["method"], said["path"], said["query"]) == ("GET", "/a b", "x=1&x=2&y=%26")
    assert said["headers"]["x-api-key"] == "k"


def test_bytes_come_as_bytes(api: dict[str, Any]) -> None:
    status, headers, content = ask(api, "/bytes")

    assert (status, headers["content-type"]) == (200, "application/x-bytes")
    assert content == bytes(range(256))


def test_beyond_a_routes_limit_callers_are_told_so_and_other_routes_answer(
    api: dict[str, Any],
) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(lambda _: ask(api, "/few")[0], range(10)))

    assert statuses == {203: 3, 429: 7}
    assert json.loads(ask(api, "/few")[2]) == {"message": "Too Many Requests"}
    assert ask(api, "/many")[0] == 203


def test_a_crowd_waits_for_a_few_workers_and_nobody_fails(api: dict[str, Any]) -> None:
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: ask(api, "/slow"), range(24)))

    assert {status for status, _, _ in answers} == {203}
    assert len({json.loads(content)["process"] for _, _, content in answers}) <= 4


def test_options_reach_the_function_unless_the_api_answers_them_for_cors(
    api: dict[str, Any], clients: Clients
) -> None:
    status, _, content = ask(api, "/x", "OPTIONS", {"Origin": "https://page.example"})
    assert (status, json.loads(content)["method"]) == (203, "OPTIONS")

    cors = {"AllowOrigins": ["https://page.example"], "AllowMethods": ["GET"]}
    clients("apigatewayv2").update_api(ApiId=api["ApiId"], CorsConfiguration=cors)

    preflight, headers, _ = ask(api, "/x", "OPTIONS", {"Origin": "https://page.example"})
    assert preflight == 204
    assert headers["access-control-allow-origin"] == "https://page.example"
    other = ask(api, "/x", headers={"Origin": "https://other.example"})[1]
    assert "access-control-allow-origin" not in other


def test_a_bucket_of_tokens_fills_with_time() -> None:
    clock = [0.0]
    throttles = Throttles(clock=lambda: clock[0])
    place = ("api", "$default", "GET /")

    assert [throttles.lets_in(place, rate=2, burst=3) for _ in range(4)] == [True] * 3 + [False]
    clock[0] = 0.5
    assert [throttles.lets_in(place, rate=2, burst=3) for _ in range(2)] == [True, False]
    clock[0] = 100
    assert [throttles.lets_in(place, rate=2, burst=3) for _ in range(4)] == [True] * 3 + [False]


def test_a_route_without_limits_of_its_own_has_the_stages() -> None:
    stage = {
        "defaultRouteSettings": {"throttlingRateLimit": 5, "throttlingBurstLimit": 10},
        "routeSettings": {"GET /a": {"throttlingRateLimit": 1, "throttlingBurstLimit": 2}},
    }
    assert limits(stage, {"routeKey": "GET /a"}) == (1, 2)
    assert limits(stage, {"routeKey": "GET /b"}) == (5, 10)
    assert limits({}, {"routeKey": "GET /b"}) is None
    assert limits(stage, None) is None


def test_the_laptops_key_is_made_once_and_opens_again_after_the_table_was_lost(
    clients: Clients, cloud: LaptopCloud, tmp_path: Path
) -> None:
    dynamodb, table = clients("dynamodb"), {"TableName": "laptop-keys"}
    dynamodb.create_table(
        **table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "hash", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "hash", "AttributeType": "S"}],
    )
    values = {"endpoint": cloud.endpoint, "region": REGION, "api_keys_table": "laptop-keys"}
    found = []

    for _ in range(2):
        keep_a_key(values, tmp_path)
        found.append(key_file(tmp_path).read_text())
        hashes = [item["hash"]["S"] for item in dynamodb.scan(**table)["Items"]]
        assert hashes == [hash_of(found[-1].strip())]
        dynamodb.delete_item(**table, Key={"hash": {"S": hashes[0]}})

    assert found[0] == found[1]
    assert key_file(tmp_path).stat().st_mode & 0o777 == 0o600
    forget_the_key(tmp_path)
    assert not key_file(tmp_path).exists()
