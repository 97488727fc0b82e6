"""One client a kind of answer; a declaration names it in `poll.client`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from functions.ingest.clients import arrivals, line_list, lines, openweather, stops, weather
from functions.ingest.found import Client

CLIENTS: Final[Mapping[str, Client]] = {
    "emt_arrivals": arrivals.ask,
    "emt_line_list": line_list.ask,
    "emt_lines": lines.ask,
    "emt_stops": stops.ask,
    "openweather": openweather.ask,
    "weatherapi": weather.ask,
}
