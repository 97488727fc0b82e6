"""The buses of the small Madrid of our samples, running by a clock: the same seed, the same day.

Buses come at the headway of their timetable. In the rain, and in one hour of ten on one line for
no reason at all, they come at twice that, so that a delay has a cause to be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Final

from local.upstream.sky import Sky
from scripts.samples import arrivals, lines, reference
from scripts.samples.madrid import LINES, STOPS, Line

CAPPED_AFTER_S: Final = 45 * 60
NIGHT_CAPPED_AFTER_S: Final = 90 * 60
_METRES_A_SECOND: Final = 4
_HOUR: Final = 3600


@dataclass(frozen=True)
class Network:
    """Everything that EMT knows."""

    seed: int
    sky: Sky

    @property
    def tables(self) -> dict[str, lines.Timetable]:
        """The timetable of each line, as the lines workbook of this seed has it."""
        random = Random(self.seed)  # noqa: S311 - samples, no secrets
        return {line.code: lines.timetable(random, line) for line in LINES}

    def line_list(self) -> list[dict[str, Any]]:
        """The answer to lines/info."""
        return reference.line_entries()

    def stop_list(self) -> list[dict[str, Any]]:
        """The answer to stops/list."""
        return reference.stop_entries()

    def line_stops(self, line: Line, direction: int) -> dict[str, Any]:
        """One line in one direction; one line's timetable comes as an object, as EMT's own does."""
        tables = self.tables
        timetable: Any = [one.entry for one in lines.entries_of(line, tables)]
        if line.code in lines.OTHER_FORM:
            timetable = tables[line.code].entry
        return {
            "line": line.code,
            "label": line.workbook_label,
            "stops": lines.stops_of(line, direction),
            "timeTable": timetable,
        }

    def arrivals(self, stop_id: str, only: Line | None, now: datetime) -> dict[str, Any]:
        """The next two buses of each line at a stop, the first one first."""
        serving = [line for line in serving_stop(stop_id) if only in (None, line)]
        found = [bus for line in serving for bus in self._next(line, stop_id, now)]
        found.sort(key=lambda bus: int(bus["estimateArrive"]))
        served = only or serving[0]
        return {
            "Arrive": found,
            "StopInfo": [arrivals.stop_info(served, stop_id, with_lines=only is None)],
            "ExtraInfo": [],
            "Incident": {"ListaIncident": {"data": []}},
        }

    def detail(self, stop_id: str) -> dict[str, Any]:
        """The answer to stops/detail."""
        stop = STOPS[stop_id]
        return {
            "stops": [
                {
                    "stop": stop.id,
                    "name": stop.name,
                    "postalAddress": stop.address,
                    "geometry": {"type": "Point", "coordinates": [stop.lon, stop.lat]},
                    "pmv": f"6{stop.id}",
                    "dataLine": [_data_line(line) for line in serving_stop(stop_id)],
                }
            ]
        }

    def around(self, stop_id: str) -> dict[str, Any]:
        """The answer to stops/arroundstop, for the stop itself."""
        stop = STOPS[stop_id]
        return {
            "stopId": int(stop.id),
            "stopName": stop.name,
            "address": stop.address.ljust(55),
            "geometry": {"type": "Point", "coordinates": [stop.lon, stop.lat]},
            "metersToPoint": 0,
            "lines": [
                {
                    "label": line.label,
                    "line": line.code,
                    "nameA": line.head_a,
                    "nameB": line.head_b or "",
                    "metersFromHeader": 0,
                    "to": "B",
                }
                for line in serving_stop(stop_id)
            ],
        }

    def _next(self, line: Line, stop_id: str, now: datetime) -> Iterator[dict[str, Any]]:
        headway = self._headway_s(line, now)
        second = int(now.timestamp())
        phase = Random(f"{self.seed}/{line.code}/{stop_id}").randrange(headway)  # noqa: S311
        first = headway - (second - phase) % headway
        stop = STOPS[stop_id]
        for rank in range(2):
            seconds = first + rank * headway
            number = (second + seconds - phase) // headway
            metres = seconds * _METRES_A_SECOND
            far = NIGHT_CAPPED_AFTER_S if line.night else CAPPED_AFTER_S
            yield {
                "line": line.label,
                "stop": stop_id,
                "isHead": "False",
                "destination": line.head_b or line.head_a,
                "deviation": 0,
                "bus": 1000 + number % 997,
                "geometry": {
                    "type": "Point",
                    "coordinates": [
                        round(stop.lon - metres / 1e6, 14),
                        round(stop.lat + metres / 2e6, 14),
                    ],
                },
                "estimateArrive": arrivals.CAPPED if seconds > far else seconds,
                "DistanceBus": metres,
                "positionTypeBus": "0",
            }

    def _headway_s(self, line: Line, now: datetime) -> int:
        shortest = next(_found(self.tables[line.code].entry, "MinimunFrequency"), "12")
        hour = int(now.timestamp()) // _HOUR
        unlucky = Random(f"{self.seed}/{line.code}/{hour}").random() < 0.1  # noqa: S311
        slow = unlucky or self.sky.rains(now)
        return int(shortest) * 60 * (2 if slow else 1)


def serving_stop(stop_id: str) -> list[Line]:
    """The lines that call at a stop."""
    return [line for line in LINES if stop_id in line.stops]


def line_of(code: str) -> Line | None:
    """A line by its internal code, with its zeros or without."""
    return next((line for line in LINES if line.code == code.zfill(3)), None)


def _data_line(line: Line) -> dict[str, Any]:
    return {
        "line": line.code,
        "label": line.label,
        "direction": "B",
        "maxFreq": "20",
        "minFreq": "10",
        "headerA": line.head_a,
        "headerB": line.head_b or "",
        "startTime": "06:00",
        "stopTime": "23:30",
        "dayType": "LA",
    }


def _found(entry: Any, name: str) -> Iterator[str]:
    if isinstance(entry, dict):
        if name in entry:
            yield entry[name]
        for value in entry.values():
            yield from _found(value, name)
    elif isinstance(entry, list):
        for value in entry:
            yield from _found(value, name)
