"""Workbooks of polled arrivals: Python literals in cells, empty polls, exact repeats, 999999."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from scripts.samples.madrid import LINES, STOPS, Line
from scripts.samples.model import Sample, Truth
from scripts.samples.workbook import Cell, xlsx

SOURCE = "emt/arrivals"
HEADER = (
    "timestamp",
    "Arrive",
    "StopInfo",
    "ExtraInfo",
    "Incident.ListaIncident.data",
    "stopId",
    "line",
)
CAPPED = 999_999
_INCIDENTS = repr(
    [
        {
            "title": "Manifestación en zona centro. Afectadas 2 líneas de EMT.",
            "guid": "E780DEA7-7663-4CDE-B414-2C676A37D810",
            "description": "Desvío por l'Avinguda <img src='http://feeds.emtmadrid.es/logo.png'/>",
            "moreInfo": None,
        }
    ]
)


@dataclass(frozen=True)
class Poll:
    """One row of the sheet; `bad` is how many rejects it makes, in place of its predictions."""

    timestamp: str
    arrive: str
    predictions: tuple[dict[str, Any], ...]
    stop_info: str
    stop_id: Cell
    line: Cell
    incidents: str = "[]"
    bad: int = 0

    def row(self) -> tuple[Cell, ...]:
        """The cells."""
        return (
            self.timestamp,
            self.arrive,
            self.stop_info,
            "[]",
            self.incidents,
            self.stop_id,
            self.line,
        )


def polls(seed: int, day: str, count: int = 200) -> list[Poll]:
    """A stretch of a day, polled round and round the network; the same seed, the same polls."""
    # A stop key of its own a seed, so that two seeds of one day never share a prediction.
    random = Random(f"{seed}/{day}")  # noqa: S311 - samples, no secrets
    moment = datetime.fromisoformat(f"{day} 07:00:00") + timedelta(seconds=random.randrange(600))
    made: list[Poll] = []
    for index in range(count):
        line = LINES[index % len(LINES)]
        made.append(_poll(random, line, random.choice(line.stops), moment, index, seed))
        moment += timedelta(seconds=random.randrange(0, 3))
        if index % 40 == 17:
            made.append(made[-1])  # the client wrote the same answer twice
    return made


def _poll(
    random: Random, line: Line, stop_id: str, moment: datetime, index: int, seed: int
) -> Poll:
    predictions = _predictions(random, line, stop_id, index, seed)
    return Poll(
        timestamp=moment.strftime("%Y-%m-%d %H:%M:%S"),
        arrive=repr(predictions),
        predictions=tuple(predictions),
        stop_info=repr([stop_info(line, stop_id, with_lines=index % 5 == 0)]),
        # One file spells the same column as number and as text.
        stop_id=int(stop_id) if index % 3 == 0 else stop_id,
        line=int(line.code),
        incidents=_INCIDENTS if index % 6 == 0 else "[]",
    )


def _predictions(
    random: Random, line: Line, stop_id: str, index: int, seed: int
) -> list[dict[str, Any]]:
    if index % 25 == 11:
        return []  # a poll at a stop that nothing approaches: empty, not lost
    first = random.randrange(0, 900)
    buses = [seed * 1000 + random.randrange(100, 999), seed * 1000 + random.randrange(100, 999)]
    estimates = [first, first + random.randrange(60, 1500)]
    if index % 30 == 7:
        buses.append(buses[0])  # the same bus twice, with another estimate: two predictions
        estimates.append(estimates[0] + 399)
    if index % 15 == 3:
        estimates[1] = CAPPED
    made = [
        {
            "line": line.label,
            "stop": stop_id,
            "isHead": "True" if index % 10 == 0 else "False",
            "destination": line.head_b or line.head_a,
            "deviation": 13_190 if index % 50 == 9 else 0,
            "bus": bus,
            "geometry": {
                "type": "Point",
                "coordinates": [
                    round(STOPS[stop_id].lon - random.random() / 50, 14),
                    round(STOPS[stop_id].lat + random.random() / 50, 14),
                ],
            },
            "estimateArrive": estimate,
            "DistanceBus": min(estimate, 3000) * 4,
            "positionTypeBus": random.choice("02"),
        }
        for bus, estimate in zip(buses, estimates, strict=True)
    ]
    if index % 33 == 5:
        made.append(dict(made[0]))  # repeated word for word inside one answer
    return made


def stop_info(line: Line, stop_id: str, *, with_lines: bool) -> dict[str, Any]:
    """What an answer says about its stop."""
    stop = STOPS[stop_id]
    lines = [
        {
            "label": line.label,
            "line": line.code,
            "nameA": line.head_a,
            "nameB": line.head_b,
            "metersFromHeader": 0,
            "to": "B",
            "color": "f1dd38",
            "forecolor": "050505",
        }
    ]
    return {
        "lines": lines if with_lines else [],
        "stopId": stop.id,
        "stopName": stop.name,
        "geometry": {"type": "Point", "coordinates": [stop.lon, stop.lat]},
        "Direction": stop.address.ljust(55),
    }


def keys_of(poll: Poll) -> list[tuple[object, ...]]:
    """What makes a prediction that one: the id's recipe, in the sheet's own words."""
    if poll.bad:
        return []
    return [
        (poll.timestamp, p["line"], p["stop"], p["destination"], p["bus"], p["estimateArrive"])
        for p in poll.predictions
    ]


def sample(rows: Sequence[Poll], file_name: str, *, status: str = "accepted") -> Sample:
    """The workbook of these polls, and what it must come to."""
    keys = [key for poll in rows for key in keys_of(poll)]
    empty = sum(not poll.bad and not poll.predictions for poll in rows)
    rejected = sum(poll.bad for poll in rows)
    stops = {str(poll.stop_id) for poll in rows}
    truth = Truth(
        status=status,
        sheet_rows=len(rows),
        read=len(keys) + empty + rejected,
        accepted=len(set(keys)),
        duplicate=len(keys) - len(set(keys)),
        rejected=rejected,
        empty=empty,
        tables={"emt_silver.arrivals_predictions": len(set(keys)), "emt_silver.stops": len(stops)},
    )
    content = xlsx("Sheet1", HEADER, [poll.row() for poll in rows])
    return Sample(SOURCE, file_name, content, truth, frozenset(keys))


def day(seed: int, date: str, count: int = 200) -> Sample:
    """A good workbook, named as the EMT client names it."""
    return sample(polls(seed, date, count), f"arrivals-{date}.xlsx")


def spoil(poll: Poll, how: int) -> Poll:
    """The poll with one fault that a person could have made: each costs one row exactly."""
    first = dict(poll.predictions[0]) if poll.predictions else {}
    match how % 4:
        case 0:
            return replace(poll, arrive="[{'line': '27', 'stop'", bad=1)
        case 1:
            first["estimateArrive"] = "pronto"
        case 2:
            first["geometry"] = {"type": "Point", "coordinates": [-3.7, 140.4]}
        case _:
            return replace(poll, timestamp="2025-13-45 99:99:99", arrive=repr([first]), bad=1)
    return replace(poll, arrive=repr([first]), predictions=(), bad=1)


def with_bad_rows(seed: int, date: str, count: int = 200, bad: int = 4) -> Sample:
    """A workbook in which a few rows cannot be used and all others can."""
    rows = polls(seed, date, count)
    places = [index for index, poll in enumerate(rows) if poll.predictions and index % 3 == 1]
    for number, index in enumerate(places[:bad]):
        rows[index] = spoil(rows[index], number)
    return sample(rows, f"arrivals-{date}-bad-rows.xlsx")


def over_the_share(seed: int, date: str, count: int = 60) -> Sample:
    """A workbook with so many bad rows that the file is refused whole."""
    rows = [spoil(poll, i) if i % 2 else poll for i, poll in enumerate(polls(seed, date, count))]
    return sample(rows, f"arrivals-{date}-over-the-share.xlsx", status="quarantined")
