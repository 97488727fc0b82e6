"""From silver to readers: gold is run, the API answers, the page shows it, a rollback is seen."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from lake.catalog import Catalog
from lake.client import Client
from scripts.provision.browser import NO_BROWSER, find_browser
from scripts.samples import arrivals, lines, weather
from tests.laptop.journey import Lake, eventually, written

pytestmark = [pytest.mark.laptop, pytest.mark.timeout(900)]

DAY, NEXT = "2025-09-02", "2025-09-03"
RESULTS = {name for name, one in Catalog.bundled().results.items() if one.job == "emt_gold"}
Api = Mapping[str, str]


@pytest.fixture(scope="module")
def answered(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A day in silver, and the gold pipeline run over it."""
    folder = tmp_path_factory.mktemp("answers")
    for sample in (lines.sample(1), weather.sample(5, DAY), arrivals.day(50, DAY)):
        lake.upload(sample.source, *written(folder, sample))
    return lake.ask("run", "emt/gold", "--date", DAY, "--wait")[0]


@pytest.fixture(scope="module")
def api(lake: Lake, answered: object) -> Api:
    """Where results are read, and with what key."""

    told: dict[str, str] = json.loads(lake.run("api", "--json"))
    return told


@pytest.fixture
def client(api: Api) -> Client:
    return Client(api["url"], api["key"])


def test_a_run_of_gold_publishes_each_of_its_results(
    client: Client, answered: Mapping[str, Any]
) -> None:
    assert answered["status"] == "succeeded"
    shown = {one["name"]: one for one in client.results() if one["published_at"]}
    assert shown.keys() >= RESULTS
    assert all(shown[name]["fresh"] for name in RESULTS)


def test_what_the_api_answers_is_what_athena_counts(lake: Lake, client: Client) -> None:
    (held,) = lake.query(
        "select count(*) as preds, count(delayed) as rated,"
        " sum(case when delayed then 1 else 0 end) as late from emt_gold.arrivals_weather"
    )
    assert int(held["preds"]) > 0

    for name in ("emt_delays_by_hour", "emt_network_by_hour"):
        rows = list(client.rows(name, fields=["total_preds", "rated_preds", "delayed_preds"]))
        sums = [
            sum(row[one] for row in rows) for one in ("total_preds", "rated_preds", "delayed_preds")
        ]
        assert sums == [int(held["preds"]), int(held["rated"]), int(held["late"])], name


def test_without_a_key_nothing_is_told_and_with_a_wrong_one_neither(api: Api) -> None:
    rows = f"{api['url']}v1/results/emt_lines/rows"

    none, wrong = (
        requests.get(rows, headers=headers, timeout=30)
        for headers in ({}, {"x-api-key": "lake_" + "x" * 32})
    )

    assert (none.status_code, wrong.status_code) == (401, 403)
    for answer in (none, wrong):
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert "rows" not in answer.json()


def test_the_page_shows_real_figures_and_asks_nobody_else(
    lake: Lake, api: Api, client: Client
) -> None:
    sums = [(row["rated_preds"], row["delayed_preds"]) for row in client.rows("emt_lines")]
    rated, delayed = (sum(column) for column in zip(*sums, strict=True))
    command = find_browser()
    assert command, NO_BROWSER
    said: list[str] = []
    asked: set[str] = set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        page.on("request", lambda one: asked.add(one.url))
        page.goto(f"{api['url']}#key={api['key']}")
        page.wait_for_selector(".panel")
        expect(page.locator("[aria-busy]")).to_have_count(0, timeout=30_000)
        headline = page.locator("#hero").inner_text()
        page.goto(f"{api['url']}#/lake")
        page.get_by_text("emt_silver.arrivals_predictions").first.wait_for(timeout=30_000)
        browser.close()

    assert f"{delayed / rated:.1%}".replace(".0%", "%") in " ".join(headline.split())
    assert said == []
    assert all(url.startswith(api["url"]) for url in asked)


def test_the_state_of_the_lake_is_the_one_that_the_command_tells(
    lake: Lake, client: Client
) -> None:
    def runs() -> Any:
        told = {one["pipeline"]: one["status"] for one in client.status()["pipelines"]}
        return told.get("emt/gold") == "succeeded" and told

    eventually(runs)
    state = client.status()
    loaded = next(one for one in state["sources"] if one["source"] == "emt/arrivals")["counts"]
    (summed,) = lake.query(
        "select sum(read) as n from ops.loads"
        " where source = 'emt/arrivals' and not derived and status = 'loaded'"
    )
    assert loaded["read"] == int(summed["n"])
    assert loaded["read"] == sum(
        loaded[one] for one in ("accepted", "duplicate", "rejected", "empty")
    )


def test_a_walk_sees_one_snapshot_and_a_rollback_is_seen_within_five_seconds(
    lake: Lake, client: Client, tmp_path: Path
) -> None:
    hours, first = "emt_delays_by_hour", client.describe("emt_lines")["snapshot"]
    before = list(client.rows(hours))
    walk = client.rows(hours, page=7)
    walked = [next(walk)]

    more = arrivals.day(51, NEXT)
    lake.upload(more.source, *written(tmp_path, more))
    lake.ask("run", "emt/gold", "--date", NEXT, "--wait")
    eventually(lambda: client.describe("emt_lines")["snapshot"] != first, seconds=10)
    eventually(lambda: len(list(client.rows(hours))) > len(before), seconds=10)

    assert [*walked, *walk] == before

    lake.run("publish", "emt_lines", "--rollback")
    began = time.monotonic()
    eventually(lambda: client.describe("emt_lines")["snapshot"] == first, seconds=10)

    assert time.monotonic() - began < 5
