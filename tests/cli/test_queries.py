from typing import Any

import pytest

from lake_cli.queries import _answer, typed, unique


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (None, "bigint", None),
        (None, "varchar", None),
        ("", "varchar", ""),
        ("7754", "bigint", 7754),
        ("-3", "tinyint", -3),
        ("0.1", "double", 0.1),
        ("NaN", "double", "NaN"),
        ("Infinity", "real", "Infinity"),
        ("12", "decimal", 12),
        ("1.50", "decimal", 1.5),
        ("0.1234567890123456789", "decimal", "0.1234567890123456789"),
        ("true", "boolean", True),
        ("false", "boolean", False),
        ('["a, b", null]', "json", ["a, b", None]),
        ("2025-08-29 15:01:17.000000", "timestamp", "2025-08-29 15:01:17.000000"),
        ("[1, 2]", "array", "[1, 2]"),
    ],
)
def test_a_value_is_what_its_column_says(text: str | None, kind: str, value: object) -> None:
    found = typed(text, kind)

    assert found == value
    assert type(found) is type(value)


def test_two_columns_of_one_name_both_keep_their_value() -> None:
    assert unique(["a", "_col", "a", "_col", "_col"]) == ["a", "_col", "a_2", "_col_2", "_col_3"]


def page(rows: list[list[str | None]], token: str | None = None) -> dict[str, Any]:
    cells = [
        {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows
    ]
    columns = [{"Name": "line", "Type": "varchar"}, {"Name": "n", "Type": "bigint"}]
    answer: dict[str, Any] = {
        "ResultSet": {"Rows": cells, "ResultSetMetadata": {"ColumnInfo": columns}}
    }
    return answer | ({"NextToken": token} if token else {})


def test_rows_come_from_every_page_without_the_names() -> None:
    pages = {None: page([["line", "n"], ["27", "1"]], "next"), "next": page([["line", "n"]])}
    asked = []

    def fetch(**wanted: Any) -> dict[str, Any]:
        asked.append(wanted.get("NextToken"))
        return pages[wanted.get("NextToken")]

    found = _answer(fetch)

    assert found.columns == ["line", "n"]
    with pytest.raises(ValueError, match="invalid literal"):
        # A later page has no header: a row that looks like one is a row (here with a bad number).
        list(found.rows)
    assert asked == [None, "next"]


def test_an_empty_answer_is_no_row() -> None:
    assert list(_answer(lambda **_: page([["line", "n"]])).rows) == []


def test_a_null_is_no_empty_text() -> None:
    rows = list(_answer(lambda **_: page([["line", "n"], [None, "1"], ["", None]])).rows)

    assert rows == [{"line": None, "n": 1}, {"line": "", "n": None}]
