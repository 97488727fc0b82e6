"""APIs, polls, streams, jobs, pipelines and data: what is understood, and what is refused where."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.catalog import Argument, Catalog, Quality, Schedule
from lake.errors import CatalogError
from scripts.catalog_compiler.compiler import compile_catalog
from tests.catalog.toys import declare

TABLE = """\
about: Readings of a sensor.
key: [sensor]
columns:
  sensor: {type: string, required: true, about: Name}
  value: {type: double, about: What it read}
quality:
  - {check: nulls, column: value, at_most: 0.5, severity: warn}
  - {check: volume, within: [0.2, 5]}
"""
FILES = {
    "toys/apis/maker.yaml": (
        "about: The maker.\nurl: https://maker.example/\n"
        "auth: query\nparameter: key\nsecret: maker\n"
    ),
    "toys/tables/silver.readings.yaml": TABLE,
    "toys/tables/gold.means.yaml": TABLE,
    "toys/sources/sheet.yaml": (
        "about: By hand or asked for.\nkind: upload\njob: toys_sheet\nfeeds: [silver.readings]\n"
        "requires: [Sensor]\n"
        'poll: {api: maker, client: sheet, schedule: {cron: "*/5 * * * *", zone: Europe/Madrid}}\n'
    ),
    "toys/sources/live.yaml": (
        "about: Without end.\nkind: stream\nfeeds: [silver.readings]\n"
        "poll: {api: maker, every: 30m, query: {q: Madrid}}\n"
        "columns:\n  sensor: {from: name}\n  value: {from: now.value}\n"
    ),
    "toys/jobs/toys_gold.yaml": (
        "about: Means.\nreads: [silver.readings]\nwrites: [gold.means]\ntimeout: 30m\n"
        "arguments:\n  warehouse: {warehouse: gold}\n  db: {database: toys_gold}\n  limit: 1.5\n"
    ),
    "toys/pipelines/gold.yaml": (
        'about: Each day.\nschedule: {cron: "0 10 * * *"}\nstages: [[toys_gold]]\n'
    ),
    "toys/data/holidays.yaml": 'days: ["2025-01-01"]\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        declare(tmp_path, name, text)
    return tmp_path


def test_what_is_declared_is_what_everybody_reads(folder: Path) -> None:
    catalog = Catalog.from_dict(compile_catalog(folder))

    api = catalog.apis["toys/maker"]
    assert (api.url, api.auth, api.secret) == ("https://maker.example", "query", "maker")
    poll = catalog.source("toys/sheet").poll
    assert poll is not None
    assert poll.api == "toys/maker"
    assert poll.schedule == Schedule("*/5 * * * *", "Europe/Madrid")
    (stream,) = catalog.streams
    assert stream.id == "toys/live"
    assert stream.poll is not None
    assert (stream.poll.every_minutes, stream.poll.query) == (30, {"q": "Madrid"})
    job = catalog.jobs["toys_gold"]
    assert job.reads == ("toys_silver.readings",)
    assert job.tables == ("toys_gold.means",)
    assert job.timeout_minutes == 30
    assert job.arguments == (
        Argument("warehouse", warehouse="gold"),
        Argument("db", database="toys_gold"),
        Argument("limit", literal="1.5"),
    )
    pipeline = catalog.pipelines["toys/gold"]
    assert pipeline.stages == (("toys_gold",),)
    assert pipeline.schedule == Schedule("0 10 * * *", "UTC")
    assert pipeline.timeout_minutes == 120
    assert catalog.data["toys/holidays"] == {"days": ["2025-01-01"]}
    assert catalog.table("toys_gold.means").quality == (
        Quality("nulls", column="value", at_most=0.5, severity="warn"),
        Quality("volume", within=(0.2, 5)),
    )


def test_a_stream_is_no_lane_of_its_own_and_marks_the_table_that_it_appends_to(
    folder: Path,
) -> None:
    catalog = Catalog.from_dict(compile_catalog(folder))

    assert dict(catalog.lanes) == {"toys-sheet": ("toys/sheet",)}
    assert catalog.table("toys_silver.readings").streamed
    assert not catalog.table("toys_gold.means").streamed


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("apis/maker.yaml", "secret: maker\n", "", "maker.yaml:1: .* names its 'secret'"),
        ("apis/maker.yaml", "parameter: key\n", "", "says the name of its 'parameter'"),
        ("apis/maker.yaml", "auth: query", "auth: qery", r"did you mean 'query'"),
        ("sources/sheet.yaml", "api: maker", "api: makr", "sheet.yaml:6: .*'toys/maker'"),
        ("sources/live.yaml", "kind: stream", "kind: stream\njob: x", "neither 'job' nor 'format'"),
        ("sources/live.yaml", "sensor: {from", "sensr: {from", "unknown column 'sensr' .*sensor"),
        ("jobs/toys_gold.yaml", "gold.means", "gold.mean", "toys_gold.yaml:3: .*'toys_gold.means'"),
        ("jobs/toys_gold.yaml", "database: toys_gold", "database: toy_gold", "unknown database"),
        ("jobs/toys_gold.yaml", "warehouse: gold", "warehouse: god", "unknown warehouse 'god'"),
        ("jobs/toys_gold.yaml", "limit: 1.5", "limit: [1]", "'limit' must be a text, a number"),
        ("pipelines/gold.yaml", "toys_gold", "toys_god", "gold.yaml:3: .*did you mean 'toys_gold'"),
        ("pipelines/gold.yaml", "[[toys_gold]]", "[[]]", "a stage names at least one job"),
        ("tables/gold.means.yaml", "column: value, ", "", "'nulls' names its 'column'"),
        ("tables/gold.means.yaml", "column: value", "column: valu", "unknown column 'valu'"),
    ],
)
def test_a_slip_is_refused_at_its_place(
    folder: Path, file: str, old: str, new: str, complaint: str
) -> None:
    path = folder / "domains" / "toys" / "catalog" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))

    with pytest.raises(CatalogError, match=complaint):
        compile_catalog(folder)
