"""emt/arrivals: the next buses of each (stop, line), one row a poll.

A stop is an observation of its own: what one does not answer is named and asked again by the
next run, what the others answered lands. The hour that comes twice in October is written with its
offset, which the job understands; any other is Madrid's wall time, as people have always sent it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from functions.ingest.errors import NotLetIn, PollFailed, QuotaSpent, Said
from functions.ingest.found import Found, Question, StopLine, require, sheet_of, tried
from functions.ingest.transport import ShapeError

HEADER: Final = (
    "timestamp",
    "Arrive",
    "StopInfo",
    "ExtraInfo",
    "Incident.ListaIncident.data",
    "stopId",
    "line",
)
MADRID: Final = ZoneInfo("Europe/Madrid")
OUT_OF_USE: Final = frozenset({"81", "90"})
# After so many failures and no answer at all the rest is not asked.
HOPELESS: Final = 8


def ask(question: Question) -> Found:
    """One workbook of everything that answered."""
    if not question.stops:
        raise PollFailed("no_stops", "there is no stop to ask for: catalog/emt/data names them")
    began = question.now().astimezone(MADRID)
    run = _Run(question)
    rows: list[dict[str, Any]] = []
    missing: dict[str, PollFailed] = {}
    closed: list[str] = []
    for asked, answer in tried(question.stops, run.ask):
        if isinstance(answer, PollFailed):
            missing[f"{asked.stop}/{asked.line}"] = answer
            continue
        if answer is None:
            closed.append(asked.stop)
        rows.append(_row(asked, run.moments[asked], answer or {}))
    if not rows:
        raise next(iter(missing.values()))
    return Found(
        file_name=f"arrivals-{began:%Y-%m-%dT%H%M}.xlsx",
        content=sheet_of("Sheet1", HEADER, rows),
        rows=len(rows),
        missing=tuple(missing),
        why_missing=next((error.reason for error in missing.values()), ""),
        note=f"out of use: {', '.join(dict.fromkeys(closed))}" if closed else "",
    )


class _Run:
    """What the polls of one run know of each other: when to stop asking."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.moments: dict[StopLine, datetime] = {}
        self._failures = 0
        self._over: PollFailed | None = None

    def ask(self, asked: StopLine) -> dict[str, Any] | None:
        """The answer about one line at one stop; None when EMT does not serve it."""
        if self._over:
            raise self._over
        try:
            answer = self._answer(asked)
        except (NotLetIn, QuotaSpent) as failed:
            self._over = failed
            raise
        except Said as failed:
            if failed.said not in OUT_OF_USE:
                raise
            answer = None
        except PollFailed as failed:
            self._failures += 1
            if self._failures >= HOPELESS and not self.moments:
                self._over = failed
            raise
        self.moments[asked] = self.question.now()
        return answer

    def _answer(self, asked: StopLine) -> dict[str, Any]:
        path = f"/v2/transport/busemtmad/stops/{asked.stop}/arrives/{asked.line}/"
        today = self.question.now().astimezone(MADRID)
        body = {
            "cultureInfo": "ES",
            "Text_StopRequired_YN": "Y",
            "Text_EstimationsRequired_YN": "Y",
            "Text_IncidencesRequired_YN": "Y",
            "DateTime_Referenced_Incidencies_YYYYMMDD": f"{today:%Y%m%d}",
        }
        data = self.question.emt.data("POST", path, _check, body)
        answer: dict[str, Any] = data[0]
        return answer


def _check(data: list[Any]) -> None:
    if not require(data, "Arrive", "StopInfo"):
        raise ShapeError("an answer without the stop that was asked for")
    require(data[0]["Arrive"], "line")
    require(data[0]["StopInfo"], "stopId")


def _row(asked: StopLine, at: datetime, answer: dict[str, Any]) -> dict[str, Any]:
    incident = answer.get("Incident")
    listed = incident.get("ListaIncident") if isinstance(incident, dict) else None
    incidents = listed.get("data") if isinstance(listed, dict) else None
    return {
        "timestamp": wall(at),
        "Arrive": answer.get("Arrive", []),
        "StopInfo": answer.get("StopInfo", []),
        "ExtraInfo": answer.get("ExtraInfo") or [],
        "Incident.ListaIncident.data": incidents or [],
        "stopId": asked.stop,
        "line": asked.line,
    }


def wall(moment: datetime) -> str:
    """What a clock in Madrid shows; with its offset in the hour that comes twice."""
    there = moment.astimezone(MADRID).replace(microsecond=0)
    twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    return there.isoformat(" ") if twice else f"{there:%Y-%m-%d %H:%M:%S}"
