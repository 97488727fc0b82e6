"""Definitions 3 to 5 of gold: which line, which direction, which headway.

The timetable is small and the arrivals are not, so all that a timetable can answer is worked out
beforehand: the arrivals only look it up by equal keys.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from domains.emt.transforms.gold_days import (
    KINDS,
    VI,
    Festive,
    Kind,
    Window,
    day_type,
    kind_of,
    segments,
    windows,
)

Rows = Sequence[Mapping[str, Any]]

LINES_SCHEMA: Final = "_line_key string, _line int, _name_a string, _name_b string"
STOPS_SCHEMA: Final = "_line int, stop_id string, _stop_direction int"
HEADWAYS_SCHEMA: Final = (
    "_headway_key bigint, _first int, _last int, expected_headway_min double,"
    " expected_headway_max_min double, _day_type string"
)
_ACCENTED: Final = "ÁÀÂÄÃÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇ"
_PLAIN: Final = "AAAAAEEEEIIIIOOOOOUUUUNC"
_LETTER_ZEROS: Final = "[O0]+[0-9]+"
_BY_LABEL: Final = "~"
_PAIRS: Final = len(KINDS) ** 2
_BOTH: Final = 0  # the direction that nobody can tell
_DIRECTIONS: Final = (_BOTH, 1, 2)


@dataclass(frozen=True)
class Network:
    """The reference tables, as plain rows."""

    lines: Rows
    lines_stops: Rows
    lines_timetable: Rows
    line_list: Rows

    @property
    def codes(self) -> dict[str, int]:
        """Each line's own number, by which the lookups call it."""
        tables = (self.lines, self.lines_stops, self.lines_timetable, self.line_list)
        known = sorted({code_of(row) for table in tables for row in table})
        return {code: number for number, code in enumerate(known)}


def code_of(row: Mapping[str, Any]) -> str:
    """EMT's internal code, three digits in every table."""
    return str(row["line"]).zfill(3)


# --- 4: line -----------------------------------------------------------------------------------


def normal_label(label: str) -> str:
    """The lines workbook spells zeros of group 110 with a letter: `OO1` is `001`."""
    text = label.strip().upper()
    return text.replace("O", "0") if re.fullmatch(_LETTER_ZEROS, text) else text


def line_key(line: Column, line_code: Column) -> Column:
    """What finds a line: the code that was polled, and without it the normal label."""
    text = F.upper(F.trim(line))
    zeros = F.translate(text, "O", "0")
    label = F.when(text.rlike(f"^{_LETTER_ZEROS}$"), zeros).otherwise(text)
    return F.coalesce(line_code, F.concat(F.lit(_BY_LABEL), label))


def lines(network: Network) -> Iterator[tuple[Any, ...]]:
    """Each line under its code, and under its label where no other line has it too."""
    labels: dict[str, set[str]] = defaultdict(set)
    for row in (*network.lines, *network.lines_timetable, *network.line_list):
        if row["label"] is not None:
            labels[normal_label(row["label"])].add(code_of(row))
    heads: dict[str, tuple[str | None, str | None]] = {}
    for row in (*network.lines, *network.lines_timetable, *network.line_list):
        if row["name_a"]:
            heads.setdefault(code_of(row), (row["name_a"], row["name_b"] or None))
    codes = network.codes
    found = {code: code for code in codes}
    found |= {_BY_LABEL + label: min(of) for label, of in labels.items() if len(of) == 1}
    for key, code in found.items():
        yield (key, codes[code], *heads.get(code, (None, None)))


# --- 3: direction ------------------------------------------------------------------------------


def stops(network: Network) -> Iterator[tuple[Any, ...]]:
    """The stops at which a line stops in one direction only."""
    codes = network.codes
    directions: dict[tuple[int, str], set[int]] = defaultdict(set)
    for row in network.lines_stops:
        directions[codes[code_of(row)], row["stop_id"]].add(row["direction"])
    for (line, stop_id), found in directions.items():
        if len(found) == 1:
            yield line, stop_id, min(found)


def place_name(text: Column) -> Column:
    """Upper case, no accents, runs of other characters as one blank."""
    plain = F.translate(F.upper(text), _ACCENTED, _PLAIN)
    return F.trim(F.regexp_replace(plain, "[^A-Z0-9]+", " "))


