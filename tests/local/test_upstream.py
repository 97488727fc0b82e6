"""The stand-ins: real shapes, real refusals, troubles on demand, and a clock that is set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests

from local.upstream import PREFIX, SECRETS, urls
from local.upstream.server import serve, serving
from local.upstream.service import CONTROL, Upstream
from local.upstream.sky import Sky
from scripts.samples.madrid import LINES, STOPS
from scripts.samples.weather import HEADER

MOMENT = datetime(2025, 8, 29, 10, 7, tzinfo=UTC)
BUSES = "/v2/transport/busemtmad"
# What EMT's own documentation shows of one predicted bus, and of a login.
BUS = {
    *("line", "stop", "isHead", "destination", "deviation", "bus", "geometry"),
    *("estimateArrive", "DistanceBus", "positionTypeBus"),
}
SESSION = {
    *("updatedAt", "userName", "accessToken", "tokenSecExpiration", "email", "idUser"),
    "apiCounter",
}


class Client:
    """Somebody who asks the stand-ins, as their documentation says."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.emt, self.weather = (urls(base)[name] for name in ("emt", "weatherapi"))
        self.session = requests.Session()
        self.token = ""

    def control(self, **settings: Any) -> dict[str, Any]:
        answer = self.session.post(f"{self.base}{CONTROL}", json=settings, timeout=5)
        answer.raise_for_status()
        said: dict[str, Any] = answer.json()
        return said

    def login(self, **changes: str) -> dict[str, Any]:
        headers = {**SECRETS["emt"], **changes}
        url = f"{self.emt}/v1/mobilitylabs/user/login/"
        answer: dict[str, Any] = self.session.get(url, headers=headers, timeout=5).json()
        if answer["data"]:
            self.token = answer["data"][0]["accessToken"]
        return answer

    def ask(self, method: str, path: str) -> dict[str, Any]:
        headers = {"accessToken": self.token}
        answer = self.session.request(
            method, f"{self.emt}{path}", headers=headers, json={}, timeout=5
        )
        assert answer.status_code == 200
        said: dict[str, Any] = answer.json()
        assert set(said) == {"code", "description", "datetime", "data"}
        return said

    def current(self, **query: str) -> requests.Response:
        asked = {"key": SECRETS["meteorology"]["key"], "q": "iata:MAD", "aqi": "yes", **query}
        return self.session.get(f"{self.weather}/current.json", params=asked, timeout=5)


@pytest.fixture
def client() -> Iterator[Client]:
    upstream = Upstream(seed=7)
    upstream.clock.set(MOMENT, 0.0)
    with serving(upstream) as base:
        made = Client(base)
        try:
            yield made
        finally:
            made.session.close()


def test_a_login_gives_a_token_that_opens_what_is_closed_without(client: Client) -> None:
    closed = client.ask("POST", f"{BUSES}/stops/735/arrives/")
    said = client.login()
    opened = client.ask("POST", f"{BUSES}/stops/735/arrives/")

    assert (closed["code"], said["code"], opened["code"]) == ("80", "01", "00")
    assert set(said["data"][0]) == SESSION


@pytest.mark.parametrize(
    ("changes", "code"), [({"password": "wrong"}, "89"), ({"email": "nobody@example.org"}, "92")]
)
def test_wrong_credentials_are_refused_in_a_200(
    client: Client, changes: dict[str, str], code: str
) -> None:
    said = client.login(**changes)

    assert (said["code"], said["data"]) == (code, [])


def test_tokens_run_out(client: Client) -> None:
    client.control(token_seconds=0)
    client.login()

    assert client.ask("POST", f"{BUSES}/stops/735/arrives/")["code"] == "80"


def test_the_quota_of_a_day_is_back_on_the_next(client: Client) -> None:
    client.login()
    client.control(quota=1)
    assert client.ask("POST", f"{BUSES}/stops/735/arrives/")["code"] == "98"

    client.control(now=(MOMENT + timedelta(days=1)).isoformat())

    assert client.login()["code"] == "01"


