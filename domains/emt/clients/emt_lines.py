"""emt/lines: each line in both directions, with its stops and the timetables that EMT adds.

Half a network is a wrong network: all calls succeed, or nothing lands.
"""

from __future__ import annotations

from typing import Any, Final

from domains.emt.clients.emt_line_list import lines_of_today
from functions.ingest.errors import PollFailed
from functions.ingest.found import Found, Question, require, sheet_of, tried
from functions.ingest.transport import ShapeError
from lake.flat import flat

HEADER: Final = (
    *("line", "label", "stops", "timeTable"),
    "stop_id",  # the workbook's name for the direction
    *("timeTable.IdLine", "timeTable.Label", "timeTable.HeaderA", "timeTable.HeaderB"),
    "timeTable.DayType",
)
DIRECTIONS: Final = (1, 2)


def ask(question: Question) -> Found:
    """Two rows a line, more where a cell would hold more than Excel keeps."""
    lines = question.lines or [str(entry["line"]) for entry in lines_of_today(question)]
    asked = [(line, direction) for line in lines for direction in DIRECTIONS]

    def row(wanted: tuple[str, int]) -> dict[str, Any]:
        line, direction = wanted
        path = f"/v1/transport/busemtmad/lines/{line}/stops/{direction}/"
        (entry, *_) = question.emt.data("GET", path, _check)
        return flat(entry) | {"stop_id": direction}

    rows = []
    for (line, direction), answer in tried(asked, row):
        if isinstance(answer, PollFailed):
            where = f"line {line}, direction {direction}"
            raise PollFailed(answer.code, f"{where}: {answer.reason}")
        rows.append(answer)
    content = sheet_of("Sheet1", HEADER, rows)
    return Found("emt_lines.xlsx", content, len(rows), is_a_list=True)


def _check(data: list[Any]) -> None:
    if not require(data, "line", "label", "stops"):
        raise ShapeError("an answer without the line that was asked for")
    require(data[0]["stops"], "stop")
