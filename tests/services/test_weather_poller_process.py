"""The poller as a process: signals, a full disk, answers without end, what it says of itself."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from services.weather_poller import __main__ as process
from services.weather_poller.__main__ import Stop, Stopped
from services.weather_poller.answers import Observation, Trouble, read
from services.weather_poller.edges import WeatherService
from services.weather_poller.health import GRACE_S, Health, is_fresh
from services.weather_poller.poller import Poller, Turn
from services.weather_poller.settings import Settings
from tests.services.scripted import Script, Step, answer, drip, weather_service
from tests.services.test_weather_poller import KEY, SECRET, SOURCE, STREAM, World
from tests.services.test_weather_poller import world as world  # a fixture
from tests.weather import EPOCH, observation

PUT = Turn("put", "a new observation", 1800.0, "Madrid", 1)
STOPS = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture(autouse=True)
def _signals_are_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def script() -> Iterator[Script]:
    with weather_service() as made:
        yield made


class Slow:
    """A stream that is told to stop in the middle of a put."""

    def __init__(self, number: signal.Signals | None) -> None:
        self.number, self.taken = number, list[bytes]()

    def put(self, _partition: str, record: bytes) -> None:
        if self.number is not None:
            signal.raise_signal(self.number)
        self.taken.append(record)


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_lets_a_put_come_to_its_end_and_ends_the_program_then(
    number: signal.Signals,
) -> None:
    stop, stream = Stop(), Slow(number)

    with pytest.raises(Stopped):
        stop.putting(stream).put("Madrid", b"1")  # type: ignore[arg-type]

    assert stream.taken == [b"1"]
    assert stop.asked


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_outside_of_a_put_ends_the_program_at_once(number: signal.Signals) -> None:
    stop, stream = Stop(), Slow(None)
    with pytest.raises(Stopped):
        signal.raise_signal(number)
    stop.asked = False
    stop.putting(stream).put("Madrid", b"1")  # type: ignore[arg-type]

    with pytest.raises(Stopped):
        signal.raise_signal(number)

    assert stop.asked


class Broken:
    def put(self, _partition: str, _record: bytes) -> None:
        raise ConnectionError


def test_a_put_that_failed_leaves_signals_to_end_the_program_at_once() -> None:
    stop = Stop()
    with pytest.raises(ConnectionError):
        stop.putting(Broken()).put("Madrid", b"1")  # type: ignore[arg-type]

    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGTERM)


# Health


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_nothing_stops_no_turn_and_the_last_word_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    health = Health(tmp_path / "health.json", 1800)
    health.note(PUT, now=1000.0)
    before = (tmp_path / "health.json").read_text()

    def full(*_: Any) -> int:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        health.note(PUT, now=2000.0)
    assert (tmp_path / "health.json").read_text() == before

    health.note(PUT, now=3000.0)
    said = json.loads((tmp_path / "health.json").read_text())
    assert (said["turns"], said["put"], said["at"]) == (3, 3, 3000.0)


def test_a_file_is_fresh_until_the_next_turn_is_long_overdue(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    Health(path, 1800).note(PUT, now=1000.0)
    overdue = 1000.0 + 1800.0 + 300.0 + GRACE_S

    assert GRACE_S == 120.0
    assert is_fresh(path, overdue - 0.001)
    assert not is_fresh(path, overdue)
    Health(path, 100).note(Turn("not-put", "no", 15.0), now=1000.0)
    assert is_fresh(path, 1000.0 + 15.0 + 50.0 + GRACE_S - 0.001)
    assert not is_fresh(path, 1000.0 + 15.0 + 50.0 + GRACE_S)


def test_the_file_says_what_the_last_turn_came_to_and_when_one_last_put(tmp_path: Path) -> None:
    path = tmp_path / "health.json"
    health = Health(path, 1800)
    health.note(PUT, now=1000.0)

    health.note(Turn("known", "nothing new", 1800.0, "Madrid", 1), now=2800.0)

    assert json.loads(path.read_text()) == {
        "turns": 2,
        "put": 1,
        "last_put_at": 1000.0,
        "at": 2800.0,
        "stale_at": 5020.0,
        "result": "known",
        "reason": "nothing new",
        "observed_epoch": 1,
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stale_at": "soon"}', '{"stale_at": null}'])
def test_a_file_that_says_nothing_is_ill(tmp_path: Path, text: str) -> None:
    path = tmp_path / "health.json"
    assert not is_fresh(path, 0.0)

    path.write_text(text)

    assert not is_fresh(path, 0.0)


# Answers without end


def flood(most: int) -> Step:
    """As many bytes as the asker takes."""

    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(most))
        request.end_headers()
        for _ in range(most >> 16):
            request.wfile.write(b" " * (1 << 16))

    return send


def test_of_an_answer_without_end_no_more_is_read_than_a_record_could_hold(script: Script) -> None:
    script.always = flood(8 << 20)

    trouble = WeatherService(script.url, {}, "key", 5).ask(KEY)

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "again", "spaces are no JSON, and empty"
    script.always = answer(200, b"{" + b" " * (8 << 20) + b"}")
    trouble = WeatherService(script.url, {}, "key", 5).ask(KEY)
    assert isinstance(trouble, Trouble)
    words = trouble.reason.split()
    assert (trouble.kind, words[:3]) == ("end", ["the", "answer", "has"])
    assert 1_000_000 < int(words[3]) < 1_200_000


def test_an_answer_that_drips_is_given_up_in_time(script: Script) -> None:
    began = time.monotonic()
    script.always = drip(600, 0.1)

    trouble = WeatherService(script.url, {}, "key", 0.3).ask(KEY)

    assert trouble == Trouble("again", "the service did not answer in time")
    assert time.monotonic() - began < 10


def test_a_record_holds_as_many_bytes_as_the_stream_takes_and_no_more() -> None:
    body = json.dumps(observation()).encode()

    assert isinstance(read(body + b" " * (900_000 - len(body))), Observation)
    trouble = read(body + b" " * (900_001 - len(body)))

    assert trouble == Trouble("end", "the answer has 900001 bytes, more than a record can hold")


# The whole process


def test_the_process_says_when_it_begins_and_ends_and_never_its_key(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """A signal meets it while it asks for the second time."""

    def stop(_: BaseHTTPRequestHandler) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    world.service.steps = [answer(200, observation()), stop]
    environment = {
        "SOURCE": SOURCE,
        "STREAM_NAME": STREAM,
        "API_URL": world.service.url,
        "SECRET_NAME": SECRET,
        "EVERY_SECONDS": "0.05",
        "HEALTH_FILE": str(tmp_path / "health.json"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert process.main() == 0

    printed = capsys.readouterr().out
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["message"] for line in lines] == ["started", "a new observation", "stopped"]
    assert {line["service"] for line in lines} == {"weather_poller"}
    assert {line["level"] for line in lines} == {"INFO"}
    assert (lines[0]["source"], lines[0]["every_s"]) == (SOURCE, 0.05)
    assert lines[1].items() >= {"result": "put", "location": "Madrid", "epoch": EPOCH}.items()
    assert KEY not in printed
    assert len(world.records()) == 1
    assert json.loads((tmp_path / "health.json").read_text())["result"] == "put"


def test_a_turn_that_went_wrong_is_a_warning_of_what_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    process.tell(Turn("no-answer", "the answer is empty", 1800.0))

    line = json.loads(capsys.readouterr().out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("at"))
    assert line == {
        "level": "WARNING",
        "message": "the answer is empty",
        "service": "weather_poller",
        "result": "no-answer",
    }


def test_the_next_turn_begins_at_its_time_and_none_after_a_signal(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """However long the last turn took: what it took is no pause; and no client waits for long."""
    stop, due, paused = Stop(), iter([10.0, 0.0, 20.0]), list[float]()
    clients: dict[str, Any] = {}

    def turn(_: Poller) -> Turn:
        next_in_s = next(due)
        stop.asked = next_in_s == 20.0
        return Turn("put", "a new observation", next_in_s)

    def client(name: str, *, config: Any) -> Any:
        clients[name] = (config.connect_timeout, config.read_timeout, config.retries)
        return None

    monkeypatch.setattr(Poller, "turn", turn)
    monkeypatch.setattr(process, "pause", paused.append)
    monkeypatch.setattr("boto3.client", client)
    health = str(tmp_path / "health.json")

    process.run(Settings(SOURCE, STREAM, world.service.url, SECRET, health_file=health), stop)

    first, second = paused
    assert 0 < first < 10
    assert second == 0
    patience = (3, 5, {"mode": "standard", "total_max_attempts": 3})
    assert clients == {"secretsmanager": patience, "kinesis": patience}


def test_a_pause_lasts_as_long_as_it_says_and_a_signal_ends_it_at_once() -> None:
    began = time.monotonic()
    process.pause(0.05)
    assert time.monotonic() - began >= 0.05

    Stop()
    teller = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM))

    def pause_until_told() -> None:
        teller.start()
        process.pause(60)

    with pytest.raises(Stopped):
        pause_until_told()
    teller.join()
    assert time.monotonic() - began < 30


def test_each_line_is_handed_over_when_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_over: list[str] = []

    class Buffered(io.StringIO):
        def flush(self) -> None:
            handed_over.append(self.getvalue())

    monkeypatch.setattr("sys.stdout", Buffered())

    process.say("info", "one")

    assert json.loads(handed_over[-1])["message"] == "one"


def test_a_process_that_was_told_nothing_names_what_is_missing_and_asks_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("SOURCE", "STREAM_NAME", "API_URL", "SECRET_NAME"):
        monkeypatch.delenv(name, raising=False)

    assert process.main() == 2

    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "ERROR"
    assert "SOURCE, STREAM_NAME, API_URL, SECRET_NAME" in line["message"]
