"""What one more day of OpenWeather costs after one year and after twelve of hourly history."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from bench.measure import run, seconds
from bench.report import Figure
from domains.openweather.transforms import gold as openweather_gold
from lake.catalog import Catalog
from tests.spark.gold.weather_lake import CITIES, WeatherLake
from tests.spark.lakehouse import Lakehouse
from tests.spark.local_session import session

HISTORIES = (1, 12)
LAST_DAY = date(2025, 10, 10)
DAYS = 4  # the first pays for the code that Java compiles
AIM_RATIO = 1.3


def figures() -> list[Figure]:
    """Each history in a Spark of its own, so that none inherits another's warm code."""
    told = {}
    for years in HISTORIES:
        finished = run([sys.executable, "-m", "bench.weather_history", str(years)])
        told[years] = json.loads(finished.output.strip().splitlines()[-1])
    short, long = (told[years] for years in HISTORIES)
    ratio = long["day"] / short["day"]
    return [
        Figure(
            what=f"{years} years of two cities into silver, then gold ({one['hours']:,.0f} hours)",
            ours=f"{one['silver']:.0f} s + {one['gold']:.0f} s",
            yardstick="",
            ratio="",
            aim="",
            met=None,
        )
        for years, one in told.items()
    ] + [
        Figure(
            what=f"the pipeline of one more day after {HISTORIES[1]} years",
            ours=f"{long['day']:.2f} s",
            yardstick=f"after {HISTORIES[0]} year: {short['day']:.2f} s",
            ratio=f"{ratio:.2f}",
            aim=f"under {AIM_RATIO}",
            met=ratio < AIM_RATIO,
        )
    ]


def measure(years: int) -> dict[str, float]:
    """Seconds of filling silver and gold with a history, and of each day after it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        spark = session(root, compiled=True)
        spark.conf.set("spark.sql.adaptive.enabled", "true")
        lake = WeatherLake(Lakehouse(spark, Catalog.bundled(), root))
        first = datetime(LAST_DAY.year - years, LAST_DAY.month, LAST_DAY.day, tzinfo=UTC)
        hours = ((LAST_DAY - first.date()).days + 1) * 24
        for city in CITIES:
            lake.put_history(city, first.isoformat()[:16], hours)
        silver = _seconds(lambda: _silver(lake, LAST_DAY, "--mode", "full"))
        gold = _seconds(lambda: _gold(LAST_DAY, "--full", "true"))
        taken = [_seconds(lambda day=day: _one_more(lake, day)) for day in _days()]  # type: ignore[misc]
        spark.stop()
    return {
        "hours": hours * len(CITIES),
        "silver": silver,
        "gold": gold,
        "day": median(taken[1:]),
    }


def _days() -> list[date]:
    return [LAST_DAY + timedelta(days=number) for number in range(1, DAYS + 1)]


def _one_more(lake: WeatherLake, day: date) -> None:
    """What the pipeline does at 19:00: a file of each city came, and the day is computed."""
    for city in CITIES:
        lake.put_history(city, f"{day}T00:00", 24)
    _silver(lake, day)
    _gold(day)


def _silver(lake: WeatherLake, day: date, *more: str) -> None:
    for name in CITIES.values():
        lake.silver(name, day.isoformat(), *more)


def _gold(day: date, *more: str) -> None:
    openweather_gold.run(["--date", day.isoformat(), *more])


def _seconds(work: Callable[[], None]) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        return seconds(work)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
