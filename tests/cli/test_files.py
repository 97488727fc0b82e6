from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lake.catalog import Catalog
from lake.records import FileRecord
from lake_cli.files import load_row, matching, rejects_sql
from lake_cli.health import advice, queue_rows, source_rows
from tests.cli.test_outcomes import FILE

NOW = datetime(2025, 9, 2, 10, 0, tzinfo=UTC)
NOTHING: dict[str, dict[str, int]] = {"waiting": {}, "loading": {}, "failed": {}, "quarantined": {}}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.bundled()


def test_a_load_shows_its_file_its_state_and_its_counts() -> None:
    row = load_row(replace(FILE, state="waiting", counts=None, tables=None, sheet_rows=None))

    assert row["status"] == "waiting"
    assert row["read"] == row["accepted"] == row["sheet_rows"] == 0
    assert row["tables"] == {}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("abababababababab", [FILE]),
        ("ABABABAB", [FILE]),
        ("abababababababab-0", [FILE]),
        ("abababababababab-1", []),
        ("ab", []),
        ("", []),
        ("cdcdcdcd", []),
    ],
)
def test_an_id_means_a_load_or_the_start_of_a_hash(wanted: str, found: list[FileRecord]) -> None:
    assert matching([FILE], wanted) == found


def test_a_quote_in_a_load_id_stays_a_quote() -> None:
    sql = rejects_sql("x' or 'a'='a", None, 5)

    assert "load_id = 'x'' or ''a''=''a'" in sql
    assert sql.endswith("LIMIT 5")


def test_a_source_that_never_sent_anything_has_broken_no_promise(catalog: Catalog) -> None:
    rows = source_rows(catalog, NOTHING, {}, NOW)

    assert {row["status"] for row in rows} == {"empty"}
    assert [row["source"] for row in rows] == list(catalog.sources)


@pytest.mark.parametrize(
    ("received", "status"), [("T11:00:00.000Z", "fresh"), ("T09:00:00.000Z", "late")]
)
def test_a_source_is_late_when_its_last_load_is_older_than_promised(
    catalog: Catalog, received: str, status: str
) -> None:
    last = {"emt/arrivals": f"2025-09-01{received}"}

    rows = {row["source"]: row for row in source_rows(catalog, NOTHING, last, NOW)}

    assert rows["emt/arrivals"]["status"] == status
    assert bool(advice(list(rows.values()), [], NOTHING)) == (status == "late")


def test_a_source_that_is_declared_no_more_still_shows_its_files(catalog: Catalog) -> None:
    rows = source_rows(catalog, NOTHING | {"failed": {"old/one": 2}}, {}, NOW)

    assert rows[-1] | {"source": "old/one", "status": "undeclared", "failed": 2} == rows[-1]


def test_status_says_what_a_person_must_do() -> None:
    queues = queue_rows({"uploads": (3, 1), "uploads, dead": (2, 0)})

    said = advice([], queues, NOTHING | {"failed": {"a/b": 1}, "quarantined": {"a/b": 4}})

    assert [row["status"] for row in queues] == ["ok", "error"]
    assert "lake replay" in said[0]
    assert "lake quarantine" in said[1]
    assert "uploads, dead" in said[2]
