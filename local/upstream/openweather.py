"""OpenWeather: /weather, with the errors of its documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local.upstream import SECRETS
from local.upstream.answers import Answer, Call, as_json
from local.upstream.clock import VirtualClock
from local.upstream.troubles import Trouble
from scripts.samples.openweather import PLACES, reply

_BY_NAME: Final = {"riohacha,co": "riohacha", "riohacha": "riohacha"}
_KEY_WORDS: Final = (
    "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."
)


@dataclass
class OpenWeatherStandIn:
    """One service."""

    clock: VirtualClock

    def answer(self, call: Call, trouble: Trouble | None = None) -> Answer:
        """What OpenWeather answers; it has no trouble of its own."""
        del trouble
        if call.path.rstrip("/") != "/data/2.5/weather":
            return refused(404, "Internal error")
        if call.query.get("appid") != SECRETS["openweather"]["key"]:
            return refused(401, _KEY_WORDS)
        city = _place(call)
        if city is None:
            asked = {"q", "lat", "lon"} & call.query.keys()
            return refused(404, "city not found") if asked else refused(400, "Nothing to geocode")
        said = reply(city, self.clock.now(), lang=call.query.get("lang", "en"))
        if call.query.get("units") != "metric":
            said["main"]["temp"] = round(said["main"]["temp"] + 273.15, 2)
        return as_json(said)


def _place(call: Call) -> str | None:
    """By its name, or the place whose coordinates are near."""
    if "q" in call.query:
        return _BY_NAME.get(call.query["q"].lower())
    try:
        lat, lon = float(call.query["lat"]), float(call.query["lon"])
    except (KeyError, ValueError):
        return None
    near = (name for name, one in PLACES.items() if abs(one.lat - lat) + abs(one.lon - lon) < 0.1)
    return next(near, None)


def refused(status: int, message: str) -> Answer:
    """OpenWeather's words for a refusal; only a 401 has its code as a number."""
    return as_json({"cod": status if status == 401 else str(status), "message": message}, status)
