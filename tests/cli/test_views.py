import json
from datetime import UTC, datetime

import pytest

from lake_cli.tables import Look, _fitting, as_table
from lake_cli.views import ago, as_csv, as_json, plain, size


@pytest.mark.parametrize("rows", [[], [{"a": 1}], [{"a": 1, "b": None}, {"a": "é\n", "b": True}]])
def test_json_is_one_array_of_objects(
    rows: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    as_json(rows)

    assert json.loads(capsys.readouterr().out) == rows


def test_csv_has_a_header_and_nothing_for_null(capsys: pytest.CaptureFixture[str]) -> None:
    as_csv(["a", "b"], [{"a": None, "b": "x, y"}, {"a": 1, "b": False}])

    assert capsys.readouterr().out == 'a,b\n,"x, y"\n1,false\n'


def test_a_table_says_when_there_is_more(capsys: pytest.CaptureFixture[str]) -> None:
    as_table(({"n": n} for n in range(5)), limit=3)

    printed = capsys.readouterr()
    assert "2" in printed.out
    assert "4" not in printed.out
    assert "the first 3 rows" in printed.err


def test_a_table_shows_markup_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    as_table([{"a": "[red]x[/red]"}])

    assert "[red]x[/red]" in capsys.readouterr().out


WIDTHS = {"file": 34, "rows": 5, "reason": 60, "about": 40}


@pytest.mark.parametrize(
    ("room", "columns"),
    [
        (200, ["file", "rows", "reason", "about"]),
        (71, ["file", "rows", "reason", "about"]),
        (70, ["file", "rows", "reason"]),
        (48, ["file", "rows"]),
        (26, []),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns_and_at_last_none(
    room: int, columns: list[str]
) -> None:
    look = Look(soft=("file", "reason", "about"), spare=("about", "reason"))

    assert _fitting(WIDTHS, look, room) == columns


def test_what_no_terminal_can_show_in_columns_is_shown_row_by_row(
    capsys: pytest.CaptureFixture[str],
) -> None:
    as_table([{"a": "x" * 150, "b": "y" * 150}], look=Look(verbatim=True))

    printed = capsys.readouterr().out
    assert "x" * 150 in printed
    assert "y" * 150 in printed
    assert printed.count("\n") < 5


def test_an_answer_keeps_its_digits_and_its_empty_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    as_table([{"id": 9132627328111482897, "none": None}], look=Look(verbatim=True))

    printed = capsys.readouterr().out
    assert "9132627328111482897" in printed
    assert "none" in printed


def test_no_rows_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    as_table([], nothing="no file was refused")

    assert capsys.readouterr().out == "no file was refused\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (True, "yes"), (12345, "12,345"), (0.25, "0.25"), (["é"], '["é"]'), ("x", "x")],
)
def test_people_read_values(value: object, shown: str) -> None:
    assert plain(value, people=True) == shown


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2025-09-01T10:00:00Z", "30 s ago"),
        ("2025-09-01T09:50:00+00:00", "10 min ago"),
        ("2025-08-31T10:00:30.000Z", "24 h ago"),
        ("2025-08-22T10:00:30", "10 d ago"),
        (None, ""),
    ],
)
def test_a_moment_is_said_in_one_unit(moment: str | None, shown: str) -> None:
    assert ago(moment, datetime(2025, 9, 1, 10, 0, 30, tzinfo=UTC)) == shown


def test_bytes_are_said_in_thousands() -> None:
    assert [size(n) for n in (0, 999, 1_200, 3_400_000)] == ["0 B", "999 B", "1.2 kB", "3.4 MB"]
