"""Stand-ins of what the lake asks: EMT MobilityLabs, WeatherAPI, OpenWeather; shapes as real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "/_upstream"
# What the stand-ins let in; on the laptop these are the lake's secrets. They open nothing else.
SECRETS: Final[Mapping[str, Mapping[str, str]]] = {
    "emt": {"email": "lake@example.org", "password": "stand-in-password"},
    "meteorology": {"key": "stand-in-key"},
    "openweather": {"key": "stand-in-appid"},
}


def urls(endpoint: str) -> dict[str, str]:
    """Where each API stands in, by its name in the catalogue."""
    return {
        "emt": f"{endpoint}{PREFIX}/emt",
        "weatherapi": f"{endpoint}{PREFIX}/weatherapi/v1",
        "openweather": f"{endpoint}{PREFIX}/openweather/data/2.5",
    }
