"""emt/stops: every stop of the network."""

from __future__ import annotations

from typing import Any, Final

from functions.ingest.found import Found, Question, require, sheet_of
from functions.ingest.transport import ShapeError
from lake.flat import flat

HEADER: Final = ("node", "name", "wifi", "lines", "geometry.type", "geometry.coordinates")


def ask(question: Question) -> Found:
    """The list; the same list gives the same bytes, and lands once."""
    data = question.emt.data("POST", "/v1/transport/busemtmad/stops/list/", _check, {})
    content = sheet_of("Sheet1", HEADER, [flat(entry) for entry in data])
    return Found("bus_stops.xlsx", content, len(data), is_a_list=True)


def _check(data: list[Any]) -> None:
    nodes = [entry["node"] for entry in require(data, "node", "name", "geometry")]
    if len(set(map(str, nodes))) < len(nodes):
        raise ShapeError("a list that names a stop twice")
