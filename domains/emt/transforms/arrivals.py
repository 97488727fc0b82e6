"""emt/arrivals: polls of the arrivals API into predictions, and the stops that they mention."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from domains.emt.transforms.cells import code, coordinates, entries
from jobs.records import Cells, Context, Empty, Event, Reject, Row, Transform
from lake.conform import Refused, moment, text, wall_to_utc

PREDICTIONS: Final = "emt_silver.arrivals_predictions"
STOPS: Final = "emt_silver.stops"
ZONE: Final = "Europe/Madrid"
# EMT publishes this in place of an estimate of more than 45 minutes (90 on night lines).
CAPPED: Final = 999_999


def parse(rows: Iterable[tuple[int, Cells]], context: Context) -> Iterator[Event]:
    """Each prediction and each stop of each poll."""
    for number, poll in rows:
        try:
            event_ts: datetime | Refused = poll_time(poll.get("timestamp"))
        except Refused as refused:
            event_ts = refused
        for table_id, column, build in (
            (PREDICTIONS, "Arrive", _prediction),
            (STOPS, "StopInfo", _stop),
        ):
            cell = poll.get(column)
            found, remainder = entries(table_id, column, number, cell)
            if not found and remainder is None:
                yield Empty(table_id)
            for entry in found:
                if isinstance(event_ts, Refused):
                    said = poll.get("timestamp")
                    yield Reject(
                        table_id, number, "timestamp", said, event_ts.rule, event_ts.reason
                    )
                elif isinstance(entry, dict):
                    try:
                        yield Row(table_id, number, build(entry, poll, event_ts, context))
                    except Refused as refused:
                        yield Reject(table_id, number, column, entry, refused.rule, refused.reason)
                else:
                    yield Reject(table_id, number, column, entry, "shape", "is no object")
            if remainder is not None:
                yield remainder


def poll_time(cell: object) -> datetime:
    """The poll's moment in UTC: the cell says what a clock in Madrid showed."""
    said = moment(cell) if cell is not None else None
    if said is None:
        raise Refused("required", "the poll has no timestamp")
    if isinstance(cell, str) and datetime.fromisoformat(cell.strip()).tzinfo is not None:
        return said
    return wall_to_utc(said, ZONE)


def prediction_id(event_ts: datetime, entry: Cells) -> str:
    """The digest that names one prediction: its own words as published, nulls empty."""
    names = ("line", "stop", "destination", "bus", "estimateArrive")
    words = [f"{event_ts:%Y-%m-%dT%H:%M:%SZ}", *(_published(entry.get(name)) for name in names)]
    return hashlib.sha256("|".join(words).encode()).hexdigest()


def _published(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return text(value) or ""


def _prediction(
    entry: Cells, poll: Cells, event_ts: datetime, context: Context
) -> dict[str, object]:
    estimate = entry.get("estimateArrive")
    capped = _published(estimate) == str(CAPPED)
    lon, lat = coordinates(entry.get("geometry"))
    return {
        "id": prediction_id(event_ts, entry),
        "event_ts": event_ts,
        "line": entry.get("line"),
        "line_code": code(poll.get("line")),
        "stop_id": entry.get("stop") if entry.get("stop") is not None else poll.get("stopId"),
        "destination": entry.get("destination"),
        "is_head": entry.get("isHead"),
        "deviation": entry.get("deviation"),
        "bus": entry.get("bus"),
        "estimate_arrive_sec": None if capped else estimate,
        "estimate_capped": capped,
        "distance_bus_m": entry.get("DistanceBus"),
        "position_type_bus": entry.get("positionTypeBus"),
        "lon": lon,
        "lat": lat,
        "ingest_ts": context.received_at,
    }


def _stop(entry: Cells, poll: Cells, event_ts: datetime, _: Context) -> dict[str, object]:
    lon, lat = coordinates(entry.get("geometry"))
    lines = entry.get("lines")
    return {
        "stop_id": entry.get("stopId") if entry.get("stopId") is not None else poll.get("stopId"),
        "stop_name": entry.get("stopName"),
        "lon": lon,
        "lat": lat,
        "direction": entry.get("Direction"),
        "lines": sorted(set(_lines(lines))) if isinstance(lines, list) else None,
        "updated_ts": event_ts,
    }


def _lines(lines: list[object]) -> Iterator[str]:
    """`007/2` as the stops file spells it; a bus that runs to head B runs in direction 1."""
    for line in lines:
        if not isinstance(line, dict):
            continue
        name = code(line.get("line")) or text(line.get("label") or "")
        direction = {"A": "2", "B": "1"}.get(str(line.get("to")))
        if name:
            yield f"{name}/{direction}" if direction else name


TRANSFORM: Final = Transform(
    parse,
    # The id is a digest over the moment and the line.
    implied={PREDICTIONS: ("event_ts", "line")},
    # StopInfo names the polled line only, never all lines of the stop.
    adds_to={STOPS: ("lines",)},
)
