"""Two days that pass in a minute: APIs are polled at moments of them, and the weather streams in.

The stand-ins' clock is set from here, step by step: to the next quarter of an hour as soon as the
container has asked about the last one. So a slow machine misses nothing, and what must be in the
table afterwards is known beforehand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from lake.polls import FAILED
from lake_cli import polls, queries
from lake_cli.deployment import Deployment
from lake_cli.exits import Stop
from lake_cli.polls import Asked
from lake_cli.roles import OWN_RIGHTS
from local.upstream import PREFIX
from local.upstream.sky import Sky
from scripts.console import Console

# A Thursday and a Friday, with rain on both.
FIRST, LAST = datetime(2025, 8, 21, tzinfo=UTC), datetime(2025, 8, 23, tzinfo=UTC)
DAY = "2025-08-22"
STEP = timedelta(minutes=15)
LIST, ARRIVALS = "emt/line_list", "emt/arrivals"
# Now and then on the first day, every two hours of the second.
MOMENTS = tuple(FIRST + timedelta(hours=hour) for hour in (8, 12, 16, 20, *range(30, 46, 2)))
EVENING = datetime(2025, 8, 22, 18, tzinfo=UTC)
WEATHER = ("openweather/riohacha", "openweather/patagonia")
GOOD = ("accepted", "unchanged")
STREAM = "meteorology/stream"
CONTAINER = "weather-poller"
ASKS_EVERY_S = 0.1
PATIENCE_S = 120.0
_PAUSE_S = 0.05


class StandIns:
    """The door through which the demo controls the stand-ins of all APIs."""

    def __init__(self, endpoint: str) -> None:
        self._url = f"{endpoint}{PREFIX}/control"

    def set(self, now: datetime, speed: float) -> dict[str, Any]:
        """Play a moment; 0 stands still."""
        return self._told(requests.post, json={"now": now.isoformat(), "speed": speed})

    def look(self) -> dict[str, Any]:
        """How things stand."""
        return self._told(requests.get)

    def _told(self, ask: Any, **body: Any) -> dict[str, Any]:
        answer = ask(self._url, timeout=10, **body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


def poll(deployment: Deployment, stand_ins: StandIns, console: Console) -> list[Asked]:
    """Asks EMT for its lines, at each moment that was not played yet for its buses, and
    OpenWeather for two places."""
    known = deployment.polls.state(ARRIVALS)
    moments = [moment for moment in MOMENTS if not known or moment > _moment(known.at)]
    stand_ins.set(moments[0] if moments else LAST, 1)
    with console.step("lake poll", LIST, "") as step:
        asked = polls.ask(deployment, [LIST])
        for moment in moments:
            step.note(f"{ARRIVALS} at {moment:%A %H:%M}")
            stand_ins.set(moment, 1)
            asked += polls.ask(deployment, [ARRIVALS], at=moment.isoformat())
        if deployment.polls.state(WEATHER[0]) is None:
            stand_ins.set(EVENING, 1)
            asked += polls.ask(deployment, WEATHER, at=EVENING.isoformat())
        rows = sum(one.as_dict()["rows"] for one in asked)
        step.note(f"{LIST}, {ARRIVALS} at {len(moments)} moments, two places: {rows:,} answers")
    return asked


def settle(deployment: Deployment, asked: Sequence[Asked]) -> list[str]:
    """Waits for what was polled; gives what went wrong."""
    settled = polls.settle(deployment, asked, PATIENCE_S * 4)
    return [
        f"{one.state.source} at {one.state.at}: {one.status}: {one.as_dict()['reason']}"
        for one in settled
        if one.state.status == FAILED or (one.outcome and one.status not in GOOD)
    ]


def stream(deployment: Deployment, stand_ins: StandIns, console: Console) -> None:
    """Lets the container ask about each quarter of an hour of the two days."""
    if in_table(deployment) >= len(observations()):
        console.say("  both days are in the table already")
        return
    quarters = list(_quarters())
    with console.step("weather container", "starting", "") as step, running(deployment) as task:
        for quarter in quarters:
            step.note(f"{quarter:%A %H:%M}")
            asked = _calls(stand_ins.set(quarter, 0))
            _until(lambda: _calls(stand_ins.look()), asked, task)
        step.note(f"{len(quarters)} questions about two days")


def arrived(deployment: Deployment, console: Console) -> list[str]:
    """Waits until Firehose has brought every observation; gives what is missing."""
    wanted, deadline = len(observations()), time.monotonic() + PATIENCE_S
    with console.step("stream", "Kinesis, Firehose, transform_stream, Iceberg", "") as step:
        while (found := in_table(deployment)) < wanted and time.monotonic() < deadline:
            step.note(f"{found} of {wanted} observations in the table")
            time.sleep(1)
        step.note(f"{found} of {wanted} observations in the table")
    return [] if found == wanted else [f"{found} of {wanted} streamed observations arrived"]


def observations() -> set[datetime]:
    """Every observation that the sky of the two days has for somebody who asks all the time."""
    sky = Sky(7)
    return {sky.observed_at(quarter) for quarter in _quarters()}


def in_table(deployment: Deployment) -> int:
    """How many of them readers see; each once, however often it came."""
    rows = queries.run(
        deployment,
        "select distinct obs_ts from meteorology_silver.meteorology_current where source='stream'",
    ).rows
    seen = {datetime.fromisoformat(str(row["obs_ts"])).replace(tzinfo=UTC) for row in rows}
    return len(observations() & seen)


@contextmanager
def running(deployment: Deployment) -> Iterator[Callable[[], Any]]:
    """The poller's container, asking as fast as the demo's days pass."""
    # Nobody who looks after a lake starts containers: here the demo is what a service does on AWS.
    ecs, known = replace(deployment, role=OWN_RIGHTS).client("ecs"), deployment["streams"][STREAM]
    hurry = {"name": "EVERY_SECONDS", "value": str(ASKS_EVERY_S)}
    started = ecs.run_task(
        cluster=known["cluster"],
        taskDefinition=known["poller"],
        launchType="FARGATE",
        overrides={"containerOverrides": [{"name": CONTAINER, "environment": [hurry]}]},
    )
    arn = started["tasks"][0]["taskArn"]

    def look() -> Any:
        return ecs.describe_tasks(cluster=known["cluster"], tasks=[arn])["tasks"][0]

    try:
        yield look
    finally:
        ecs.stop_task(cluster=known["cluster"], task=arn, reason="the demo's days are over")


def _until(calls: Callable[[], int], more_than: int, task: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    looked = time.monotonic()
    while calls() <= more_than:
        now = time.monotonic()
        if now - looked > 1:
            looked, found = now, task()
            if found["lastStatus"] == "STOPPED":
                raise Stop(f"the weather container stopped: {found.get('stoppedReason')}")
        if now > deadline:
            raise Stop(f"the weather container has not asked for {PATIENCE_S:.0f} s")
        time.sleep(_PAUSE_S)


def _calls(told: dict[str, Any]) -> int:
    return int(told["calls"].get("weatherapi /v1/current.json", 0))


def _quarters() -> Iterator[datetime]:
    quarter = FIRST
    while quarter < LAST:
        yield quarter
        quarter += STEP


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
