"""Ten thousand records with everything that can happen to a stream, at once."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from lake.catalog import Catalog
from lake_cli import stream_replays
from lake_cli.deployment import LAPTOP, Deployment
from local.lifecycle import REGION, LaptopCloud
from tests.local.conftest import until
from tests.local.streams import BUCKET, ERRORS, STREAM, StreamLake, raw
from tests.local.test_firehose_iceberg import kill, read_to
from tests.weather import EPOCH, SOURCE, envelope, observation, record

PLACES = [f"place {number}" for number in range(245)]
HALF_HOURS = 40
DOUBLES, POISON = 100, 100
Key = tuple[str | None, ...]


class Deployed(Deployment):
    """The lake as `lake replay` finds it, with the catalogue of this checkout."""

    @property
    def catalog(self) -> Catalog:
        return Catalog.bundled()


@pytest.fixture
def lake(make_cloud: Callable[..., LaptopCloud]) -> StreamLake:
    cloud = make_cloud()
    cloud.up()
    return StreamLake(cloud)


def poison() -> Iterator[bytes]:
    """Records that no table can take, no two of them alike, and a word of why."""
    for number in range(POISON // 5):
        no_time, hot = observation(number), observation(number)
        del no_time["current"]["last_updated_epoch"]
        hot["current"]["temp_c"] = "hot"
        yield f'{{"half": {number}'.encode()
        yield json.dumps(envelope(observation(number), source="nobody/knows")).encode()
        yield json.dumps(envelope(no_time)).encode()
        yield json.dumps(envelope(hot)).encode()
        yield json.dumps({"source": SOURCE, "number": number}).encode()


def key(place: str, number: int) -> Key:
    moment = datetime.fromtimestamp(EPOCH + 1800 * number, UTC)
    return (place, f"{moment:%Y-%m-%d %H:%M:%S}.000000")


def replayed(lake: StreamLake) -> list[dict[str, object]]:
    values = {
        "region": REGION,
        "endpoint": lake.cloud.endpoint,
        "buckets": {"ops": BUCKET},
        "streams": {
            SOURCE: {"name": STREAM, "errors": ERRORS, "replayed": "stream-replayed/weather/"}
        },
    }
    return stream_replays.replay(Deployed(LAPTOP, values), SOURCE)


def test_after_poison_doubles_a_crash_and_a_kill_a_replay_makes_the_table_whole(
    lake: StreamLake,
) -> None:
    lake.make(seconds=1, megabytes=1)
    chance = random.Random(4)  # noqa: S311 - an order, no secret
    good = {key(place, hour): record(hour, place) for place in PLACES for hour in range(HALF_HOURS)}
    doubled = chance.sample(sorted(good.values()), DOUBLES)
    poisoned = list(poison())
    sent = [*good.values(), *doubled, *poisoned]
    chance.shuffle(sent)
    assert len(sent) == 10_000

    # A third arrives in peace, a third meets a broken transform, a third a kill.
    lake.put(sent[:3_300])
    until(lambda: seen(lake) == 3_300, 60, every_s=1)
    lake.crash(broken=True)
    lake.put(sent[3_300:6_600])
    until(lambda: seen(lake) == 6_600, 90, every_s=1)
    lake.crash(broken=False)
    lake.saved("lambda", lambda state: '"CRASH"' not in state)
    lake.put(sent[6_600:])
    until(lambda: not read_to(lake.cloud), every_s=0.01)  # a delivery is under way
    kill(lake.cloud)
    lake.cloud.up()
    until(lambda: seen(lake) == 10_000, 120, every_s=1)

    told = replayed(lake)

    assert sum(int(str(row["sent"])) for row in told) >= 3_200
    assert sum(int(str(row["refused"])) for row in told) == POISON
    until(lambda: lake.count() == len(good) + DOUBLES, 60)
    rows = Counter(lake.keys())
    assert rows.keys() == good.keys()
    assert sum(rows.values()) == len(good) + DOUBLES
    aside = Counter(raw(line) for line in lake.errors())
    assert {data: aside[data] for data in poisoned} == dict.fromkeys(poisoned, 1)
    reasons = " ".join(str(row["reason"]) for row in told)
    for word in ("is no JSON", "names no stream", "obs_ts", "temp_c", "observation"):
        assert word in reasons
    assert [row for row in replayed(lake) if row["sent"]] == []


def seen(lake: StreamLake) -> int:
    """Records that have come out at one end or the other; looking costs the cloud its time."""
    return lake.count() + sum(1 for _ in lake.errors())


def test_a_line_of_the_error_prefix_holds_what_was_put(lake: StreamLake) -> None:
    lake.make(seconds=0)
    lake.put([b"\xff\x00 no text"])
    lake.settled(0, 1)

    (line,) = lake.errors()

    assert base64.b64decode(line["rawData"]) == b"\xff\x00 no text"
