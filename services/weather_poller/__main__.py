"""`python -m services.weather_poller`: ask, put, wait, until SIGTERM or SIGINT."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
from botocore.config import Config

from services.weather_poller.edges import Secret, Stream, WeatherService
from services.weather_poller.health import Health
from services.weather_poller.poller import Poller, Rhythm, Turn
from services.weather_poller.settings import Settings, SettingsWrong


class Stopped(BaseException):
    """Raised out of a wait or a question by a signal; no `except Exception` may swallow it."""


class Stop:
    """Ends the program at once, unless a record is just being put: then right after that."""

    def __init__(self) -> None:
        self.asked = False
        self.busy = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self.busy:
            raise Stopped

    def putting(self, records: Stream) -> Putting:
        """The stream, each put of which is brought to its end."""
        return Putting(self, records)


class Putting:
    """A stream whose puts no signal interrupts."""

    def __init__(self, stop: Stop, records: Stream) -> None:
        self._stop, self._records = stop, records

    def put(self, partition: str, record: bytes) -> None:
        self._stop.busy = True
        try:
            self._records.put(partition, record)
        finally:
            self._stop.busy = False
        if self._stop.asked:
            raise Stopped


def main() -> int:
    """0 after a signal, 2 where the environment is wrong."""
    try:
        settings = Settings.from_env(os.environ)
    except SettingsWrong as error:
        say("error", str(error))
        return 2
    stop = Stop()
    with suppress(Stopped):
        run(settings, stop)
    say("info", "stopped")
    return 0


def run(settings: Settings, stop: Stop) -> None:
    """Turn after turn; a turn begins at its time, however long the last one took."""
    patience = Config(
        connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
    )
    service = WeatherService(settings.url, settings.query, settings.parameter, settings.timeout_s)
    poller = Poller(
        settings.source,
        Rhythm(settings.every_s, settings.tries),
        service,
        Secret(boto3.client("secretsmanager", config=patience), settings.secret),
        stop.putting(Stream(boto3.client("kinesis", config=patience), settings.stream_name)),
        now=lambda: datetime.now(UTC),
        wait=pause,
        chance=random.random,
    )
    health = Health(Path(settings.health_file), settings.every_s)
    say("info", "started", source=settings.source, every_s=settings.every_s)
    while not stop.asked:
        began = time.monotonic()
        turn = poller.turn()
        health.note(turn, time.time())
        tell(turn)
        if not stop.asked:
            pause(max(0.0, turn.next_in_s - (time.monotonic() - began)))


def pause(seconds: float) -> None:
    """Wait; a signal's exception ends it at once."""
    threading.Event().wait(seconds)


def tell(turn: Turn) -> None:
    """One line a turn."""
    level = "info" if turn.well else "warning"
    say(level, turn.reason, result=turn.result, location=turn.location, epoch=turn.observed_epoch)


def say(level: str, message: str, **more: Any) -> None:
    """A line of JSON for CloudWatch."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = {"level": level.upper(), "message": message, "service": "weather_poller", "at": at}
    line |= {name: value for name, value in more.items() if value is not None}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
