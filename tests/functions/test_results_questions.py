"""What may be asked of a result, and that pages are the whole, once, in order."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.results_api import cursors
from functions.results_api.cursors import Cursor, NoCursor
from functions.results_api.database import Database, Unreadable
from functions.results_api.problems import Problem
from functions.results_api.questions import Asked, question
from functions.results_api.statements import selected
from functions.results_api.values import parse
from functions.results_api.views import View
from lake.catalog import Column
from lake.served import Manifest, ServedFile
from lake.types import TYPES
from tests.functions.served_results import ARROW

SNAPSHOT = "20260830T101500Z-1a2b3c4d"
COLUMNS = {
    "id": "long",
    "word": "string",
    "rate": "double",
    "seen": "timestamp",
    "day": "date",
    "wet": "boolean",
    'odd "name"': "string",
}
VIEW = View(
    result="made",
    columns={name: Column(name, kind, "") for name, kind in COLUMNS.items()},
    key=("id",),
    filters=tuple(COLUMNS),
    sorts=tuple(COLUMNS),
    page=1000,
)
KINDS = [ARROW[kind] for kind in COLUMNS.values()]


def database(folder: Path, rows: Sequence[Sequence[Any]], files: int = 2) -> Database:
    """Rows in a database as the API makes it, out of some Parquet files."""
    size = max(1, -(-len(rows) // files))
    written, paths = [], []
    for number, at in enumerate(range(0, len(rows), size)):
        part, path = rows[at : at + size], folder / f"{number}.parquet"
        arrays = [pa.array(*one) for one in zip(zip(*part, strict=True), KINDS, strict=True)]
        pq.write_table(pa.table(arrays, names=list(COLUMNS)), path)
        written.append(ServedFile(f"served/made/{SNAPSHOT}/{number}", len(part), 1))
        paths.append(path)
    columns = tuple({"name": n, "type": k, "unit": None, "about": ""} for n, k in COLUMNS.items())
    manifest = Manifest(
        *("made", SNAPSHOT, "2026-08-30T10:15:00Z", "run", "job", len(rows), 1),
        *(tuple(written), {}, "definition", columns, ("id",)),
    )
    return Database.made(manifest, paths, folder)


def walked(made: Database, *pairs: tuple[str, str], limit: int) -> Iterator[tuple[Any, ...]]:
    """Every row of a question, page by page, by cursors that went through a query string."""
    cursor: list[tuple[str, str]] = []
    while True:
        asked = question(VIEW, Asked((*pairs, ("limit", str(limit)), *cursor)))
        found = made.ask(asked)
        width = len(asked.fields)
        yield from (row[:width] for row in found[:limit])
        if len(found) <= limit:
            return
        last = found[limit - 1]
        values = tuple(last[width : len(selected(asked))])
        cursor = [("cursor", Cursor(SNAPSHOT, asked.fingerprint, values, last[-1]).dumps())]


WORDS = st.sampled_from(["", "a", "b", "B", "ñ", "=1+1", "'; DROP TABLE rows; --", "a\x00b", '"'])
ROWS = st.lists(
    st.tuples(
        st.none() | WORDS,
        st.none() | st.sampled_from([0.0, -1.5, 0.1, 1e300, 1e-300, 3.0]),
        st.none() | st.sampled_from([datetime(2025, 8, 30, 8), datetime(2025, 8, 30, 8, 0, 0, 1)]),
        st.none() | st.sampled_from([date(2025, 8, 30), date(1, 1, 1), date(9999, 12, 31)]),
        st.none() | st.booleans(),
        st.none() | WORDS,
    ),
    max_size=25,
)
NAMES = list(COLUMNS)


def expected_order(rows: list[tuple[Any, ...]], order: list[str]) -> list[tuple[Any, ...]]:
    """Rows as Python sorts them: by the last column first, what has no value at the end."""
    for word in reversed(order):
        at = NAMES.index(word.removeprefix("-"))
        there = [row for row in rows if row[at] is not None]
        there.sort(
            key=lambda row: row[at].encode() if isinstance(row[at], str) else row[at],
            reverse=word.startswith("-"),
        )
        rows = there + [row for row in rows if row[at] is None]
    return rows


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    data=ROWS,
    order=st.lists(st.sampled_from([*NAMES, *(f"-{n}" for n in NAMES)]), max_size=3, unique=True),
    limit=st.integers(1, 7),
)
def test_pages_are_all_rows_once_and_in_order_whatever_is_sorted_by(
    tmp_path_factory: pytest.TempPathFactory,
    data: list[tuple[Any, ...]],
    order: list[str],
    limit: int,
) -> None:
    rows = [(number, *row) for number, row in enumerate(data)]
    made = database(tmp_path_factory.mktemp("rows"), rows)
    counted = {word.removeprefix("-"): word for word in reversed(order)}
    first_of_each = [word for word in order if counted[word.removeprefix("-")] == word]
    asked = [("sort", ",".join(order))] if order else []

    found = list(walked(made, *asked, limit=limit))

    assert found == expected_order(rows, first_of_each)
    made.close()


def test_rows_of_many_row_groups_come_in_the_keys_order_without_being_sorted(
    tmp_path: Path,
) -> None:
    words = ["27", "C1", "1", None]
    rows = [
        (n, words[n * 7 % 4], n % 1000 / 7, None, None, n % 3 == 0, None) for n in range(300_000)
    ]
    made = database(tmp_path, rows, files=3)

    expected = [row[0] for row in rows if row[1] == "C1" and row[5]]
    found = [row[0] for row in walked(made, ("word", "C1"), ("wet", "true"), limit=999)]
    assert found == expected
    after = made.ask(question(VIEW, Asked.of("id.ge=250001&limit=3")))
    assert [row[0] for row in after] == [250_001, 250_002, 250_003, 250_004]
    made.close()


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    moment = datetime(2025, 8, 30, 8)
    rows = [
        (1, "27", 0.5, moment, moment.date(), True, "x"),
        (2, "27", None, None, None, None, None),
        (3, "C1", 0.25, datetime(2025, 8, 30, 9), date(2025, 8, 31), False, "y"),
        (4, None, 1.0, datetime(2025, 8, 31), date(2025, 9, 1), False, "x"),
        (5, "' OR 1=1 --", -1.0, datetime(2026, 1, 1), date(2026, 1, 1), True, "z"),
    ]
    made = database(tmp_path_factory.mktemp("few"), rows)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("word=27", [1, 2]),
        ("word=27&word=C1", [1, 2, 3]),
        ("word.ne=27", [3, 4, 5]),
        ("word.ne=27&word.ne=C1", [4, 5]),
        ("word=%27%20OR%201%3D1%20--", [5]),
        ("word=", []),
        ("rate.ge=0.5", [1, 4]),
        ("rate.gt=0.5", [4]),
        ("rate.lt=0.5&rate.ge=-1", [3, 5]),
        ("rate.le=25e-2", [3, 5]),
        ("seen.ge=2025-08-30T09:00:00Z", [3, 4, 5]),
        ("seen.ge=2025-08-30T11:00:00%2B02:00", [3, 4, 5]),
        ("seen.ge=2025-08-30T11:00:00+02:00", [3, 4, 5]),
        ("seen.lt=2025-08-30T09:00", [1]),
        ("seen.ge=2025-08-31", [4, 5]),
        ("day=2025-08-30&day=2025-08-31", [1, 3]),
        ("wet=true", [1, 5]),
        ("wet.ne=true", [2, 3, 4]),
        ("id.gt=3&wet=false", [4]),
        ("odd%20%22name%22=x", [1, 4]),
        ("sort=-rate", [4, 1, 3, 5, 2]),
        ("sort=word,-id", [5, 2, 1, 3, 4]),
        ("limit=2", [1, 2, 3]),  # one more than asked for: it says that there is more
    ],
)
def test_a_condition_means_what_it_says(few: Database, asked: str, ids: list[int]) -> None:
    rows = few.ask(question(VIEW, Asked.of(asked)))

    assert [row[0] for row in rows] == ids


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("-rate", [4, 1, 3, 5, 2]),
        ("word,-rate", [5, 1, 2, 3, 4]),
        ("-day,word", [5, 4, 3, 1, 2]),
        ("wet,-word", [3, 4, 1, 5, 2]),
    ],
)
def test_one_row_a_page_passes_those_that_tie_and_those_without_a_value(
    few: Database, sort: str, ids: list[int]
) -> None:
    assert [row[0] for row in walked(few, ("sort", sort), limit=1)] == ids


@pytest.mark.parametrize(
    ("asked", "parameter", "kind"),
    [
        ("colour=red", "colour", "unknown-parameter"),
        ("id%00=1", "id\x00", "unknown-parameter"),
        ("ID=1", "ID", "unknown-parameter"),
        ("id.like=1", "id.like", "unknown-operator"),
        ("id.in=1", "id.in", "unknown-operator"),
        ("id.=1", "id.", "unknown-operator"),
        ("wet.gt=true", "wet.gt", "unknown-operator"),
        ("id=one", "id", "wrong-value"),
        ("id=1.0", "id", "wrong-value"),
        ("id=9223372036854775808", "id", "wrong-value"),
        ("id=\u0663", "id", "wrong-value"),
        ("rate=nan", "rate", "wrong-value"),
        ("rate=1e999", "rate", "wrong-value"),
        ("wet=True", "wet", "wrong-value"),
        ("day=2025-02-30", "day", "wrong-value"),
        ("seen=yesterday", "seen", "wrong-value"),
        ("seen=2025-08-30T25:00:00Z", "seen", "wrong-value"),
        (f"word={'x' * 501}", "word", "wrong-value"),
        ("id.ge=1&id.ge=2", "id.ge", "repeated-parameter"),
        ("&".join(["id=1"] * 51), "id", "too-many-values"),
        ("sort=colour", "sort", "unknown-sort"),
        ("sort=", "sort", "unknown-sort"),
        ("sort=id%20DESC", "sort", "unknown-sort"),
        ("sort=id,id", "sort", "repeated-sort"),
        ("sort=id&sort=word", "sort", "repeated-parameter"),
        ("fields=*", "fields", "unknown-fields"),
        ("fields=id,id", "fields", "repeated-fields"),
        ("limit=0", "limit", "wrong-limit"),
        ("limit=1001", "limit", "wrong-limit"),
        ("limit=-1", "limit", "wrong-limit"),
        ("limit=ten", "limit", "wrong-limit"),
        ("cursor=%3D%3D", "cursor", "no-cursor"),
        ("cursor=abc", "cursor", "no-cursor"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(asked: str, parameter: str, kind: str) -> None:
    with pytest.raises(Problem) as refused:
        question(VIEW, Asked.of(asked))

    assert refused.value.parameter == parameter
    assert refused.value.kind == kind
    assert refused.value.status == (404 if asked == "cursor=abc" else 400)
    assert kind.startswith(("repeated", "no-cursor", "too-many")) or refused.value.allowed


def test_a_column_that_is_no_filter_is_refused_with_those_that_are() -> None:
    narrow = View("made", VIEW.columns, ("id",), ("word",), ("id",), 10)

    with pytest.raises(Problem) as refused:
        question(narrow, Asked.of("rate=1"))

    assert refused.value.kind == "not-filterable"
    assert refused.value.allowed is not None
    assert "word" in refused.value.allowed
    assert "rate" not in refused.value.allowed


def test_a_cursor_goes_with_its_question_only(few: Database) -> None:
    asked = question(VIEW, Asked.of("sort=-rate&limit=1"))
    (first, _) = few.ask(asked)
    cursor = Cursor(SNAPSHOT, asked.fingerprint, (first[len(NAMES)],), first[-1]).dumps()

    again = question(VIEW, Asked.of(f"sort=-rate&limit=3&fields=id&cursor={cursor}"))
    assert [row[0] for row in few.ask(again)] == [1, 3, 5, 2]
    for other in ("sort=rate", "sort=-rate&word=27", "", "sort=-word"):
        with pytest.raises(Problem) as refused:
            question(VIEW, Asked.of(f"{other}&cursor={cursor}"))
        assert refused.value.kind == "cursor-of-another-question"


@pytest.mark.parametrize(
    "said",
    [
        [SNAPSHOT, "q", ["x"], True],
        [SNAPSHOT, "q", ["x"], -1],
        [SNAPSHOT, "q", ["x"], 2**63],
        [SNAPSHOT, "q", "x", 1],
        ["../../raw", "q", ["x"], 1],
        [SNAPSHOT, "q", [{"a": 1}], 1],
        {"snapshot": SNAPSHOT},
        [],
    ],
)
def test_a_cursor_that_somebody_made_up_is_none(said: Any) -> None:
    text = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    with pytest.raises(NoCursor):
        cursors.loads(text, ["long"])


@given(st.text(alphabet="abcdefXYZ019_-", min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_a_cursor_fail_in_another_way(text: str) -> None:
    with pytest.raises(NoCursor):
        cursors.loads(text, ["string"])


def test_a_cursor_of_more_values_than_the_question_sorts_by_brings_none() -> None:
    of_another = Cursor(SNAPSHOT, "q", (1, "x"), 9).dumps()

    assert cursors.loads(of_another, ["string"]) == Cursor(SNAPSHOT, "q", (), 9)


def test_a_value_of_a_cursor_comes_back_exactly() -> None:
    values = ("ñ\x00", 0.1, datetime(2025, 8, 30, 8, 0, 0, 1), date(2025, 8, 30), True, None, -7)
    kinds = ["string", "double", "timestamp", "date", "boolean", "long", "int"]

    again = cursors.loads(Cursor(SNAPSHOT, "q", values, 9).dumps(), kinds)

    assert again == Cursor(SNAPSHOT, "q", values, 9)


def test_a_moment_at_the_edge_of_time_is_still_a_moment() -> None:
    assert parse("timestamp", "0001-01-01T00:00:00+14:00") == datetime.min  # noqa: DTZ901
    assert parse("timestamp", "9999-12-31T23:59:59-14:00") == datetime.max  # noqa: DTZ901


def test_duckdb_reaches_nothing_but_its_folder(few: Database, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")

    for sql in (
        f"SELECT * FROM read_csv('{secret}')",
        f"COPY rows TO '{tmp_path / 'out.csv'}'",
        f"ATTACH '{tmp_path / 'other.db'}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET threads = 64",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "DROP TABLE rows",
    ):
        with pytest.raises(duckdb.Error):
            few._connection.execute(sql)


def test_a_file_that_is_not_what_the_manifest_says_is_unreadable(tmp_path: Path) -> None:
    broken = tmp_path / "0.parquet"
    broken.write_bytes(b"no parquet")
    columns = ({"name": "id", "type": "long", "unit": None, "about": ""},)
    file = ServedFile(f"served/made/{SNAPSHOT}/0", 1, 1)
    manifest = Manifest(
        *("made", SNAPSHOT, "2026-08-30T10:15:00Z", "run", "job", 1, 1),
        *((file,), {}, "definition", columns, ("id",)),
    )

    with pytest.raises(Unreadable):
        Database.made(manifest, [broken], tmp_path)


def test_a_column_of_a_type_that_nobody_knows_makes_a_snapshot_unreadable(tmp_path: Path) -> None:
    columns = ({"name": "id", "type": "decimal", "unit": None, "about": ""},)
    manifest = Manifest(
        *("made", SNAPSHOT, "2026-08-30T10:15:00Z", "run", "job", 0, 0),
        *((), {}, "definition", columns, ("id",)),
    )

    with pytest.raises(Unreadable, match=f"^made {SNAPSHOT}: 'decimal'"):
        Database.made(manifest, [], tmp_path)


def test_what_is_no_number_has_no_value_and_nobody_sorts_by_it(tmp_path: Path) -> None:
    rates = [float("nan"), float("inf"), 0.5, float("-inf"), 0.25]
    made = database(tmp_path, [(n, None, rate, *[None] * 4) for n, rate in enumerate(rates)])

    found = made.ask(question(VIEW, Asked.of("sort=-rate&fields=id,rate")))

    assert [row[:2] for row in found] == [(2, 0.5), (4, 0.25), (0, None), (1, None), (3, None)]
    made.close()


def test_every_type_of_the_catalogue_comes_out_as_it_was_put_in(tmp_path: Path) -> None:
    values = {
        "string": "ñ\x00",
        "int": -(2**31),
        "long": 2**63 - 1,
        "double": 0.1,
        "boolean": True,
        "date": date(2025, 8, 30),
        "timestamp": datetime(2025, 8, 30, 8, 0, 0, 1),
        "array<string>": ["a", "ñ"],
    }
    assert set(values) == set(TYPES)
    kinds = [*ARROW.values(), pa.list_(pa.string())]
    arrays = {kind: pa.array([value], kinds[n]) for n, (kind, value) in enumerate(values.items())}
    pq.write_table(pa.table(arrays), tmp_path / "0.parquet")
    manifest = Manifest(
        *("made", SNAPSHOT, "2026-08-30T10:15:00Z", "run", "job", 1, 1),
        *((ServedFile(f"served/made/{SNAPSHOT}/0", 1, 1),), {}, "definition"),
        *(tuple({"name": kind, "type": kind} for kind in values), ("int",)),
    )
    columns = {kind: Column(kind, kind, "") for kind in values}
    view = View("made", columns, ("int",), (), (), 10)

    made = Database.made(manifest, [tmp_path / "0.parquet"], tmp_path)

    (row,) = made.ask(question(view, Asked(())))
    assert row[:-1] == tuple(values.values())
    made.close()


def test_a_snapshot_without_rows_has_no_file_and_answers_nothing(tmp_path: Path) -> None:
    made = database(tmp_path, [])

    assert made.ask(question(VIEW, Asked(()))) == []
    made.close()