def test_a_stop_tells_the_next_two_buses_of_each_line_with_emts_own_fields(client: Client) -> None:
    client.login()
    (data,) = client.ask("POST", f"{BUSES}/stops/735/arrives/")["data"]
    (one,) = client.ask("POST", f"{BUSES}/stops/735/arrives/001/")["data"]

    serving_735 = {line.label for line in LINES if "735" in line.stops}
    assert {bus["line"] for bus in data["Arrive"]} == serving_735
    assert len(data["Arrive"]) == 2 * len(serving_735)
    assert all(set(bus) == BUS for bus in data["Arrive"])
    assert {bus["line"] for bus in one["Arrive"]} == {"1"}
    assert data["StopInfo"][0]["stopName"] == STOPS["735"].name
    assert set(data) == {"Arrive", "StopInfo", "ExtraInfo", "Incident"}


def test_a_bus_comes_nearer_by_as_much_time_as_passes(client: Client) -> None:
    client.login()

    def first_bus() -> dict[str, Any]:
        (data,) = client.ask("POST", f"{BUSES}/stops/5710/arrives/361/")["data"]
        bus: dict[str, Any] = data["Arrive"][0]
        return bus

    client.control(now="2025-08-29T10:00:00Z")
    before = first_bus()
    client.control(now="2025-08-29T10:00:01Z")
    after = first_bus()

    assert before["bus"] == after["bus"]
    assert before["estimateArrive"] - after["estimateArrive"] == 1


def test_a_stop_that_nobody_serves_is_out_of_use(client: Client) -> None:
    client.login()

    assert client.ask("POST", f"{BUSES}/stops/72/arrives/")["code"] == "90"
    assert client.ask("GET", "/v1/transport/busemtmad/stops/72/detail/")["code"] == "81"
    assert client.ask("GET", f"{BUSES}/stops/arroundstop/72/0/")["code"] == "90"


def test_the_network_is_that_of_the_samples(client: Client) -> None:
    client.login()
    listed = client.ask("GET", f"{BUSES}/lines/info/20250829/")["data"]
    stops = client.ask("POST", "/v1/transport/busemtmad/stops/list/")["data"]
    (line,) = client.ask("GET", "/v1/transport/busemtmad/lines/027/stops/2/")["data"]

    assert [entry["line"] for entry in listed] == [line.code for line in LINES]
    assert [entry["node"] for entry in stops] == list(STOPS)
    assert [stop["stop"] for stop in line["stops"]] == ["730", "5511", "82", "5710"]
    assert "027" in {entry["IdLine"] for entry in line["timeTable"]}


def test_the_weather_has_the_fields_of_the_workbooks(client: Client) -> None:
    answer = client.current().json()

    def names(value: dict[str, Any], prefix: str = "") -> Iterator[str]:
        for name, inner in value.items():
            if isinstance(inner, dict):
                yield from names(inner, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}"

    assert set(names(answer)) == set(HEADER) - {"run_ts_utc"}
    assert isinstance(answer["current"]["last_updated_epoch"], int)
    assert "air_quality" not in client.current(aqi="no").json()["current"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"key": ""}, 401, 1002),
        ({"key": "wrong"}, 401, 2006),
        ({"q": ""}, 400, 1003),
        ({"q": "Atlantis"}, 400, 1006),
    ],
)
def test_weatherapi_refuses_in_its_own_words(
    client: Client, query: dict[str, str], status: int, code: int
) -> None:
    answer = client.current(**query)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_observations_never_go_back_and_are_renewed_within_the_hour() -> None:
    sky = Sky(7)
    seen = [sky.observed_at(MOMENT + timedelta(minutes=minute)) for minute in range(2 * 24 * 60)]

    assert seen == sorted(seen)
    steps = {after - before for before, after in pairwise(seen)}
    assert min(steps - {timedelta()}) == timedelta(minutes=15)
    assert max(steps) <= timedelta(hours=1)
    rain = [sky.rains(MOMENT + timedelta(hours=hour)) for hour in range(48)]
    assert any(rain)
    assert not all(rain)


