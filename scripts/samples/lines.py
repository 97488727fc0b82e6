"""The lines workbook: five shapes of entry, cells that Excel cut, OO1, services past midnight."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from scripts.samples.madrid import LINES, STOPS, Line
from scripts.samples.model import Sample, Truth
from scripts.samples.workbook import EXCEL_CELL, Cell, xlsx

SOURCE = "emt/lines"
FILE_NAME = "emt_lines.xlsx"
HEADER = (
    "line",
    "label",
    "stops",
    "timeTable",
    "stop_id",  # EMT's name for the direction
    "timeTable.IdLine",
    "timeTable.Label",
    "timeTable.HeaderA",
    "timeTable.HeaderB",
    "timeTable.DayType",
)
DAY_TYPES = {"LABORABLE": "LA", "SABADO": "SA", "FESTIVO": "FE", "VIERNES": "VI"}
# Which of the five shapes a line's timetable comes in; the rest are the common shape.
LONG_NAMES = {"009", "531"}  # HeaderA, HeaderB and DayType as the list
NO_DAYS = {"203"}  # nothing about days at all
LONG_NO_DAYS = {"092"}  # HeaderA, HeaderB and nothing else
BARE_DAYS = {"161"}  # days without directions
OTHER_FORM = {"897"}  # its row carries timeTable.* columns in place of timeTable
CUT = {"027", "003"}  # lines whose cells run past what Excel keeps


@dataclass(frozen=True)
class Timetable:
    """One entry, and which days of it hold a direction."""

    entry: dict[str, Any]
    days: frozenset[str]
    bare: int = 0  # days that hold none


def timetable(random: Random, line: Line) -> Timetable:
    """What EMT says about one line, in the shape that this line comes in."""
    names = {"IdLine": line.code, "Label": line.workbook_label}
    short: dict[str, Any] = {**names, "nameA": line.head_a}
    if line.head_b:
        short["nameB"] = line.head_b
    long = {**names, "HeaderA": line.head_a, "HeaderB": line.head_b or ""}
    kinds = ["FE", "LA", "SA"] + (["VI"] if line.night else [])
    if line.code in NO_DAYS:
        return Timetable(short, frozenset())
    if line.code in LONG_NO_DAYS:
        return Timetable(long, frozenset())
    if line.code in BARE_DAYS:
        days = [{"DayType": kind} for kind in kinds]
        return Timetable(short | {"typeOfDays": days}, frozenset(), bare=len(days))
    directions = {kind: _directions(random, line) for kind in kinds}
    if line.code in LONG_NAMES | OTHER_FORM:
        spelled = {short: long for long, short in DAY_TYPES.items()}
        days = [{"idDayType": spelled[kind], **directions[kind]} for kind in kinds]
        return Timetable(long | {"DayType": days}, frozenset(kinds))
    days = [{**directions[kind], "DayType": kind} for kind in kinds]
    return Timetable(short | {"typeOfDays": days}, frozenset(kinds))


def _directions(random: Random, line: Line) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in ("Direction1", "Direction2"):
        shortest = random.randrange(7, 20)
        made[name] = {
            "StartTime": "23:30" if line.night else f"0{random.randrange(5, 8)}:{_minute(random)}",
            "StopTime": "05:45" if line.night else f"00:{_minute(random)}",
            "MinimunFrequency": str(shortest),
            "MaximumFrequency": str(shortest + random.randrange(1, 12)),
        }
        if not line.night:
            made[name]["Frequency"] = None
    return made


def _minute(random: Random) -> str:
    return f"{random.randrange(0, 60):02d}"


def stops_of(line: Line, direction: int) -> list[dict[str, Any]]:
    """The stops of one direction, in order, as EMT describes them."""
    ordered = line.stops if direction == 1 else tuple(reversed(line.stops))
    return [
        {
            "stop": stop.id,
            "name": stop.name,
            "postalAddress": stop.address,
            "geometry": {"type": "Point", "coordinates": [stop.lon, stop.lat]},
            "pmv": None if len(stop.id) % 2 else f"6{stop.id}",
            "dataLine": [other.code for other in LINES if stop.id in other.stops],
        }
        for stop in (STOPS[stop_id] for stop_id in ordered)
    ]


def _neighbours(line: Line) -> list[Line]:
    """Every line that shares a stop, once for each shared stop: that is how EMT repeats itself."""
    return [other for stop in line.stops for other in LINES if stop in other.stops]


def sample(seed: int) -> Sample:
    """The workbook: two rows a line, and the keys that its cells hold."""
    random = Random(seed)  # noqa: S311 - samples, no secrets
    tables = {line.code: timetable(random, line) for line in LINES}
    rows: list[tuple[Cell, ...]] = []
    cut = 0
    whole: list[Timetable] = []
    for line in LINES:
        for direction in (1, 2):
            stops = repr(stops_of(line, direction))
            other = line.code in OTHER_FORM
            entries = [tables[line.code]] if other else entries_of(line, tables)
            cell = "" if other else repr([one.entry for one in entries])
            cut += len(cell) > EXCEL_CELL
            whole += _before_the_cut(entries)
            own = tables[line.code].entry
            extra = (
                (own["IdLine"], own["Label"], own["HeaderA"], own["HeaderB"], repr(own["DayType"]))
                if other
                else (None,) * 5
            )
            row = (float(line.code), line.workbook_label, stops, cell or None, float(direction))
            rows.append((*row, *extra))
    return Sample(SOURCE, FILE_NAME, xlsx("Sheet1", HEADER, rows), _truth(tables, whole, cut))


def entries_of(line: Line, tables: dict[str, Timetable]) -> list[Timetable]:
    """What one timeTable cell lists: the line, and every line that shares a stop with it."""
    entries = [tables[line.code]] + [tables[other.code] for other in _neighbours(line)]
    if line.code in CUT:
        entries *= 1 + EXCEL_CELL // len(repr([one.entry for one in entries]))
    return entries


def _before_the_cut(entries: list[Timetable]) -> list[Timetable]:
    """The entries of a cell that stand there to their last brace."""
    end, whole = 1, []
    for one in entries:
        end += len(repr(one.entry))
        if end > EXCEL_CELL:
            break
        whole.append(one)
        end += len(", ")
    return whole


def _truth(tables: dict[str, Timetable], whole: list[Timetable], cut: int) -> Truth:
    rows = 2 * len(LINES)
    stops = sum(2 * len(set(line.stops)) for line in LINES)
    days = sum(len(table.days) for table in tables.values())
    said = sum(len(one.days) for one in whole)
    # An entry without days counts once, each day without directions counts: empty, not lost.
    empty = sum(one.bare or 1 for one in whole if not one.days)
    accepted = len(LINES) + stops + days
    duplicate = (rows - len(LINES)) + (said - days)
    return Truth(
        sheet_rows=rows,
        read=accepted + duplicate + cut + empty,
        accepted=accepted,
        duplicate=duplicate,
        rejected=cut,
        empty=empty,
        tables={
            "emt_silver.lines": len(LINES),
            "emt_silver.lines_stops": stops,
            "emt_silver.lines_timetable": days,
        },
    )
