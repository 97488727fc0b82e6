"""The two plain lists: every stop of the network, and every line with its public label."""

from __future__ import annotations

from typing import Any

from scripts.samples.madrid import LINES, STOPS
from scripts.samples.model import Sample, Truth
from scripts.samples.workbook import Cell, xlsx

STOPS_HEADER = ("node", "name", "wifi", "lines", "geometry.type", "geometry.coordinates")
LINES_HEADER = (
    "line",
    "label",
    "nameA",
    "nameB",
    "group",
    "startDate",
    "endDate",
    "longLine1",
    "longLine2",
    "order",
    "color",
    "forecolor",
)


def stop_entries() -> list[dict[str, Any]]:
    """Every stop as EMT's list has it."""
    return [
        {
            "node": stop.id,
            "geometry": {"type": "Point", "coordinates": [stop.lon, stop.lat]},
            "name": stop.name,
            "wifi": "01"[number % 2],
            "lines": [f"{line.label}/1" for line in LINES if stop.id in line.stops],
        }
        for number, stop in enumerate(STOPS.values())
    ]


def line_entries() -> list[dict[str, Any]]:
    """Every line as EMT's list has it."""
    return [
        {
            "line": line.code,
            "label": line.label,
            "nameA": line.head_a,
            "nameB": line.head_b,
            "group": "320" if line.night else "110",
            "startDate": "19/08/2025",
            "endDate": "31/12/2025",
            "longLine1": 4863.0 + order,
            "longLine2": 4776.0 + order,
            "order": float(order),
            "color": "00aecf",
            "forecolor": None,
        }
        for order, line in enumerate(LINES, start=1)
    ]


def stops(extra: int = 0) -> Sample:
    """`bus_stops.xlsx` of the stops client: numbers as text, a Python literal in a cell."""
    rows: list[tuple[Cell, ...]] = []
    for entry in stop_entries():
        place = repr(entry["geometry"]["coordinates"])
        listed = repr(entry["lines"])
        rows.append((entry["node"], entry["name"], entry["wifi"], listed, "Point", place))
    for number in range(extra):
        rows.append((f"{90_000 + number}", "Parada nueva", "0", "[]", "Point", "[-3.7, 40.4]"))
    return _sample("emt/stops", "bus_stops.xlsx", "emt_silver.stops", STOPS_HEADER, rows)


def line_list() -> Sample:
    """`bus_lines.xlsx`: days as dd/mm/yyyy, metres as numbers, labels as arrivals spell them."""
    rows: list[tuple[Cell, ...]] = [
        tuple(entry[name] for name in LINES_HEADER) for entry in line_entries()
    ]
    return _sample("emt/line_list", "bus_lines.xlsx", "emt_silver.line_list", LINES_HEADER, rows)


def _sample(
    source: str, file_name: str, table: str, header: tuple[str, ...], rows: list[tuple[Cell, ...]]
) -> Sample:
    count = len(rows)
    truth = Truth(sheet_rows=count, read=count, accepted=count, tables={table: count})
    return Sample(source, file_name, xlsx("Sheet1", header, rows), truth)
