"""Which days of a gold table are to be computed anew: what changed in silver since its cursor.

The cursor lies in the gold tables' own history, so that it moves with the rows or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from jobs import merging
from jobs.lakeio import LakeTable, Span

CURSOR: Final = "lake.cursor"
_PARAMETERS: Final = "parameters"
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Input:
    """One table that a gold job reads, and how far around it a changed row is felt.

    Without a `moment` a change is felt everywhere.
    """

    table_id: str
    moment: str | None = None
    reach: timedelta = timedelta()


@dataclass(frozen=True)
class Plan:
    """What a run is to do."""

    heads: Mapping[str, int | None]  # the snapshot of each input that it reads
    days: frozenset[date] | None  # none: all there are
    reason: str
    cursor: str | None  # what the tables then say; none: a backfill leaves the cursor alone

    def where(self, column: str, margin: timedelta = timedelta()) -> str | None:
        """In literals, the rows of these days; none: all."""
        if self.days is None:
            return None
        if not self.days:
            return "false"
        spans = ((_midnight(day), _midnight(day) + timedelta(days=1)) for day in self.days)
        days = days_of(spans, margin) if margin else self.days
        return merging.touched(days, column, "timestamp")


def plan(
    inputs: Mapping[Input, LakeTable],
    targets: Sequence[LakeTable],
    parameters: Mapping[str, Any],
    *,
    full: bool = False,
    backfill: Sequence[date] | None = None,
) -> Plan:
    """What changed since the targets were last built, be it by one run or by several."""
    heads = {one.table_id: table.head() for one, table in inputs.items()}
    if backfill is not None:
        return Plan(heads, frozenset(backfill), "these days were asked for", None)
    cursor = json.dumps({**heads, _PARAMETERS: parameters}, sort_keys=True)
    if full:
        return Plan(heads, None, "everything was asked for", cursor)
    days: set[date] = set()
    for target in targets:
        said = target.property(CURSOR)
        if said == cursor:
            continue
        found = _since(said, inputs, heads, parameters)
        if isinstance(found, str):
            return Plan(heads, None, found, cursor)
        days |= found
    moved = any(target.property(CURSOR) != cursor for target in targets)
    reason = "silver has changed" if moved else "nothing has changed"
    return Plan(heads, frozenset(days), reason, cursor)


def _since(
    said: str | None,
    inputs: Mapping[Input, LakeTable],
    heads: Mapping[str, int | None],
    parameters: Mapping[str, Any],
) -> set[date] | str:
    """The days that changed since a cursor, or in words why it cannot be less than all."""
    if said is None:
        return "the table has no cursor: it is built for the first time"
    seen: dict[str, Any] = json.loads(said)
    # Through JSON as the cursor went, so that equal parameters are equal.
    if seen.get(_PARAMETERS) != json.loads(json.dumps(parameters)):
        return "the parameters have changed"
    days: set[date] = set()
    for one, table in inputs.items():
        since, until = seen.get(one.table_id), heads[one.table_id]
        if since == until:
            continue
        if one.moment is None:
            if table.changed(since, until) is not False:
                return f"{one.table_id} has changed, and with it everything"
            continue
        spans = table.touched(since, until, one.moment)
        if spans is None:
            return f"the history of {one.table_id} since the cursor is gone"
        days |= days_of(spans, one.reach)
    return days


def days_of(spans: Iterable[Span], reach: timedelta = timedelta()) -> set[date]:
    """The UTC days that lie within reach of some spans of time."""
    days: set[date] = set()
    for start, end in spans:
        day, last = (start - reach).date(), (end + reach - _INSTANT).date()
        while day <= last:
            days.add(day)
            day += timedelta(days=1)
    return days


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 (UTC, no zone)
