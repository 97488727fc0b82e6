"""emt/lines: the lines workbook into lines, their stops and their timetables.

A row is one direction of one line, but its timetable cell lists every line that shares a stop
with it. The same entry stands there many times; each is counted, once is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from domains.emt.transforms.cells import code, coordinates, entries
from jobs.records import Cells, Context, Empty, Event, Reject, Repeat, Row, Transform
from lake.conform import Refused

LINES: Final = "emt_silver.lines"
LINES_STOPS: Final = "emt_silver.lines_stops"
LINES_TIMETABLE: Final = "emt_silver.lines_timetable"
DAY_TYPES: Final = {"LABORABLE": "LA", "SABADO": "SA", "FESTIVO": "FE", "VIERNES": "VI"}
_FIELDS: Final = {
    "start": "StartTime",
    "stop": "StopTime",
    "min_freq": "MinimunFrequency",  # spelled so by the API
    "max_freq": "MaximumFrequency",
    "freq": "Frequency",
}


@dataclass
class _Said:
    """What this file has said, by table and key: repeats and contradictions show."""

    rows: dict[tuple[object, ...], dict[str, object]] = field(default_factory=dict)

    def once(
        self, table_id: str, number: int, key: tuple[object, ...], values: dict[str, object]
    ) -> Event:
        """The row at its first mention, a repeat of it, or a reject that shows both values."""
        first = self.rows.setdefault((table_id, *key), values)
        if first is values:
            return Row(table_id, number, values)
        if first == values:
            return Repeat(table_id)
        differ = [name for name in values if values[name] != first.get(name)]
        both = "; ".join(f"{name}: {first.get(name)!r} and {values[name]!r}" for name in differ)
        reason = f"the file says two different things of {' '.join(map(str, key))}"
        return Reject(table_id, number, differ[0], both, "conflict", reason)


@dataclass(frozen=True)
class _Line:
    """One row of the sheet with its cells read."""

    number: int
    line: str | None
    cells: Cells
    stops: list[object]
    stops_lost: Reject | None
    timetable: list[object]
    timetable_lost: Reject | None


def parse(rows: Iterable[tuple[int, Cells]], context: Context) -> Iterator[Event]:
    """Each line, each stop of each direction, each day type of each timetable entry."""
    lines = [_read(number, cells) for number, cells in rows]
    heads, panels = _heads(lines), _panels(lines)
    said = _Said()
    for line in lines:
        name_a, name_b = heads.get(line.line, (None, None))
        values = {
            "line": line.line,
            "label": line.cells.get("label"),
            "name_a": name_a,
            "name_b": name_b,
            "ingest_ts": context.received_at,
        }
        yield said.once(LINES, line.number, (line.line,), values)
        yield from _stops(line, panels, context, said)
        yield from _timetable(line, context, said)


def _read(number: int, cells: Cells) -> _Line:
    stops, stops_lost = entries(LINES_STOPS, "stops", number, cells.get("stops"))
    timetable, lost = entries(LINES_TIMETABLE, "timeTable", number, cells.get("timeTable"))
    if cells.get("timeTable.IdLine") is not None:
        # Two rows of the real file have these columns in place of the cell.
        days, cut = entries(
            LINES_TIMETABLE, "timeTable.DayType", number, cells.get("timeTable.DayType")
        )
        names = ("IdLine", "Label", "HeaderA", "HeaderB")
        entry = {name: cells.get(f"timeTable.{name}") for name in names}
        timetable, lost = [*timetable, {**entry, "DayType": days}], lost or cut
    line = _code(cells.get("line"))
    return _Line(number, line, cells, stops, stops_lost, timetable, lost)


def _code(value: object) -> str | None:
    try:
        return code(value)
    except Refused:
        return str(value)  # the table's own rules refuse it, and say why


def _heads(lines: Iterable[_Line]) -> dict[str | None, tuple[object, object]]:
    """The two heads of each line, wherever in the file its timetable entry stands whole."""
    heads: dict[str | None, tuple[object, object]] = {}
    for line in lines:
        for entry in line.timetable:
            if isinstance(entry, dict):
                heads.setdefault(_code(entry.get("IdLine")), _names(entry))
    return heads


def _names(entry: Cells) -> tuple[object, object]:
    return entry.get("nameA", entry.get("HeaderA")), entry.get("nameB", entry.get("HeaderB"))


def _panels(lines: Iterable[_Line]) -> dict[tuple[object, ...], list[str]]:
    """The panels of each stop: EMT repeats the stop for each of them."""
    panels: dict[tuple[object, ...], list[str]] = {}
    for line in lines:
        for entry in line.stops:
            if isinstance(entry, dict) and entry.get("pmv") is not None:
                known = panels.setdefault(_stop_key(line, entry), [])
                if str(entry["pmv"]) not in known:
                    known.append(str(entry["pmv"]))
    return panels


def _stop_key(line: _Line, entry: Cells) -> tuple[object, ...]:
    return line.line, line.cells.get("stop_id"), str(entry.get("stop"))


def _stops(
    line: _Line,
    panels: Mapping[tuple[object, ...], list[str]],
    context: Context,
    said: _Said,
) -> Iterator[Event]:
    if not line.stops and line.stops_lost is None:
        yield Empty(LINES_STOPS)
    for entry in line.stops:
        if not isinstance(entry, dict):
            yield Reject(LINES_STOPS, line.number, "stops", entry, "shape", "is no object")
            continue
        try:
            lon, lat = coordinates(entry.get("geometry"))
        except Refused as refused:
            yield Reject(LINES_STOPS, line.number, "stops", entry, refused.rule, refused.reason)
            continue
        values = {
            "line": line.line,
            "direction": line.cells.get("stop_id"),  # the sheet calls the direction so
            "stop_id": entry.get("stop"),
            "label": line.cells.get("label"),
            "stop_name": entry.get("name"),
            "postal_address": entry.get("postalAddress"),
            "lon": lon,
            "lat": lat,
            "pmv": ", ".join(panels.get(_stop_key(line, entry), ())) or None,
            "data_lines": entry.get("dataLine"),
            "ingest_ts": context.received_at,
        }
        yield said.once(LINES_STOPS, line.number, _stop_key(line, entry), values)
    if line.stops_lost is not None:
        yield line.stops_lost


def _timetable(line: _Line, context: Context, said: _Said) -> Iterator[Event]:
    if not line.timetable and line.timetable_lost is None:
        yield Empty(LINES_TIMETABLE)
    for entry in line.timetable:
        if not isinstance(entry, dict):
            yield Reject(LINES_TIMETABLE, line.number, "timeTable", entry, "shape", "is no object")
            continue
        days = entry.get("typeOfDays", entry.get("DayType"))
        for day in _list(days) or [None]:
            if day is None or (isinstance(day, dict) and not _directions(day)):
                yield Empty(LINES_TIMETABLE)
            elif isinstance(day, dict):
                values = _service(entry, day, context)
                key = (values["line"], values["day_type"])
                yield said.once(LINES_TIMETABLE, line.number, key, values)
            else:
                yield Reject(
                    LINES_TIMETABLE, line.number, "timeTable", day, "shape", "is no day type"
                )
    if line.timetable_lost is not None:
        yield line.timetable_lost


def _list(days: object) -> list[object]:
    """One day type stands bare in some entries, a list of them in most."""
    if isinstance(days, list):
        return days
    return [] if days is None else [days]


def _directions(day: Cells) -> list[str]:
    return [name for name in ("Direction1", "Direction2") if day.get(name)]


def _service(entry: Cells, day: Cells, context: Context) -> dict[str, object]:
    name_a, name_b = _names(entry)
    said = day.get("DayType", day.get("idDayType"))
    values: dict[str, object] = {
        "line": _code(entry.get("IdLine")),
        "day_type": DAY_TYPES.get(str(said), said),
        "label": entry.get("Label"),
        "name_a": name_a,
        "name_b": name_b,
    }
    for number in ("1", "2"):
        direction = day.get(f"Direction{number}")
        direction = direction if isinstance(direction, dict) else {}
        for name, published in _FIELDS.items():
            values[f"d{number}_{name}"] = direction.get(published)
    return {**values, "ingest_ts": context.received_at}


TRANSFORM: Final = Transform(parse)
