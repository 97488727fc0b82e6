import pytest

from lake.catalog import Catalog
from lake.errors import CatalogError
from lake_cli.shapes import describe, grown

CATALOG = Catalog.bundled()


@pytest.mark.parametrize("name", CATALOG.tables)
def test_every_table_is_described_column_by_column(name: str) -> None:
    facts, rows = describe(CATALOG, name)

    assert facts["table"] == name
    assert [row["column"] for row in rows] == [c.name for c in CATALOG.tables[name].columns]
    assert all(row["about"] for row in rows)


@pytest.mark.parametrize("name", CATALOG.sources)
def test_every_source_says_how_it_is_uploaded(name: str) -> None:
    facts, rows = describe(CATALOG, name)

    assert facts["upload"].startswith(f"lake upload {name} ")
    assert {row["column"] for row in rows if row["required"]} == set(CATALOG.sources[name].requires)


def test_a_check_is_said_in_words() -> None:
    _, rows = describe(CATALOG, "emt_silver.stops")

    assert {row["column"]: row["check"] for row in rows}["lat"] == "between -90 and 90"


@pytest.mark.parametrize(
    ("said", "meant"), [("emt_silver.stop", "emt_silver.stops"), ("emt/stop", "emt/stops")]
)
def test_a_misspelled_name_is_answered_with_the_nearest(said: str, meant: str) -> None:
    with pytest.raises(CatalogError, match=f"did you mean '{meant}'"):
        describe(CATALOG, said)


def test_a_table_has_grown_to_what_its_current_snapshot_says() -> None:
    metadata = {
        "current-snapshot-id": 2,
        "snapshots": [
            {"snapshot-id": 1, "timestamp-ms": 1000, "summary": {"total-records": "5"}},
            {
                "snapshot-id": 2,
                "timestamp-ms": 1756479677000,
                "summary": {
                    "total-records": "7754",
                    "total-data-files": "3",
                    "total-files-size": "90",
                },
            },
        ],
    }

    assert grown(metadata) == {
        "rows": 7754,
        "files": 3,
        "bytes": 90,
        "snapshots": 2,
        "written_at": "2025-08-29T15:01:17+00:00",
    }


def test_a_table_that_was_never_written_has_no_rows() -> None:
    assert grown({"current-snapshot-id": -1, "snapshots": []})["rows"] == 0
    assert grown({})["rows"] is None
