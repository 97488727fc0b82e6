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
        "environment": {},
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


FULL = {
    "apis/whole.yaml": (
        "about: All of it.\nurl: https://whole.example\nauth: header\nparameter: x-key\n"
        "secret: whole\nenvironment: {key: WHOLE_KEY}\nretries: 2\ntimeout: 7\nquota_per_day: 100\n"
    ),
    "tables/silver.whole.yaml": (
        "about: t\nkey: [a]\npartition: [day(at)]\nnewest_by: at\nkeep_known: true\n"
        "fresh_within: 90m\nretention: 2d\nchecks: [{column: a, between: [0, 1]}]\n"
        "quality: [{check: rows, at_least: 1}]\n"
        "columns:\n  a: {type: int, required: true, unit: m, about: x}\n"
        "  at: {type: timestamp, about: y}\n"
    ),
    "sources/whole.yaml": (
        "about: s\nkind: upload\npath: by/hand\nfolder: day={date}\nconstants: {p: q, r: s}\n"
        "format: {type: json, max_bytes: 1, max_rows: 2, max_columns: 3}\nrequires: [A]\n"
        "job: whole_sheet\nfeeds: [silver.whole]\nderives: [silver.readings]\n"
        "reject_share: 0.5\n"
        "poll: {api: toys/whole, client: c, every: 2h, query: {q: x},"
        " schedule: {cron: 0 4 * * *}}\n"
    ),
    "jobs/whole_job.yaml": (
        "about: j\nscript: another\nreads: [silver.whole]\nwrites: [gold.means]\ntimeout: 2h\n"
        "arguments: {word: x, number: 5, db: {database: toys_gold}, wh: {warehouse: silver}}\n"
    ),
    "pipelines/whole.yaml": (
        "about: p\nschedule: {cron: 0 5 * * *, zone: Europe/Madrid}\ntimeout: 3h\n"
        "stages: [[whole_job], [toys_gold]]\n"
    ),
    "results/whole.yaml": (
        "about: r\njob: whole_job\nquery: SELECT 1 AS n, 'x' AS w FROM {toys_gold.means}\n"
        "columns:\n  n: {type: int, required: true, about: N, unit: m}\n"
        "  w: {type: string, about: W}\n"
        "key: [n]\nfilters: [w]\nsorts: [n, w]\nfresh_within: 3h\nkeep: 2d\npage: 5\n"
    ),
}


