"""Definitions 1 and 2 of gold: what kind of day it is for a line, and which windows a minute meets.

Pure Python over the small side: days and timetables. The millions of arrivals meet only what
comes out of here, by equal keys.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from lake.errors import CatalogError

LA, SA, FE, VI = "LA", "SA", "FE", "VI"
DAY_MINUTES: Final = 24 * 60
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Kind:
    """A service day for all lines: its type, and whether a line with a VI row uses that instead."""

    base: str
    lively: bool = False  # a Friday or an eve: people go out


# In this order, as the big side carries a kind by its number.
KINDS: Final = (Kind(LA), Kind(SA), Kind(FE), Kind(LA, True), Kind(SA, True))


@dataclass(frozen=True)
class Festive:
    """The festive days, and the years of which all are known."""

    days: Mapping[date, str]
    years: frozenset[int]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Festive:
        """Out of the catalogue's data."""
        try:
            days = {date.fromisoformat(one["day"]): str(one["name"]) for one in data["days"]}
            return cls(days, frozenset(data["covers"]))
        except (KeyError, TypeError, ValueError) as error:
            raise CatalogError(f"the festive days cannot be read: {error}") from error


def kind_of(day: date, festive: Festive) -> Kind:
    """FE on Sundays and festive days, SA on Saturdays, else LA; lively on Fridays and eves."""
    if day.weekday() == _SUNDAY or day in festive.days:
        return Kind(FE)
    lively = day.weekday() == _FRIDAY or day + _DAY in festive.days
    return Kind(SA if day.weekday() == _SATURDAY else LA, lively)


def day_type(kind: Kind, *, has_vi: bool) -> str:
    """The row of a line's timetable that holds on such a day."""
    return VI if kind.lively and has_vi else kind.base


@dataclass(frozen=True)
class Window:
    """When one direction of a line runs on one type of day, and how often."""

    direction: int
    start: int  # minute of the day
    stop: int
    shortest: float | None
    longest: float | None

    def runs(self, minute: int) -> bool:
        """On the service day itself."""
        if self.start == self.stop:
            return True
        if self.start < self.stop:
            return self.start <= minute < self.stop
        return minute >= self.start

    def runs_on(self, minute: int) -> bool:
        """Past midnight, on the day after the service day."""
        return self.stop < self.start and minute < self.stop


@dataclass(frozen=True)
class Segment:
    """A stretch of a day's minutes in which a line promises the same."""

    first: int
    last: int
    shortest: float | None
    longest: float | None
    day_type: str


def minute_of(text: str | None) -> int | None:
    """`06:30` is 390; hours past 23 are of the next morning."""
    if text is None:
        return None
    hour, _, minute = text.partition(":")
    return (int(hour) * 60 + int(minute)) % DAY_MINUTES


def windows(row: Mapping[str, Any]) -> Iterator[Window]:
    """The two directions of a row of lines_timetable, where it says when they run."""
    for direction in (1, 2):
        start = minute_of(row[f"d{direction}_start"])
        stop = minute_of(row[f"d{direction}_stop"])
        if start is not None and stop is not None:
            shortest, longest = row[f"d{direction}_min_freq"], row[f"d{direction}_max_freq"]
            yield Window(direction, start, stop, shortest, longest)


def segments(
    today: tuple[str, Sequence[Window]], yesterday: tuple[str, Sequence[Window]]
) -> Iterator[Segment]:
    """A whole day, cut where a window of its own or of the service day before begins or ends.

    The day type said is that of the service day whose window the minute meets, its own first.
    """
    (own_type, own), (before_type, before) = today, yesterday
    edges = {0, *(edge for window in (*own, *before) for edge in (window.start, window.stop))}
    ordered = [*sorted(edges), DAY_MINUTES]
    for first, after in itertools.pairwise(ordered):
        met = [window for window in own if window.runs(first)]
        past = [window for window in before if window.runs_on(first)]
        type_ = own_type if met or not past else before_type
        shortest = _known(min, (window.shortest for window in (*met, *past)))
        longest = _known(max, (window.longest for window in (*met, *past)))
        yield Segment(first, after - 1, shortest, longest, type_)


def _known(pick: Any, values: Iterable[float | None]) -> float | None:
    """The smallest or largest known one; a headway of nothing is none."""
    known = [value for value in values if value is not None]
    return (pick(known) or None) if known else None
