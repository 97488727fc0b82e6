"""Bronze files of OpenWeather in the documented layout, and its two jobs run as documented."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from domains.openweather.clients.openweather import parquet
from domains.openweather.transforms import gold as openweather_gold
from domains.openweather.transforms import silver as openweather_silver
from lake import keys
from scripts.samples.openweather import history, reply
from tests.spark.lakehouse import Lakehouse

SILVER = "openweather_silver.weather"
GOLD = "openweather_gold"
CITIES = {"riohacha": "Riohacha", "patagonia": "Patagonia"}
STAMPS = ("generated_at",)


class WeatherLake:
    """A lakehouse with a folder for bronze."""

    def __init__(self, lakehouse: Lakehouse) -> None:
        self.lakehouse, self.spark, self.catalog = lakehouse, lakehouse.spark, lakehouse.catalog
        self.bronze = lakehouse.root / "bronze"
        gold = [name for name, one in self.catalog.tables.items() if one.database == GOLD]
        lakehouse.create(SILVER, "ops.quality", *gold)
        self.gold = sorted(gold)
        # Where things are says the submission, so that a call is what the documents have.
        self.spark.conf.set("spark.lake.bronze", str(self.bronze))
        self.spark.conf.set("spark.lake.database_prefix", lakehouse.prefix)

    def close(self) -> None:
        """Leaves the session as it was."""
        for name in ("bronze", "database_prefix"):
            self.spark.conf.unset(f"spark.lake.{name}")
        self.spark.conf.set("spark.sql.shuffle.partitions", "2")

    def put(self, source: str, name: str, content: bytes, day: str) -> Path:
        """A file as promote leaves it."""
        moment = datetime.fromisoformat(f"{day}T18:00:00+00:00")
        path = self.bronze / keys.landing(self.catalog.source(source), name, moment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def put_poll(self, city: str, at: str) -> Path:
        """What the daily poll of a moment lands."""
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        content = parquet(reply(city, moment), moment)
        name = f"{int(moment.timestamp() * 1000)}_part_0.parquet"
        return self.put(f"openweather/{city}", name, content, at[:10])

    def put_history(self, city: str, first: str, hours: int) -> list[dict[str, Any]]:
        """A bulk of history, dropped by hand long after; gives its observations."""
        start = datetime.fromisoformat(first).replace(tzinfo=UTC)
        seen = list(history(city, start, hours))
        self.put_json(city, seen, f"{city}-{first[:10]}.json")
        return seen

    def put_json(self, city: str, content: Any, name: str = "some.json") -> Path:
        """Any JSON among the files of a city."""
        body = json.dumps(content).encode()
        return self.put(f"openweather/manual_{city}", name, body, "2025-11-02")

    def silver(self, city: str, date: str, *more: str) -> dict[str, Any]:
        """The documented call, and what is said besides."""
        call = ["--mode", "upsert", "--city", city, "--date", date, "--shuffle-partitions", "2"]
        return openweather_silver.run([*call, *more], catalog=self.catalog)

    def gold_of(self, years: str, months: str, date: str, *more: str) -> dict[str, Any]:
        """The documented call, and what is said besides."""
        call = ["--years-keep", years, "--months-keep", months, "--compare-date", date]
        call += ["--cities", "Riohacha,Patagonia"] if "--cities" not in more else []
        sizes = ["--shuffle-partitions", "2", "--max-records-per-file", "50000"]
        return openweather_gold.run([*call, *sizes, *more], catalog=self.catalog)

    def rows(self, name: str, where: str = "true") -> list[dict[str, Any]]:
        """What a reader of a gold table sees, without the time of the run."""
        frame = self.lakehouse.table(f"{GOLD}.{name}").where(where).drop(*STAMPS)
        return sorted((row.asDict() for row in frame.collect()), key=repr)

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """All of gold."""
        return {name: self.rows(name.partition(".")[2]) for name in self.gold}


def local_hours(
    seen: Sequence[Mapping[str, Any]], offset_h: int
) -> dict[datetime, Mapping[str, Any]]:
    """Observations by the hour on the clocks of their place."""
    found = {}
    for one in seen:
        at = datetime.fromtimestamp(one["dt"], UTC).replace(tzinfo=None)
        found[at + timedelta(hours=offset_h)] = one
    return found
