"""emt/line_list: every line of the network as it is valid today."""

from __future__ import annotations

from typing import Any, Final

from domains.emt.clients.emt_arrivals import MADRID
from functions.ingest.found import Found, Question, require, sheet_of
from lake.flat import flat

HEADER: Final = (
    *("line", "label", "nameA", "nameB", "group", "startDate", "endDate"),
    *("longLine1", "longLine2", "order", "color", "forecolor"),
)


def ask(question: Question) -> Found:
    """The list; the same list gives the same bytes, and lands once."""
    rows = [flat(entry) for entry in lines_of_today(question)]
    content = sheet_of("Sheet1", HEADER, rows)
    return Found("bus_lines.xlsx", content, len(rows), is_a_list=True)


def lines_of_today(question: Question) -> list[dict[str, Any]]:
    """The entries as EMT gives them."""
    today = question.now().astimezone(MADRID)
    path = f"/v2/transport/busemtmad/lines/info/{today:%Y%m%d}/"
    return question.emt.data("GET", path, _check)


def _check(data: list[Any]) -> None:
    require(data, "line", "label")
