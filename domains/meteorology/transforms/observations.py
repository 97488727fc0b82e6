"""meteorology/workbook: a day of half-hourly observations, declared column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from jobs import tabular
from jobs.records import Cells, Context, Event, Transform
from lake import mapping
from lake.conform import Refused, moment, text, wall_to_utc

_EPOCH: Final = "current.last_updated_epoch"
_WALL: Final = "current.last_updated"
_ZONE: Final = "location.tz_id"


def parse(rows: Iterable[tuple[int, Cells]], context: Context) -> Iterator[Event]:
    """One observation a row; where Excel rounded its epoch, the wall time beside it tells."""
    return tabular.parse(((number, _with_epoch(cells)) for number, cells in rows), context)


def _with_epoch(cells: Cells) -> Cells:
    if not mapping.rounded(cells.get(_EPOCH)):
        return cells
    try:
        wall, zone = moment(cells.get(_WALL)), text(cells.get(_ZONE))
        if wall is None or zone is None:
            return cells
        # Seconds since 1970 of an instant kept without its zone, which is UTC.
        epoch = wall_to_utc(wall, zone) - moment("1970-01-01")  # type: ignore[operator]
    except (Refused, KeyError, ValueError, OSError):
        return cells  # the rounded epoch is refused for what it is
    return {**cells, _EPOCH: int(epoch.total_seconds())}


TRANSFORM: Final = Transform(parse)
