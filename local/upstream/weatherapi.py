"""WeatherAPI: current.json, with the errors of its documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local.upstream import SECRETS
from local.upstream.answers import Answer, Call, as_json
from local.upstream.clock import VirtualClock
from local.upstream.sky import Sky
from local.upstream.troubles import Trouble

# All of them are Barajas here: the station that the real workbooks come from.
PLACES: Final = frozenset({"iata:mad", "madrid", "madrid,spain", "40.47,-3.56", "lemd"})


@dataclass
class WeatherStandIn:
    """One service."""

    sky: Sky
    clock: VirtualClock

    def answer(self, call: Call, trouble: Trouble | None = None) -> Answer:
        """What WeatherAPI answers; a trouble of its own is an observation of yesterday."""
        if call.path.rstrip("/") != "/v1/current.json":
            return refused(400, 1005, "API URL is invalid.")
        key = call.query.get("key") or call.headers.get("key")
        if not key:
            return refused(401, 1002, "API key is invalid or not provided.")
        if key != SECRETS["meteorology"]["key"]:
            return refused(401, 2006, "API key is invalid.")
        if not call.query.get("q"):
            return refused(400, 1003, "Parameter q is missing.")
        if call.query["q"].lower() not in PLACES:
            return refused(400, 1006, "No matching location found.")
        old = bool(trouble and trouble.kind == "old")
        air = call.query.get("aqi") == "yes"
        return as_json(self.sky.current(self.clock.now(), air=air, old=old))


def refused(status: int, code: int, message: str) -> Answer:
    """WeatherAPI's words for a refusal."""
    return as_json({"error": {"code": code, "message": message}}, status)
