"""What must be true of a result's files before people see them: the files themselves are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql.types import StructType

from jobs.scratch import Scratch
from lake import served
from lake.catalog import Result
from lake.objects import Objects
from lake.served import Manifest
from lake.shelf import Seen, Shelf
from lake.types import names_of


@dataclass
class Written:
    """A snapshot of a result that nobody sees yet, and what is wrong with it."""

    result: Result
    shelf: Shelf
    seen: Seen
    scratch: Scratch
    manifest: Manifest
    counted: int  # rows that the query gave
    problems: list[str] = field(default_factory=list)


def misdeclared(result: Result, schema: StructType) -> list[str]:
    """Where a query's columns are not the declared ones, in their order."""
    found = [(one.name, one.dataType.simpleString()) for one in schema.fields]
    declared = [(column.name, names_of(column.type).spark) for column in result.columns]
    if [name for name, _ in found] != [name for name, _ in declared]:
        got, want = (", ".join(name for name, _ in some) for some in (found, declared))
        return [f"{result.id}: the query gives the columns {got}; declared are {want}"]
    return [
        f"{result.id}: {name} is {kind}, declared as {wanted}"
        for (name, kind), (_, wanted) in zip(found, declared, strict=True)
        if kind != wanted
    ]


def audit(written: Sequence[Written], objects: Objects) -> list[str]:
    """What is wrong with some snapshots; all their files are read in one go."""
    for one in written:
        if not one.problems:
            one.problems += _missing(one, objects)
    sound = [one for one in written if not one.problems]
    if sound:
        looks = [one.scratch.rows().selectExpr(*_measures(one.result)) for one in sound]
        said = {row["id"]: row for row in reduce(DataFrame.unionAll, looks).collect()}
        for one in sound:
            one.problems += _judge(one, said[one.result.id])
    return [problem for one in written for problem in one.problems]


def _measures(result: Result) -> list[str]:
    nulls = ", ".join(f"count_if(`{name}` IS NULL)" for name in _required(result))
    key = ", ".join(f"`{name}`" for name in result.key)
    return [
        f"'{result.id}' AS id",
        "count(*) AS rows",
        f"count(DISTINCT {key}) AS keys",
        f"array({nulls}) AS nulls",
    ]


def _required(result: Result) -> list[str]:
    """The columns in which each row says something: those of the key always do."""
    return [
        column.name for column in result.columns if column.required or column.name in result.key
    ]


def _judge(one: Written, read: Row) -> list[str]:
    result, said = one.result, one.manifest.rows
    if not one.counted == said == read["rows"]:
        counts = f"its query gave {one.counted} rows, its files say {said} and hold {read['rows']}"
        return [f"{result.id}: {counts}"]
    nulls = dict(zip(_required(result), read["nulls"], strict=True))
    if any(nulls.values()):
        return [f"{result.id}: {name} is missing in {n} rows" for name, n in nulls.items() if n]
    if read["keys"] != read["rows"]:
        key = ", ".join(result.key)
        return [f"{result.id}: its {read['rows']} rows have {read['keys']} keys ({key})"]
    return []


def _missing(one: Written, objects: Objects) -> list[str]:
    """Files that do not lie there as they were written."""
    folder = served.snapshot_folder(one.result.id, one.manifest.snapshot)
    sizes = dict(objects.list(folder))
    return [
        f"{one.result.id}: {file.key} has {sizes.get(file.key, 0)} bytes of {file.bytes}"
        for file in one.manifest.files
        if sizes.get(file.key) != file.bytes
    ]
