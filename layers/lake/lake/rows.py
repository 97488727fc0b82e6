"""The rows of a file, by what its source declares it to be: cells by column name, each numbered.

The file has been vetted (`lake.vetting`). Nested objects come flat: `main.temp`, `weather.0.main`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from lake.catalog import JSON, PARQUET, WORKBOOK, Source
from lake.errors import FileRefused
from lake.flat import flat_through

Row = tuple[int, dict[str, object]]
# Where history dumps keep their observations beside a few words about the whole.
_LIST: Final = "list"
_AT_ONCE: Final = 2_000
_MEMORY: Final = "1GB"


def read(path: str | Path, source: Source) -> Iterator[Row]:
    """The rows of a file of that source, read once."""
    return _READERS[source.format.type](Path(path), source)


def _workbook(path: Path, source: Source) -> Iterator[Row]:
    from lake import workbook  # other formats need no reader of workbooks

    wanted = source.format
    return workbook.read(path, wanted.sheet, wanted.header_row, source.requires).rows


def _json(path: Path, source: Source) -> Iterator[Row]:
    """One object; a list of them; one a line; or a list that stands under `list`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused("not_json", "the text is not written in UTF-8") from error
    for number, entry in enumerate(_bounded(_objects(text), source), start=1):
        if not isinstance(entry, Mapping):
            raise FileRefused("not_json", f"entry {number} is no object")
        yield number, flat_through(entry)


def _objects(text: str) -> Iterator[Any]:
    try:
        whole = json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise FileRefused("not_json", "it is nested deeper than any observation") from error
    except ValueError as error:
        yield from _lines(text, error)
        return
    if isinstance(whole, Mapping) and isinstance(whole.get(_LIST), list):
        about = {name: value for name, value in whole.items() if name != _LIST}
        whole = [about | entry if isinstance(entry, dict) else entry for entry in whole[_LIST]]
    yield from whole if isinstance(whole, list) else [whole]


def _lines(text: str, whole: ValueError) -> Iterator[Any]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            said = whole if number == 1 else error
            raise FileRefused("not_json", f"line {number} is no JSON: {said}") from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _parquet(path: Path, source: Source) -> Iterator[Row]:
    import duckdb  # only files of this format pay for it

    number = 0
    with duckdb.connect(config={"memory_limit": _MEMORY, "threads": 1}) as reader:
        try:
            found = reader.execute(
                "SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata(?)", [str(path)]
            ).fetchone()
            _require_rows(int(found[0]) if found else 0, source)
            rows = reader.execute("SELECT * FROM read_parquet(?)", [str(path)])
            names = [column[0] for column in rows.description or ()]
            while some := rows.fetchmany(_AT_ONCE):
                for values in some:
                    number += 1
                    yield number, flat_through(dict(zip(names, values, strict=True)))
        except duckdb.Error as error:
            said = str(error).partition("\n")[0]
            raise FileRefused("corrupt", f"the Parquet file cannot be read: {said}") from error


def _bounded(entries: Iterator[Any], source: Source) -> Iterator[Any]:
    for number, entry in enumerate(entries, start=1):
        _require_rows(number, source)
        yield entry


def _require_rows(count: int, source: Source) -> None:
    if count > source.format.max_rows:
        raise FileRefused(
            "too_many_rows", f"more than {source.format.max_rows:,} rows: split the file"
        )


_READERS: Final[Mapping[str, Callable[[Path, Source], Iterator[Row]]]] = {
    WORKBOOK: _workbook,
    JSON: _json,
    PARQUET: _parquet,
}
