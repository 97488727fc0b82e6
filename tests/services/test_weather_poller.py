"""The weather poller against a service that says anything, a real secret and a real stream."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from moto.core.config import DefaultConfig

from services.weather_poller.answers import Observation, Trouble, judge, retry_after
from services.weather_poller.edges import KeyMissing, NotPut, Secret, Stream, WeatherService
from services.weather_poller.poller import Poller, Rhythm, Turn
from services.weather_poller.settings import Settings, SettingsWrong
from tests.services.scripted import (
    Script,
    Step,
    answer,
    drip,
    hang_up,
    in_chunks,
    silence,
    weather_service,
)
from tests.weather import EPOCH, observation

NOW = datetime(2025, 8, 29, 8, 3, 7, 250_000, tzinfo=UTC)
KEY = "first-key-4711"
SECRET, STREAM, SOURCE = "lake-meteorology-secret", "lake-weather", "meteorology/stream"
HTML = b"<!DOCTYPE html><html><body>Bad gateway</body></html>"


class World:
    """A poller, the service that it asks, and everything that it leaves behind."""

    def __init__(self, script: Script, every_s: float = 1800, timeout_s: float = 5) -> None:
        self.service, self.every_s = script, every_s
        self.secrets = boto3.client("secretsmanager")
        self.kinesis = boto3.client("kinesis")
        self.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"key": KEY}))
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=1)
        self.waited: list[float] = []
        self.poller = Poller(
            SOURCE,
            Rhythm(every_s, tries=5),
            WeatherService(script.url, {"q": "iata:MAD", "aqi": "yes"}, "key", timeout_s),
            Secret(self.secrets, SECRET),
            Stream(self.kinesis, STREAM),
            now=lambda: NOW,
            wait=self.waited.append,
            chance=lambda: 0.5,
        )

    def rotate(self, key: str) -> None:
        self.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"key": key}))

    def records(self) -> list[dict[str, Any]]:
        shard = self.kinesis.list_shards(StreamName=STREAM)["Shards"][0]["ShardId"]
        iterator = self.kinesis.get_shard_iterator(
            StreamName=STREAM, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[dict[str, Any]] = self.kinesis.get_records(ShardIterator=iterator)["Records"]
        return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    own: DefaultConfig = {"core": {"passthrough": {"urls": [r".*127\.0\.0\.1.*"]}}}
    with weather_service() as script, mock_aws(config=own):
        yield World(script)


def test_a_new_observation_is_put_once_with_its_place_as_the_key(world: World) -> None:
    world.service.always = answer(200, observation())

    first, second = world.poller.turn(), world.poller.turn()

    assert first == Turn("put", "a new observation", 1800, "Madrid", EPOCH)
    assert second == Turn("known", "nothing new", 1800, "Madrid", EPOCH)
    (record,) = world.records()
    assert record["PartitionKey"] == "Madrid"
    assert json.loads(record["Data"]) == {
        "source": SOURCE,
        "received_at": "2025-08-29T08:03:07.250+00:00",
        "observation": observation(),
    }


def test_the_service_is_asked_as_the_catalogue_says(world: World) -> None:
    world.service.always = answer(200, observation())

    world.poller.turn()

    assert world.service.paths == ["/v1/current.json"]
    assert world.service.asked == [{"q": "iata:MAD", "aqi": "yes", "key": KEY}]
    assert world.service.headers[0]["User-Agent"] == "albufera-weather-poller"


def test_an_address_may_end_with_a_slash(world: World) -> None:
    world.service.always = answer(200, observation())

    assert isinstance(WeatherService(f"{world.service.url}/", {}, "k", 5).ask(KEY), Observation)

    assert world.service.paths == ["/v1/current.json"]


@pytest.mark.parametrize(("timeout_s", "patience"), [(20.0, (5.0, 20.0)), (0.3, (0.3, 0.3))])
def test_a_connection_is_waited_for_five_seconds_at_most(
    monkeypatch: pytest.MonkeyPatch, timeout_s: float, patience: tuple[float, float]
) -> None:
    waited: list[Any] = []

    def get(_: requests.Session, url: str, **asked: Any) -> requests.Response:
        waited.append(asked["timeout"])
        raise requests.ConnectTimeout(url)

    monkeypatch.setattr(requests.Session, "get", get)

    trouble = WeatherService("http://nobody", {}, "key", timeout_s).ask(KEY)

    assert trouble == Trouble("again", "the service did not answer in time")
    assert waited == [patience]


def test_a_packed_answer_is_unpacked(world: World) -> None:
    packed = gzip.compress(json.dumps(observation()).encode())
    world.service.always = answer(200, packed, {"Content-Encoding": "gzip"})

    assert world.poller.turn().result == "put"

    (record,) = world.records()
    assert json.loads(record["Data"])["observation"] == observation()


def test_each_newer_observation_is_put_and_an_old_one_is_not(world: World) -> None:
    world.service.steps = [answer(200, observation(number)) for number in (1, 0, 1, 2)]

    turns = [world.poller.turn() for _ in range(4)]

    assert [turn.result for turn in turns] == ["put", "known", "known", "put"]
    assert turns[1] == Turn("known", "an old observation, left out", 1800, "Madrid", EPOCH)
    epochs = [
        json.loads(record["Data"])["observation"]["current"]["last_updated_epoch"]
        for record in world.records()
    ]
    assert epochs == [EPOCH + 1800, EPOCH + 3600]


AGAIN: dict[str, Step] = {
    "429": answer(429, b"slow down"),
    "500": answer(500, b"oops"),
    "503 in HTML": answer(503, HTML),
    "HTML inside 200": answer(200, HTML),
    "half a body": answer(200, observation(), cut=200),
    "half of a body in chunks": in_chunks(json.dumps(observation()).encode(), ends=False),
    "no gzip": answer(200, b"no gzip", {"Content-Encoding": "gzip"}),
    "half a JSON": answer(200, json.dumps(observation()).encode()[:300]),
    "nothing": answer(200, b""),
    "a broken connection": hang_up,
}


@pytest.mark.parametrize("name", AGAIN)
def test_what_may_pass_is_asked_again_and_then_put(world: World, name: str) -> None:
    world.service.steps = [AGAIN[name], AGAIN[name], answer(200, observation())]

    turn = world.poller.turn()

    assert turn.result == "put"
    assert world.waited == [0.5, 1.0], "half of one second, half of two: full jitter"
    assert len(world.records()) == 1


@pytest.mark.parametrize("name", AGAIN)
def test_what_does_not_pass_is_given_up_within_the_turn_and_never_put(
    world: World, name: str
) -> None:
    world.service.always = AGAIN[name]

    turn = world.poller.turn()

    assert turn.result == "no-answer"
    assert "after 5 tries" in turn.reason
    assert len(world.service.asked) == 5
    assert world.records() == []


@pytest.mark.parametrize("step", [silence(5), drip(2, 5)], ids=["nothing", "one byte"])
def test_a_service_that_says_nothing_more_is_not_waited_for_without_end(
    world: World, step: Step
) -> None:
    service = WeatherService(world.service.url, {}, "key", 0.3)
    world.service.always = step

    trouble = service.ask(KEY)

    assert trouble == Trouble("again", "the service did not answer in time")


END: dict[str, Step] = {
    "an error code inside 200": answer(200, {"error": {"code": 1006, "message": "No location."}}),
    "an unknown place": answer(400, {"error": {"code": 1006, "message": "No location."}}),
    "a redirect": answer(302, b"", {"Location": "http://127.0.0.1:1/"}),
    "a list": answer(200, []),
    "an observation without a moment": answer(200, {"location": {"name": "Madrid"}}),
    "an observation without a place": answer(200, {"current": {"last_updated_epoch": EPOCH}}),
}


@pytest.mark.parametrize("name", END)
def test_what_cannot_pass_is_asked_once_a_turn_and_never_put(world: World, name: str) -> None:
    world.service.always = END[name]

    turn = world.poller.turn()

    assert turn.result == "no-answer"
    assert turn.next_in_s == world.every_s
    assert len(world.service.asked) == 1
    assert world.records() == []


def test_an_error_code_is_said(world: World) -> None:
    world.service.always = END["an error code inside 200"]

    assert "error code 1006" in world.poller.turn().reason


def test_retry_after_is_honoured(world: World) -> None:
    world.service.steps = [
        answer(429, b"", {"Retry-After": "37"}),
        answer(503, b"", {"Retry-After": "Fri, 29 Aug 2070 08:00:00 GMT"}),
    ]

    turn = world.poller.turn()

    assert world.waited == [37.0]
    # The second one asks for 45 years: that is for another turn.
    assert turn.result == "no-answer"
    assert turn.next_in_s == world.every_s


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        ("Fri, 29 Aug 2025 08:04:07 GMT", 59.75),
        ("Fri, 29 Aug 2025 07:00:00 GMT", 0.0),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(said: str | None, seconds: float | None) -> None:
    assert retry_after(said, NOW) == seconds


@pytest.mark.parametrize(
    ("every_s", "tries", "waits"),
    [
        (1800, 9, [1, 2, 4, 8, 16, 32, 60, 60]),
        (1800, 1, []),
        (20, 50, [1, 2, 4]),  # three of ten seconds are left, not eight
        (14, 50, [1, 2, 4]),  # all seven
        (1, 50, [0.5]),
    ],
)
def test_waiting_grows_and_ends_before_the_next_turn_is_due(
    world: World, every_s: float, tries: int, waits: list[float]
) -> None:
    world.poller._rhythm = Rhythm(every_s, tries)
    world.poller._chance = lambda: 1.0
    world.service.always = answer(500)

    turn = world.poller.turn()

    assert world.waited == waits
    asked = f"{len(waits) + 1} tries" if waits else "1 try"
    words = f"the service answered 500; after {asked} it waits for the next turn"
    assert turn == Turn("no-answer", words, every_s)


@pytest.mark.parametrize(("said", "result"), [("300", "put"), ("301", "no-answer")])
def test_nobody_is_waited_for_longer_than_five_minutes(
    world: World, said: str, result: str
) -> None:
    world.service.steps = [answer(429, b"", {"Retry-After": said}), answer(200, observation())]

    assert world.poller.turn().result == result


@pytest.mark.parametrize(
    "refused",
    [
        answer(401, {"error": {"code": 2006, "message": "key"}}),
        answer(403, {"error": {"code": 2008, "message": "key"}}),
        answer(200, {"error": {"code": 2006, "message": "key"}}),
    ],
    ids=["401", "403", "inside 200"],
)
def test_a_key_that_was_rotated_is_fetched_anew_once(world: World, refused: Step) -> None:
    world.service.steps = [answer(200, observation(0)), refused, answer(200, observation(1))]
    world.poller.turn()
    world.rotate("second-key-0815")

    turn = world.poller.turn()

    assert turn.result == "put"
    assert [asked["key"] for asked in world.service.asked] == [KEY, KEY, "second-key-0815"]


def test_a_key_that_stays_refused_waits_for_the_next_turn_and_says_why(world: World) -> None:
    world.service.always = answer(401, {"error": {"code": 2006, "message": "key"}})

    turn = world.poller.turn()

    words = "the service refused the key (401, error code 2006)"
    assert turn == Turn("no-key", f"{words}; after 1 try it waits for the next turn", 1800)
    assert len(world.service.asked) == 2
    assert world.waited == []


@pytest.mark.parametrize(
    "text",
    ["{}", "no json", "[]", "5", '{"key": ""}', '{"key": 5}', '{"key": null}'],
)
def test_a_secret_without_a_key_is_said_and_nothing_is_asked(world: World, text: str) -> None:
    world.secrets.put_secret_value(SecretId=SECRET, SecretString=text)

    turn = world.poller.turn()

    assert turn == Turn("no-key", f"the secret {SECRET} holds no key", 1800)
    assert world.service.asked == []


def test_a_secret_that_is_missing_is_said_by_name(world: World) -> None:
    world.secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)

    turn = world.poller.turn()

    assert turn.reason == f"the secret {SECRET} cannot be read: ResourceNotFoundException"


class Aws:
    """Secrets Manager or Kinesis, which answers or fails in one way."""

    def __init__(self, outcome: Any) -> None:
        self.outcome, self.asked = outcome, list[dict[str, Any]]()

    def _answer(self, **request: Any) -> Any:
        self.asked.append(request)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    get_secret_value = put_record = _answer


AWAY = EndpointConnectionError(endpoint_url="https://aws")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException"}}, "Any")


def test_a_key_is_fetched_once_and_again_only_when_it_is_wanted_anew() -> None:
    vault = Aws({"SecretString": '{"key": "k"}'})
    secret = Secret(vault, "s")

    assert (secret.key(), secret.key()) == ("k", "k")
    assert vault.asked == [{"SecretId": "s"}]
    assert secret.key(anew=True) == "k"
    assert vault.asked == [{"SecretId": "s"}] * 2


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (AWAY, "EndpointConnectionError"),
        (DENIED, "AccessDeniedException"),
        (ClientError({}, "Any"), "unknown"),
        ({"SecretBinary": b"x"}, "KeyError"),
    ],
)
def test_a_secret_that_cannot_be_read_is_said_in_a_word(outcome: Any, why: str) -> None:
    with pytest.raises(KeyMissing, match=f"^the secret s cannot be read: {why}$"):
        Secret(Aws(outcome), "s").key()


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (AWAY, "EndpointConnectionError"),
        (DENIED, "AccessDeniedException"),
        (ClientError({}, "Any"), "unknown"),
    ],
)
def test_a_stream_that_takes_nothing_is_said_in_a_word(outcome: Any, why: str) -> None:
    with pytest.raises(NotPut, match=f"^the stream s did not take the record: {why}$"):
        Stream(Aws(outcome), "s").put("Madrid", b"1")


def test_a_place_with_a_long_name_is_put_under_as_much_of_it_as_kinesis_takes() -> None:
    kinesis = Aws({})

    Stream(kinesis, "s").put("x" * 257, b"1")

    assert kinesis.asked == [{"StreamName": "s", "PartitionKey": "x" * 256, "Data": b"1"}]


@pytest.mark.parametrize(("every_s", "soon"), [(1800, 15), (4, 4)])
def test_what_was_not_put_comes_before_the_next_question_and_soon(
    world: World, every_s: float, soon: float
) -> None:
    world.poller._rhythm = Rhythm(every_s, tries=5)
    world.service.steps = [answer(200, observation())]
    world.kinesis.delete_stream(StreamName=STREAM)

    turns = [world.poller.turn(), world.poller.turn()]

    words = f"the stream {STREAM} did not take the record: ResourceNotFoundException"
    assert turns == [Turn("not-put", words, soon, "Madrid", EPOCH)] * 2
    assert len(world.service.asked) == 1


def test_an_observation_that_the_stream_does_not_take_is_put_a_turn_later(world: World) -> None:
    world.service.steps = [answer(200, observation(0)), answer(200, observation(1))]
    world.kinesis.delete_stream(StreamName=STREAM)

    lost = world.poller.turn()
    world.kinesis.create_stream(StreamName=STREAM, ShardCount=1)
    found = world.poller.turn()

    assert lost.result == "not-put"
    assert "ResourceNotFoundException" in lost.reason
    assert lost.next_in_s < 60
    assert found.result == "put"
    epochs = [
        json.loads(record["Data"])["observation"]["current"]["last_updated_epoch"]
        for record in world.records()
    ]
    assert epochs == [EPOCH, EPOCH + 1800]


def test_the_key_is_in_no_word_that_is_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    said = []
    for step in (*AGAIN.values(), *END.values(), answer(401), answer(403)):
        world.service.steps = []
        world.service.always = step
        said.append(world.poller.turn().reason)
    world.service.always = None
    dead = WeatherService("http://127.0.0.1:9/v1", {}, "key", 1).ask(KEY)

    assert isinstance(dead, Trouble)
    assert KEY not in " ".join([*said, dead.reason])
    assert KEY not in caplog.text


def test_every_status_has_a_meaning() -> None:
    for status in range(201, 600):
        trouble = judge(status, {}, b"", NOW)
        assert isinstance(trouble, Trouble)
        assert trouble.kind == (
            "key" if status in (401, 403) else "again" if status == 429 or status >= 500 else "end"
        )


GOOD = {
    "SOURCE": SOURCE,
    "STREAM_NAME": STREAM,
    "API_URL": "https://api.example.org/v1",
    "SECRET_NAME": SECRET,
}


def test_settings_name_everything_that_is_missing() -> None:
    with pytest.raises(SettingsWrong, match=r": SOURCE, STREAM_NAME, API_URL, SECRET_NAME$"):
        Settings.from_env({})
    for name in GOOD:
        with pytest.raises(SettingsWrong, match=f"^missing in the environment: {name}$"):
            Settings.from_env(GOOD | {name: ""})


def test_settings_are_what_the_environment_says_and_else_what_suits_the_service() -> None:
    url = GOOD["API_URL"]
    usual = (1800.0, 5, 20.0, "/tmp/health.json")
    assert Settings.from_env(GOOD) == Settings(SOURCE, STREAM, url, SECRET, "key", {}, *usual)

    more = {
        "API_URL": "http://127.0.0.1/v1",
        "API_PARAMETER": "appid",
        "API_QUERY": '{"q": "iata:MAD", "days": 3}',
        "EVERY_SECONDS": "0.05",
        "API_TRIES": "7",
        "API_TIMEOUT_SECONDS": "86400",
        "HEALTH_FILE": "health.json",
    }

    settings = Settings.from_env(GOOD | more)

    assert (settings.url, settings.parameter) == ("http://127.0.0.1/v1", "appid")
    assert settings.query == {"q": "iata:MAD", "days": "3"}
    assert (settings.every_s, settings.tries, settings.timeout_s) == (0.05, 7, 86_400.0)
    assert settings.health_file == "health.json"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"EVERY_SECONDS": "often"}, "EVERY_SECONDS must be a number"),
        ({"EVERY_SECONDS": "0"}, "EVERY_SECONDS must lie between 0.05 and 86400"),
        ({"EVERY_SECONDS": "0.049"}, "EVERY_SECONDS must lie between 0.05 and 86400"),
        ({"API_TIMEOUT_SECONDS": "86401"}, "API_TIMEOUT_SECONDS must lie between"),
        ({"API_TRIES": "nan"}, "API_TRIES must lie between 0.05 and 86400"),
        ({"API_QUERY": "q=Madrid"}, "API_QUERY must be a JSON object"),
        ({"API_QUERY": "[]"}, "API_QUERY must be a JSON object"),
        ({"API_URL": "file:///etc/passwd"}, "API_URL must begin with http:// or https://"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, str], why: str) -> None:
    with pytest.raises(SettingsWrong, match=f"^{why}"):
        Settings.from_env(GOOD | wrong)
