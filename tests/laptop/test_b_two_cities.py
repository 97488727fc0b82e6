"""The second domain as people see it: polls and a file of history, a pipeline, seven answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lake.catalog import Catalog
from lake.client import Client
from scripts.demo.days import StandIns
from scripts.samples import openweather
from tests.laptop.journey import Lake, written

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(900)]

DAY = "2025-09-02"
RESULTS = {name for name, one in Catalog.bundled().results.items() if one.job == "weather_gold"}


def test_polls_and_history_become_answers_by_one_pipeline(lake: Lake, tmp_path: Path) -> None:
    stand_ins = StandIns(f"http://127.0.0.1:{lake.port}")
    stand_ins.set(datetime.fromisoformat(f"{DAY}T18:00:00+00:00"), 1)
    polled = lake.ask(
        *("poll", "openweather/riohacha", "openweather/patagonia"),
        *("--at", f"{DAY}T18:00:00Z", "--wait"),
    )
    history = openweather.two_years("patagonia", DAY)
    (loaded,) = lake.upload(history.source, *written(tmp_path, history))

    stand_ins.set(datetime.now(UTC), 1)
    (run,) = lake.ask("run", "openweather/gold", "--date", DAY, "--wait")

    assert [one["status"] for one in polled] == ["accepted", "accepted"]
    # Of the last entry the moment was lost; one hour had been polled before.
    assert (loaded["read"], loaded["rejected"]) == (history.truth.read, 1)
    jobs = {job["job"]: job for job in run["jobs"]}
    assert {name: job["stage"] for name, job in jobs.items()} == {
        "weather_silver_riohacha": 1,
        "weather_silver_patagonia": 1,
        "weather_gold": 2,
    }
    assert run["status"] == "succeeded"
    assert jobs["weather_silver_patagonia"]["result"]["status"] == "unchanged"
    held = lake.query(
        "select city, count(*) as n, max(source) as source from openweather_silver.weather"
        f" where event_date = date '{DAY}' group by city order by city"
    )
    assert [(row["city"], int(row["n"])) for row in held] == [("Patagonia", 24), ("Riohacha", 1)]

    told = json.loads(lake.run("api", "--json"))
    client = Client(told["url"], told["key"])
    assert {one["name"] for one in client.results() if one["published_at"]} >= RESULTS
    compared = {
        (row["city_key"], row["metric"]): row
        for row in client.rows("openweather_today_vs_last_year", where={"date": DAY})
    }
    assert compared["patagonia", "temp_c"]["n_hours_matched"] == 24
    assert compared["riohacha", "temp_c"]["value_today"] is None
    assert compared["riohacha", "temp_c"]["n_hours_matched"] == 0
