"""What a declaration means that says no more than it must: every default, spelt out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lake.errors import CatalogError
from scripts.catalog_compiler.compiler import compile_catalog
from tests.catalog.toys import toys

A = "key: [a]\ncolumns:\n  a: {type: int, about: x}\n"
LEAST = {
    "apis/plain.yaml": "about: No key.\nurl: https://plain.example/\n",
    "tables/gold.least.yaml": f"about: >\n  Least\n  of all.\n{A}",
    "tables/silver.live.yaml": f"about: y\n{A}",
    "sources/least.yaml": (
        "about: s\nkind: upload\ntable:\n  name: silver.least\n  key: [a]\n"
        "  columns: {a: {type: int, about: x, from: A}}\n"
    ),
    "sources/live.yaml": (
        "about: l\nkind: stream\nfeeds: [silver.live]\npoll: {api: plain}\n"
        "columns: {a: {from: b.c}}\n"
    ),
    "jobs/least_job.yaml": "about: j\nwrites: [gold.least]\n",
    "pipelines/least.yaml": "about: p\nstages: [[least_job]]\n",
    "results/least.yaml": "about: r\njob: least_job\nfrom: gold.least\nkey: [a]\n",
}
COLUMN = {"name": "a", "type": "int", "required": False, "about": "x", "unit": None}
INGEST_TS = {
    "name": "ingest_ts",
    "type": "timestamp",
    "required": True,
    "about": "When the lake received the file, in UTC",
    "unit": None,
}


def table(**own: Any) -> dict[str, Any]:
    return {
        "domain": "toys",
        "columns": [COLUMN],
        "key": ["a"],
        "partition": [],
        "newest_by": None,
        "keep_known": False,
        "checks": [],
        "quality": [],
        "streamed": False,
        "fresh_within_minutes": None,
        "retention_days": None,
        **own,
    }


def source(**own: Any) -> dict[str, Any]:
    return {
        "domain": "toys",
        "poll": None,
        "format": {
            "type": "workbook",
            "sheet": None,
            "header_row": 1,
            "max_bytes": 104_857_600,
            "max_rows": 1_048_576,
            "max_columns": 256,
            "extension": ".xlsx",
        },
        "folder": "",
        "constants": {},
        "derives": [],
        "reject_share": 0.05,
        **own,
    }


@pytest.fixture
def compiled(tmp_path: Path) -> dict[str, Any]:
    return compile_catalog(toys(tmp_path, LEAST))


def test_a_table_promises_nothing_that_it_does_not_say(compiled: dict[str, Any]) -> None:
    tables = compiled["tables"]

    named = {"id": "toys_gold.least", "database": "toys_gold", "layer": "gold", "name": "least"}
    assert tables["toys_gold.least"] == table(about="Least of all.", **named)
    named = {"id": "toys_silver.live", "database": "toys_silver", "layer": "silver", "name": "live"}
    assert tables["toys_silver.live"] == table(about="y", streamed=True, **named)
    inline = {"id": "toys_silver.least", "database": "toys_silver", "layer": "silver"}
    assert tables["toys_silver.least"] == table(
        about="s", name="least", columns=[COLUMN, INGEST_TS], newest_by="ingest_ts", **inline
    )
    assert compiled["databases"] == {
        "toys_gold": {"domain": "toys", "layer": "gold"},
        "toys_silver": {"domain": "toys", "layer": "silver"},
    }


def test_a_comment_is_as_long_as_glue_keeps_it(tmp_path: Path) -> None:
    text = "about: x\nkey: [a]\ncolumns:\n  a: {type: int, about: %s}\n"

    compile_catalog(toys(tmp_path, {"tables/gold.long.yaml": text % ("x" * 255)}))
    with pytest.raises(CatalogError, match=r"gold\.long\.yaml:4: "):
        compile_catalog(toys(tmp_path, {"tables/gold.long.yaml": text % ("x" * 256)}))


def test_a_column_of_an_inline_table_says_all_of_its_cell(tmp_path: Path) -> None:
    text = LEAST["sources/least.yaml"].replace("from: A", "from: A, item: 0, zone: UTC, format: f")

    found = compile_catalog(toys(tmp_path, {**LEAST, "sources/least.yaml": text}))

    cell = {"from": "A", "item": 0, "zone": "UTC", "format": "f"}
    assert found["sources"]["toys/least"]["columns"] == {"a": cell}
    assert found["jobs"]["tabular"]["tables"] == [
        "toys_silver.inline",
        "toys_silver.least",
        "toys_silver.readings",
    ]


def test_durations_become_minutes_and_days(compiled: dict[str, Any]) -> None:
    readings = compiled["tables"]["toys_silver.readings"]

    assert (readings["fresh_within_minutes"], readings["retention_days"]) == (2880, 30)
    assert compiled["results"]["toys_means"]["fresh_within_minutes"] == 2880


def test_a_source_is_what_its_one_file_says(compiled: dict[str, Any]) -> None:
    assert compiled["sources"]["toys/least"] == source(
        id="toys/least",
        name="least",
        about="s",
        kind="upload",
        path="toys/least",
        requires=["A"],
        job="tabular",
        feeds=["toys_silver.least"],
        columns={"a": {"from": "A"}},
        lane="toys-least",
    )
    assert compiled["sources"]["toys/live"] == source(
        id="toys/live",
        name="live",
        about="l",
        kind="stream",
        path="toys/live",
        requires=["b.c"],
        job="",
        feeds=["toys_silver.live"],
        columns={"a": {"from": "b.c"}},
        lane="",
        poll={
            "api": "toys/plain",
            "client": None,
            "schedule": None,
            "every_minutes": None,
            "query": {},
        },
    )


def test_what_conducts_has_its_own_patience(compiled: dict[str, Any]) -> None:
    assert compiled["apis"]["toys/plain"] == {
        "id": "toys/plain",
        "domain": "toys",
        "name": "plain",
        "about": "No key.",
        "url": "https://plain.example",
        "secret": None,
        "auth": "none",
        "parameter": None,
        "retries": 5,
        "timeout_seconds": 20,
        "quota_per_day": None,
    }
    assert compiled["jobs"]["least_job"] == {
        "about": "j",
        "script": "least_job",
        "sources": [],
        "tables": ["toys_gold.least"],
        "reads": [],
        "arguments": [],
        "timeout_minutes": 60,
    }
    assert compiled["jobs"]["tabular"]["timeout_minutes"] is None
    assert compiled["pipelines"]["toys/least"] == {
        "id": "toys/least",
        "domain": "toys",
        "name": "least",
        "about": "p",
        "schedule": None,
        "timeout_minutes": 120,
        "stages": [["least_job"]],
    }
    assert compiled["results"]["toys_least"] == {
        "id": "toys_least",
        "domain": "toys",
        "name": "least",
        "about": "r",
        "job": "least_job",
        "query": "SELECT `a` FROM {toys_gold.least}",
        "reads": ["toys_gold.least"],
        "columns": [COLUMN],
        "key": ["a"],
        "filters": [],
        "sorts": [],
        "fresh_within_minutes": None,
        "keep_days": 7,
        "page": 1000,
    }
    assert compiled["version"] == 1


def test_a_reserved_word_is_a_partition_by_itself_and_in_no_transform(tmp_path: Path) -> None:
    text = "about: x\nkey: [date]\npartition: [{}]\ncolumns:\n  date: {{type: date, about: x}}\n"

    compile_catalog(toys(tmp_path, {"tables/gold.days.yaml": text.format("date")}))
    with pytest.raises(CatalogError, match="'date' is a reserved word of Athena's DDL"):
        compile_catalog(toys(tmp_path, {"tables/gold.days.yaml": text.format("month(date)")}))
