from dataclasses import replace

import pytest

from lake.records import FileRecord
from lake_cli.files import load_row, matching, rejects_sql
from tests.cli.test_outcomes import FILE


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