def test_the_same_seed_and_moment_give_the_same_answers(client: Client) -> None:
    first = client.current().json()
    client.control(seed=8)
    other = client.current().json()
    client.control(seed=7)

    assert client.current().json() == first != other


def test_a_clock_runs_as_fast_as_it_is_told() -> None:
    upstream = Upstream()
    upstream.clock.set(MOMENT, 3600.0)
    before = upstream.clock.now()
    upstream.clock.since -= 2.0  # two seconds later

    assert timedelta(hours=2) <= upstream.clock.now() - before < timedelta(hours=3)


@pytest.mark.parametrize("kind", ["401", "403", "429", "500", "503"])
def test_a_trouble_is_an_answer_that_comes_as_often_as_it_was_asked_for(
    client: Client, kind: str
) -> None:
    client.control(troubles=[{"kind": kind, "times": 2, "retry_after": "3"}])

    answers = [client.current() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [int(kind), int(kind), 200]
    assert answers[0].headers["Retry-After"] == "3"


def test_troubles_of_the_wire_break_the_wire(client: Client) -> None:
    for kind in ("half", "reset"):
        client.control(troubles=[{"kind": kind}])
        with pytest.raises(requests.RequestException):
            client.current()
        assert client.current().status_code == 200


def test_a_body_can_be_no_json_or_an_old_observation(client: Client) -> None:
    good = client.current().json()["current"]["last_updated_epoch"]
    client.control(troubles=[{"kind": "html"}, {"kind": "text"}, {"kind": "old"}])

    html, text, old = client.current(), client.current(), client.current()

    assert html.text.startswith("<!DOCTYPE html>")
    with pytest.raises(requests.JSONDecodeError):
        text.json()
    assert good - old.json()["current"]["last_updated_epoch"] > 20 * 3600


def test_a_trouble_may_be_for_one_service_and_path_only(client: Client) -> None:
    client.control(troubles=[{"kind": "500", "api": "emt", "path": "stops/735/"}])
    client.login()

    assert client.current().status_code == 200
    assert client.ask("POST", f"{BUSES}/stops/80/arrives/")["code"] == "00"
    headers = {"accessToken": client.token}
    url = f"{client.emt}{BUSES}/stops/735/arrives/"
    assert client.session.post(url, headers=headers, timeout=5).status_code == 500


@pytest.mark.parametrize(
    "settings",
    [{"nwo": 1}, {"now": "2025-08-29T10:00:00"}, {"troubles": [{"kind": "earthquake"}]}],
)
def test_a_setting_that_is_not_understood_changes_nothing(
    client: Client, settings: dict[str, Any]
) -> None:
    answer = client.session.post(f"{client.base}{CONTROL}", json=settings, timeout=5)

    assert answer.status_code == 400
    assert client.control()["troubles"] == []


async def _asked(upstream: Upstream, path: str, query: bytes) -> list[dict[str, Any]]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": []}
    await serve(upstream, scope, receive, send)
    return sent


def test_inside_the_cloud_the_same_answers_come() -> None:
    import asyncio

    upstream = Upstream(seed=7)
    upstream.clock.set(MOMENT, 0.0)
    query = f"q=Madrid&key={SECRETS['meteorology']['key']}".encode()

    start, body = asyncio.run(_asked(upstream, f"{PREFIX}/weatherapi/v1/current.json", query))

    assert start["status"] == 200
    assert json.loads(body["body"])["location"]["country"] == "Spain"
    with serving(upstream) as base:
        client = Client(base)
        assert client.current(q="Madrid", aqi="no").json() == json.loads(body["body"])
        client.session.close()