def test_what_is_said_in_full_is_understood_in_full(tmp_path: Path) -> None:
    found = compile_catalog(toys(tmp_path, FULL))

    assert found["apis"]["toys/whole"] == {
        "id": "toys/whole",
        "domain": "toys",
        "name": "whole",
        "about": "All of it.",
        "url": "https://whole.example",
        "secret": "whole",
        "environment": {"key": "WHOLE_KEY"},
        "auth": "header",
        "parameter": "x-key",
        "retries": 2,
        "timeout_seconds": 7,
        "quota_per_day": 100,
    }
    at = {**COLUMN, "name": "at", "type": "timestamp", "about": "y"}
    named = {"id": "toys_silver.whole", "database": "toys_silver", "layer": "silver"}
    assert found["tables"]["toys_silver.whole"] == table(
        name="whole",
        about="t",
        columns=[{**COLUMN, "required": True, "unit": "m"}, at],
        partition=["day(at)"],
        newest_by="at",
        keep_known=True,
        checks=[{"column": "a", "between": [0, 1]}],
        quality=[{"check": "rows", "at_least": 1}],
        fresh_within_minutes=90,
        retention_days=2,
        **named,
    )
    assert found["sources"]["toys/whole"] == {
        "id": "toys/whole",
        "domain": "toys",
        "name": "whole",
        "about": "s",
        "kind": "upload",
        "poll": {
            "api": "toys/whole",
            "client": "c",
            "schedule": {"cron": "0 4 * * *", "zone": "UTC"},
            "every_minutes": 120,
            "query": {"q": "x"},
        },
        "format": {
            "type": "json",
            "sheet": None,
            "header_row": 1,
            "max_bytes": 1,
            "max_rows": 2,
            "max_columns": 3,
            "extension": ".json",
        },
        "path": "by/hand",
        "folder": "day={date}",
        "constants": {"p": "q", "r": "s"},
        "requires": ["A"],
        "job": "whole_sheet",
        "feeds": ["toys_silver.whole"],
        "derives": ["toys_silver.readings"],
        "columns": {},
        "reject_share": 0.5,
        "lane": "toys-sheet",  # it writes what the sheet writes
    }
    assert found["lanes"]["toys-sheet"] == ["toys/sheet", "toys/whole"]
    assert found["jobs"]["whole_sheet"] == {
        "about": "",
        "script": "whole_sheet",
        "sources": ["toys/whole"],
        "tables": ["toys_silver.whole", "toys_silver.readings"],
        "reads": [],
        "arguments": [],
        "timeout_minutes": None,
    }
    assert found["jobs"]["tabular"]["sources"] == ["toys/inline", "toys/sheet"]
    assert found["jobs"]["whole_job"] == {
        "about": "j",
        "script": "another",
        "sources": [],
        "tables": ["toys_gold.means"],
        "reads": ["toys_silver.whole"],
        "arguments": [
            {"name": "word", "literal": "x"},
            {"name": "number", "literal": "5"},
            {"name": "db", "database": "toys_gold"},
            {"name": "wh", "warehouse": "silver"},
        ],
        "timeout_minutes": 120,
    }
    assert found["pipelines"]["toys/whole"] == {
        "id": "toys/whole",
        "domain": "toys",
        "name": "whole",
        "about": "p",
        "schedule": {"cron": "0 5 * * *", "zone": "Europe/Madrid"},
        "timeout_minutes": 180,
        "stages": [["whole_job"], ["toys_gold"]],
    }
    assert found["results"]["toys_whole"] == {
        "id": "toys_whole",
        "domain": "toys",
        "name": "whole",
        "about": "r",
        "job": "whole_job",
        "query": "SELECT 1 AS n, 'x' AS w FROM {toys_gold.means}",
        "reads": ["toys_gold.means"],
        "columns": [
            {"name": "n", "type": "int", "required": True, "about": "N", "unit": "m"},
            {"name": "w", "type": "string", "required": False, "about": "W", "unit": None},
        ],
        "key": ["n"],
        "filters": ["w"],
        "sorts": ["n", "w"],
        "fresh_within_minutes": 180,
        "keep_days": 2,
        "page": 5,
    }


def test_the_digest_follows_what_is_said_and_not_its_order(tmp_path: Path) -> None:
    text = FULL["sources/whole.yaml"]
    turned = text.replace("{p: q, r: s}", "{r: s, p: q}")
    other = text.replace("{p: q, r: s}", "{p: q, r: t}")
    digests = [
        compile_catalog(toys(tmp_path, {**FULL, "sources/whole.yaml": said}))["sha256"]
        for said in (text, turned, other)
    ]

    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_an_inline_table_that_says_its_own_moment_of_receipt_has_it_once(tmp_path: Path) -> None:
    own = "columns:\n    ingest_ts: {type: timestamp, about: z, from: At}\n    a: "
    text = LEAST["sources/least.yaml"].replace("columns: {a: ", own).replace("A}}", "A}")

    found = compile_catalog(toys(tmp_path, {**LEAST, "sources/least.yaml": text}))

    said = {**COLUMN, "name": "ingest_ts", "type": "timestamp", "about": "z"}
    assert found["tables"]["toys_silver.least"]["columns"] == [said, COLUMN]


def test_a_reserved_word_is_a_partition_by_itself_and_in_no_transform(tmp_path: Path) -> None:
    text = "about: x\nkey: [date]\npartition: [{}]\ncolumns:\n  date: {{type: date, about: x}}\n"

    compile_catalog(toys(tmp_path, {"tables/gold.days.yaml": text.format("date")}))
    with pytest.raises(CatalogError, match="'date' is a reserved word of Athena's DDL"):
        compile_catalog(toys(tmp_path, {"tables/gold.days.yaml": text.format("month(date)")}))