def direction(
    stop_direction: Column, destination: Column, name_a: Column, name_b: Column
) -> Column:
    """As the stop tells it, else as the destination does; null where neither can.

    A line with one head goes round: whatever bears its name goes in its one direction.
    """
    named = place_name(destination)
    is_circular = name_a.isNotNull() & name_b.isNull()
    by_name = (
        F.when(is_circular, 1)
        .when(named == place_name(name_b), 1)
        .when(named == place_name(name_a), 2)
    )
    return F.coalesce(stop_direction, by_name)


# --- 5: headway --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calendar:
    """For each day of a range, what kind of day it and the day before are, as one number."""

    first: date
    pairs: tuple[int, ...]

    @classmethod
    def of(cls, first: date, last: date, festive: Festive) -> Calendar:
        """From the first day to the last."""
        days = [first + timedelta(days=number) for number in range(-1, (last - first).days + 1)]
        kinds = [KINDS.index(kind_of(day, festive)) for day in days]
        both = zip(kinds[1:], kinds, strict=False)
        return cls(first, tuple(today * len(KINDS) + before for today, before in both))

    def pair(self, day: Column) -> Column:
        """The number of a day; null outside of the range."""
        known = F.array(*(F.lit(pair) for pair in self.pairs))
        return F.get(known, F.datediff(day, F.lit(self.first)))


def base_type(pair: Column) -> Column:
    """The type of day for a line that has no timetable."""
    names = F.array(*(F.lit(kind.base) for kind in KINDS))
    return F.get(names, F.floor(pair / len(KINDS)).cast("int"))


def headway_key(line: Column, pair: Column, towards: Column) -> Column:
    """One number for line, kind of day and direction: the fastest kind of key there is."""
    both = F.coalesce(towards, F.lit(_BOTH))
    return ((line * _PAIRS + pair) * len(_DIRECTIONS) + both).cast("bigint")


def headways(network: Network, pairs: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """What each line promises in each minute of each kind of day that occurs."""
    codes = network.codes
    timetables: dict[int, dict[str, list[Window]]] = defaultdict(dict)
    for row in network.lines_timetable:
        timetables[codes[code_of(row)]][row["day_type"]] = list(windows(row))
    for line, timetable in timetables.items():
        for pair in sorted(set(pairs)):
            today, before = (KINDS[kind] for kind in divmod(pair, len(KINDS)))
            for towards in _DIRECTIONS:
                key = (line * _PAIRS + pair) * len(_DIRECTIONS) + towards
                sides = _service(timetable, today, towards), _service(timetable, before, towards)
                for one in segments(*sides):
                    yield key, one.first, one.last, one.shortest, one.longest, one.day_type


def _service(
    timetable: Mapping[str, Sequence[Window]], kind: Kind, towards: int
) -> tuple[str, list[Window]]:
    name = day_type(kind, has_vi=VI in timetable)
    known = timetable.get(name, ())
    return name, [window for window in known if towards in (_BOTH, window.direction)]


def with_headway(
    arrivals: DataFrame,
    found: tuple[DataFrame, DataFrame, DataFrame],
    calendar: Calendar,
    zone: str,
) -> DataFrame:
    """Each arrival with direction, day type and headway; `found` are lines, stops and headways."""
    known_lines, known_stops, known_headways = map(F.broadcast, found)
    # Not convert_timezone, which looks up both zones for each row, by regular expressions.
    wall = F.from_utc_timestamp(F.col("event_ts").cast("timestamp"), zone).cast("timestamp_ntz")
    return (
        arrivals.withColumn("_wall", wall)
        .withColumn("_minute", F.hour("_wall") * 60 + F.minute("_wall"))
        .withColumn("_pair", calendar.pair(F.to_date("_wall")))
        .withColumn("_line_key", line_key(F.col("line"), F.col("line_code")))
        .join(known_lines, "_line_key", "left")
        .join(known_stops, ["_line", "stop_id"], "left")
        .withColumn(
            "direction",
            direction(
                F.col("_stop_direction"), F.col("destination"), F.col("_name_a"), F.col("_name_b")
            ),
        )
        .withColumn("_key", headway_key(F.col("_line"), F.col("_pair"), F.col("direction")))
        .join(
            known_headways,
            F.expr("_key = _headway_key AND _minute >= _first AND _minute <= _last"),
            "left",
        )
        .withColumn("day_type", F.coalesce("_day_type", base_type(F.col("_pair"))))
    )
