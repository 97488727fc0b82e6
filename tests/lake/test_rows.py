"""Files of each declared type, vetted and read: what one row is, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lake import rows
from lake.catalog import JSON, PARQUET, Format, Source
from lake.errors import FileRefused
from lake.flat import flat, flat_through
from lake.vetting import vet
from tests.factories import workbook

Read = Callable[..., list[tuple[int, dict[str, object]]]]
TWO = [{"dt": 1, "main": {"temp": 2.5}}, {"dt": 2, "main": {"temp": 3}}]
FLAT = [(1, {"dt": 1, "main.temp": 2.5}), (2, {"dt": 2, "main.temp": 3})]


def source(kind: str, **limits: int) -> Source:
    return Source(
        id="toy/things",
        domain="toy",
        name="things",
        about="Things.",
        kind="upload",
        format=Format(type=kind, **limits),  # type: ignore[arg-type]
        requires=("dt", "main.temp"),
        job="openweather",
        feeds=("toy_silver.things",),
    )


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def run(content: bytes | str, kind: str = JSON, **limits: int) -> Any:
        path = tmp_path / "file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        declared = source(kind, **limits)
        vet(path, declared)
        return list(rows.read(path, declared))

    return run


def refusal(read: Read, content: bytes | str, kind: str = JSON, **limits: int) -> tuple[str, str]:
    with pytest.raises(FileRefused) as refused:
        read(content, kind, **limits)
    return refused.value.code, refused.value.reason


def parquet(tmp_path: Path, query: str) -> bytes:
    path = tmp_path / "made.parquet"
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


# --- flat --------------------------------------------------------------------------------------


def test_nested_objects_are_one_row_and_lists_of_objects_if_wanted() -> None:
    entry = {"a": {"b": {"c": 1}}, "w": [{"id": 7}, {"id": 8}], "l": [1, 2], "e": []}

    assert flat(entry) == {"a.b.c": 1, "w": [{"id": 7}, {"id": 8}], "l": [1, 2], "e": []}
    assert flat_through(entry) == {"a.b.c": 1, "w.0.id": 7, "w.1.id": 8, "l": [1, 2], "e": []}
    assert flat_through({"a": [{"b": [{"c": 1}]}]}) == {"a.0.b.0.c": 1}


# --- JSON --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TWO),
        "\ufeff" + json.dumps(TWO),
        "\n".join(map(json.dumps, TWO)) + "\n\n",
        json.dumps({"cnt": 2, "list": TWO}),
    ],
    ids=["a list", "with a mark of order", "one a line", "under `list`"],
)
def test_json_comes_in_the_shapes_that_history_has(read: Read, text: str) -> None:
    found = [
        (number, {k: v for k, v in cells.items() if k != "cnt"}) for number, cells in read(text)
    ]

    assert found == FLAT


def test_one_object_is_one_row_and_a_bulk_says_its_words_of_each(read: Read) -> None:
    assert read(json.dumps(TWO[0])) == FLAT[:1]
    bulk = json.dumps({"city_name": "Riohacha", "list": TWO[:1]})
    assert read(bulk) == [(1, {"city_name": "Riohacha", "dt": 1, "main.temp": 2.5})]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "empty_file", "0 bytes"),
        ("<!doctype html><p>Sign in</p>", "not_json", "a web page"),
        (workbook(["a"]), "not_json", "not a JSON text"),
        ('[{"dt": 1, "main": {"temp": 2', "truncated", "breaks off"),
        ('{"cod": 401, "message": "Invalid API key"}', "column_missing", "'dt', 'main.temp'"),
        ('{"dt": 1, "main": {"temp": 2}} x]', "not_json", "line 1 is no JSON"),
        ('{"dt": 1, "main": {"temp": 2}}\n{"dt": }', "not_json", "line 2 is no JSON"),
        (
            '{"dt": 1, "main": {"temp": 2}}\n' + "[" * 100_000 + "]" * 100_000,
            "not_json",
            "line 2 is no JSON",
        ),
        ('{"dt": 1, "main": {"temp": NaN}}', "not_json", "NaN is no number"),
        ('[1, {"dt": 1, "main": {"temp": 2}}]', "not_json", "entry 1 is no object"),
        ('{"dt": 1, "main": {"temp": "\xff"}}'.encode("latin-1"), "not_json", "UTF-8"),
        ('{"dt": 1, "temp":' + "[" * 100_000 + "]" * 100_000 + "}", "not_json", "nested"),
    ],
)
def test_json_that_is_no_use_is_refused_in_words(
    read: Read, content: bytes | str, code: str, words: str
) -> None:
    assert refusal(read, content) == (code, refusal(read, content)[1])
    assert words in refusal(read, content)[1]


@pytest.mark.parametrize("blanks", ["", " \n", " " * (1 << 18), " " * 600_000])
def test_a_text_that_ends_in_blanks_is_whole_and_one_that_breaks_off_is_not(
    read: Read, blanks: str
) -> None:
    whole = json.dumps(TWO[0])

    assert read(whole + blanks) == FLAT[:1]
    assert refusal(read, whole[:-1] + "," + blanks)[0] == "truncated"


@pytest.mark.parametrize("length", [0, 1 << 24, -1])
def test_a_footer_that_a_parquet_file_cannot_hold_is_corrupt(
    read: Read, tmp_path: Path, length: int
) -> None:
    """Behind the first magic there is room for so many bytes, and not for one more."""
    good = parquet(tmp_path, "SELECT 1 AS dt, {'temp': 1} AS main")
    said = len(good) - 11 if length < 0 else length

    body = good[:-8] + said.to_bytes(4, "little") + b"PAR1"

    assert refusal(read, body, PARQUET) == (
        "corrupt",
        "The Parquet file's table of contents is broken",
    )
    assert refusal(read, b"PAR1", PARQUET)[0] == "corrupt"


def test_a_required_name_is_found_where_two_chunks_meet(read: Read) -> None:
    filling = " " * ((1 << 18) - 4)

    assert read(f'[{filling}{{"dt": 1, "main": {{"temp": 2.5}}}}]') == FLAT[:1]


def test_too_large_and_too_many(read: Read) -> None:
    assert refusal(read, json.dumps(TWO), max_bytes=10)[0] == "too_large"
    assert refusal(read, json.dumps(TWO), max_rows=1)[0] == "too_many_rows"
    size = len(json.dumps(TWO))
    assert read(json.dumps(TWO), max_bytes=size, max_rows=2) == FLAT
    assert refusal(read, json.dumps(TWO), max_bytes=size - 1)[0] == "too_large"


# --- Parquet -----------------------------------------------------------------------------------


def test_parquet_comes_nested_and_flat(read: Read, tmp_path: Path) -> None:
    nested = "SELECT 1::BIGINT AS dt, {'temp': 2.5::DOUBLE} AS main, [{'id': 7}] AS weather"

    assert read(parquet(tmp_path, nested), PARQUET) == [
        (1, {"dt": 1, "main.temp": 2.5, "weather.0.id": 7})
    ]


def test_parquet_that_is_no_use_is_refused_in_words(read: Read, tmp_path: Path) -> None:
    good = parquet(tmp_path, "SELECT i AS dt, {'temp': 1} AS main FROM range(9) t(i)")
    length = int.from_bytes(good[-8:-4], "little")
    footless = good[:-8] + (len(good) + 1).to_bytes(4, "little") + b"PAR1"
    broken = good[: -8 - length] + b"\xff" * (length - 60) + b"dt main" + b"\xff" * 53 + good[-8:]

    assert refusal(read, b"", PARQUET)[0] == "empty_file"
    assert refusal(read, '{"dt": 1}', PARQUET) == (
        "not_parquet",
        "This is not a Parquet file but a JSON text",
    )
    assert refusal(read, good[:-20], PARQUET)[0] == "truncated"
    assert refusal(read, b"PARE" + good[4:], PARQUET)[0] == "encrypted"
    assert refusal(read, footless, PARQUET)[0] == "corrupt"
    assert refusal(read, broken, PARQUET)[0] == "corrupt"
    assert refusal(read, parquet(tmp_path, "SELECT 1 AS other"), PARQUET) == (
        "column_missing",
        "The Parquet file has no column 'dt', 'main.temp'",
    )
    assert refusal(read, good, PARQUET, max_rows=8)[0] == "too_many_rows"
