"""emt/stops: the network's list of stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from domains.emt.transforms.cells import coordinates
from jobs.records import Cells, Context, Event, Reject, Row, Transform
from lake.conform import Refused, text, texts

STOPS: Final = "emt_silver.stops"


def parse(rows: Iterable[tuple[int, Cells]], context: Context) -> Iterator[Event]:
    """Each stop of the list, as it was known when the list arrived."""
    for number, row in rows:
        column = "geometry.coordinates"
        try:
            lon, lat = coordinates(row.get(column))
            column = "lines"
            lines = texts(row.get(column))
        except Refused as refused:
            yield Reject(STOPS, number, column, row.get(column), refused.rule, refused.reason)
            continue
        yield Row(
            STOPS,
            number,
            {
                "stop_id": _whole(row.get("node")),
                "stop_name": row.get("name"),
                "lon": lon,
                "lat": lat,
                "direction": None,
                "lines": lines,
                "updated_ts": context.received_at,
            },
        )


def _whole(value: object) -> object:
    """A stop's number, also where a writer has made 361.0 of it."""
    said = text(value) if value is not None else None
    return said[:-2] if said and said.endswith(".0") and said[:-2].isdigit() else said


TRANSFORM: Final = Transform(parse)
