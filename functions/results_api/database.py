"""One snapshot in DuckDB: a file of our own, made of its Parquet files, then locked."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import duckdb

from functions.results_api.questions import Question
from functions.results_api.statements import Statement, name, statements
from lake.served import Manifest, ServedError

TYPES: Final = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "array<string>": "VARCHAR[]",
}
# Nothing is fetched from anywhere, and one thread answers a small page as fast as two.
CLOSED: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "1",
    "preserve_insertion_order": "true",
    "memory_limit": "768MB",
    "max_temp_directory_size": "0B",
    # The best hundred of a million rows are found by what they are sorted by, and only then read.
    "late_materialization_max_rows": "5000",
}


class Unreadable(ServedError):
    """A snapshot whose files are not what its manifest says."""


class Database:
    """The rows of one snapshot; a row's id is its place in the key's order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        answers = folder / "answers"
        answers.mkdir(exist_ok=True)
        self._answers = answers
        self._connection = duckdb.connect(str(folder / FILE), read_only=True, config=dict(CLOSED))
        # From here on DuckDB reaches that one folder, and no statement can change it any more.
        self._connection.execute(f"SET allowed_directories = ['{answers}/']")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    @classmethod
    def made(cls, manifest: Manifest, files: Sequence[Path], folder: Path) -> Database:
        """The database of files that were fetched; they are not needed any more afterwards."""
        try:
            with duckdb.connect(str(folder / FILE), config=dict(CLOSED)) as connection:
                _load(connection, manifest, files)
        except (duckdb.Error, KeyError) as error:
            raise Unreadable(f"{manifest.result} {manifest.snapshot}: {error}") from error
        for file in files:
            file.unlink()
        return cls(folder)

    @property
    def size(self) -> int:
        """What it takes on disk."""
        return (self._folder / FILE).stat().st_size

    def ask(self, question: Question) -> list[tuple[Any, ...]]:
        """The rows of a page and, where there are more, one of the next."""
        rows: list[tuple[Any, ...]] = []
        for statement in statements(question):
            missing = question.limit + 1 - len(rows)
            rows += self._connection.execute(statement.sql, [*statement.values, missing]).fetchall()
            if len(rows) > question.limit:
                break
        return rows

    def parquet(self, columns: Sequence[str], rows: Sequence[int]) -> bytes:
        """Some rows, in that order, as a Parquet file."""
        file = self._answers / f"{uuid4().hex}.parquet"
        picked = ", ".join(f"rows.{name(column)}" for column in columns)
        statement = Statement(
            f"CREATE OR REPLACE TEMP TABLE answer AS SELECT {picked} FROM rows JOIN "  # noqa: S608
            "(SELECT unnest(?) AS wanted, generate_subscripts(?, 1) AS place) "
            "ON rows.rowid = wanted ORDER BY place",
            (list(rows), list(rows)),
        )
        try:
            self._connection.execute(statement.sql, statement.values)
            self._connection.execute(f"COPY answer TO '{file}' (FORMAT parquet)")
            return file.read_bytes()
        finally:
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Give back memory and disk."""
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)


FILE: Final = "rows.duckdb"


def _load(connection: Any, manifest: Manifest, files: Sequence[Path]) -> None:
    typed = ", ".join(
        f"{_cast(one['name'], TYPES[one['type']])} AS {name(one['name'])}"
        for one in manifest.columns
    )
    if files:
        # The files as they are listed, and each from its beginning: that is the key's order.
        source = "read_parquet(?)"
        connection.execute(
            f"CREATE TABLE rows AS SELECT {typed} FROM {source}",  # noqa: S608 - see name()
            [[str(file) for file in files]],
        )
    else:
        empty = ", ".join(f"{name(one['name'])} {TYPES[one['type']]}" for one in manifest.columns)
        connection.execute(f"CREATE TABLE rows ({empty})")
    (count,) = connection.execute("SELECT count(*) FROM rows").fetchone()
    if count != manifest.rows:
        raise Unreadable(
            f"{manifest.result} {manifest.snapshot}: {count} rows, and {manifest.rows} were said"
        )


def _cast(column: str, kind: str) -> str:
    cast = f"CAST({name(column)} AS {kind})"
    # JSON has no NaN and no infinity: nobody may sort or page by them either.
    return f"CASE WHEN isfinite({cast}) THEN {cast} END" if kind == "DOUBLE" else cast
