"""Which rows of a batch are new in a table, which change it, and which say what is known.

Pure: data frames in, data frames out. The same for every table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from lake.catalog import Table
from lake.types import names_of

LOAD, SEQUENCE, FATE = "_load", "_sequence", "_fate"
NEW, CHANGED, TOUCHED = "new", "changed", "touched"
SAME, OLDER, REPEAT = "same", "older", "repeat"
ACCEPTED: Final = frozenset({NEW, CHANGED})
# A touched row says what is known, but later: it counts as a duplicate, and its time is kept.
WRITTEN: Final = frozenset({NEW, CHANGED, TOUCHED})
IS_WRITTEN: Final = f"{FATE} IN ('{NEW}', '{CHANGED}', '{TOUCHED}')"
_PICKED = "_picked"
_HELD = "_held_"  # prefix of what the table holds
_MOST_RANGES: Final = 50


def schema(table: Table) -> str:
    """The records of a table as Spark reads them: whence, in which order, and the columns."""
    return f"{LOAD} int, {SEQUENCE} bigint, {columns(table)}"


def columns(table: Table) -> str:
    """The table's columns with their types, as Spark reads them."""
    return ", ".join(f"`{column.name}` {names_of(column.type).spark}" for column in table.columns)


def names(table: Table) -> list[str]:
    """The table's columns in order."""
    return [column.name for column in table.columns]


def _values(table: Table) -> list[str]:
    return [name for name in names(table) if name not in table.key and name != table.newest_by]


def fold(rows: DataFrame, table: Table, adds: Sequence[str] = ()) -> DataFrame:
    """The batch with one row picked for each key; the others are repeats.

    The newest wins. Where all agree the first of them stands, as if they had come one by one.
    """
    order = [LOAD, SEQUENCE] if table.newest_by is None else [table.newest_by, LOAD, SEQUENCE]
    by = f"PARTITION BY {_list(table.key)} ORDER BY {', '.join(f'`{name}` DESC' for name in order)}"
    whole = f"({by} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    rank = f"row_number() OVER ({by})"
    if not table.keep_known:
        said = f"xxhash64({_list(_values(table)) or '0'})"
        agree = f"min({said}) OVER {whole} = max({said}) OVER {whole}"
        first = f"{rank} = count(*) OVER {whole}"
        return rows.selectExpr("*", f"IF({agree}, {first}, {rank} = 1) AS {_PICKED}")
    known = {
        name: f"array_sort(array_distinct(flatten(collect_list(`{name}`) OVER {whole})))"
        if name in adds
        else f"first({_known(table, name)}, true) OVER {whole}"
        for name in _values(table)
    }
    columns = (f"{known.get(name, f'`{name}`')} AS `{name}`" for name in names(table))
    return rows.selectExpr(LOAD, SEQUENCE, *columns, f"{rank} = 1 AS {_PICKED}")


def _list(columns: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in columns)


def _known(table: Table, name: str) -> str:
    """A value, or null where it says nothing: an empty list is no knowledge."""
    if table.column(name).type.startswith("array"):
        return f"IF(size(`{name}`) > 0, `{name}`, NULL)"
    return f"`{name}`"


def newest(rows: DataFrame, table: Table) -> DataFrame:
    """One row for each key of a table that a stream appends to: the newest, as all readers take."""
    order = f"`{table.newest_by}` DESC" if table.newest_by else _list(table.key)
    rank = f"row_number() OVER (PARTITION BY {_list(table.key)} ORDER BY {order})"
    return rows.selectExpr("*", f"{rank} AS {_PICKED}").where(f"{_PICKED} = 1").drop(_PICKED)


def repeated(rows: DataFrame, table: Table) -> DataFrame:
    """The keys that stand more than once."""
    return rows.groupBy(*table.key).count().where("count > 1").drop("count")


def judge(
    folded: DataFrame, held: DataFrame | None, table: Table, adds: Sequence[str] = ()
) -> DataFrame:
    """Each row of the batch with its fate, and with the values that the table should then hold."""
    if held is None:
        fate = f"IF({_PICKED}, '{NEW}', '{REPEAT}') AS {FATE}"
        return folded.selectExpr(LOAD, fate, *(f"`{name}`" for name in names(table)))
    renamed = held.selectExpr(*(f"`{name}` AS `{_HELD}{name}`" for name in names(table)))
    on = " AND ".join([_PICKED, *(f"`{name}` = `{_HELD}{name}`" for name in table.key)])
    joined = folded.join(renamed, F.expr(on), "left")

    is_held = f"`{_HELD}{table.key[0]}` IS NOT NULL"
    version = table.newest_by
    later = "true" if version is None else f"`{version}` >= `{_HELD}{version}`"
    values = {name: f"`{name}`" for name in names(table)}
    if table.keep_known:
        for name in _values(table):
            merged = _merged(table, name, later, name in adds)
            values[name] = f"IF({is_held}, {merged}, `{name}`)"
        if version is not None:
            values[version] = f"greatest(`{version}`, `{_HELD}{version}`)"  # skips nulls
    same = [f"{values[name]} <=> `{_HELD}{name}`" for name in _values(table)]
    differs = f"NOT ({' AND '.join(same) or 'true'})"
    if table.keep_known and version is not None:
        known = (
            f"WHEN {differs} THEN '{CHANGED}'"
            f" WHEN `{version}` > `{_HELD}{version}` THEN '{TOUCHED}' ELSE '{SAME}'"
        )
    else:
        known = f"WHEN NOT ({differs}) THEN '{SAME}' WHEN {later} THEN '{CHANGED}' ELSE '{OLDER}'"
    fate = f"CASE WHEN NOT {_PICKED} THEN '{REPEAT}' WHEN NOT ({is_held}) THEN '{NEW}' {known} END"
    columns = (f"{values[name]} AS `{name}`" for name in names(table))
    return joined.selectExpr(LOAD, f"{fate} AS {FATE}", *columns)


def _merged(table: Table, name: str, later: str, adds: bool) -> str:
    """What is known of a column when both sides speak: the later word, and never silence."""
    mine, held = _known(table, name), f"`{_HELD}{name}`"
    if adds:
        nothing = "CAST(array() AS array<string>)"
        both = f"array_union(coalesce({held}, {nothing}), coalesce({mine}, {nothing}))"
        return f"array_sort({both})"
    return f"IF({later}, coalesce({mine}, {held}), coalesce({held}, {mine}))"


def touched(days: Iterable[date], column: str, kind: str) -> str:
    """A condition in literals for the days that a batch touches: old partitions are not opened."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        after = day + timedelta(days=1)
        if ranges and day == ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], after)
        else:
            ranges.append((day, after))
    if len(ranges) > _MOST_RANGES:
        ranges = [(ranges[0][0], ranges[-1][1])]
    type_ = "DATE" if kind == "date" else "TIMESTAMP_NTZ"
    return " OR ".join(
        f"({column} >= {type_} '{start}' AND {column} < {type_} '{end}')" for start, end in ranges
    )
