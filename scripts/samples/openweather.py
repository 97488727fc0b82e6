"""Weather of two places as OpenWeather tells it: made up, the same each time, and plausible.

Riohacha lies at a warm coast under trade winds from the east, Patagonia in the cold westerlies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from math import cos, pi, sin
from random import Random
from typing import Any, Final

from scripts.samples.model import Sample, Truth

_HOUR: Final = timedelta(hours=1)
_SPELL_HOURS: Final = 6  # a sky lasts as long
# id, group, in Spanish, in English as history speaks, picture
_KINDS: Final = {
    800: ("Clear", "cielo claro", "sky is clear", "01"),
    802: ("Clouds", "nubes dispersas", "scattered clouds", "03"),
    804: ("Clouds", "nubes", "overcast clouds", "04"),
    500: ("Rain", "lluvia ligera", "light rain", "10"),
    502: ("Rain", "lluvia de gran intensidad", "heavy intensity rain", "10"),
    211: ("Thunderstorm", "tormenta", "thunderstorm", "11"),
    600: ("Snow", "nevada ligera", "light snow", "13"),
}


@dataclass(frozen=True)
class Place:
    """A place and its climate."""

    city: str
    resolved: str  # the settlement that OpenWeather finds there
    country: str
    lat: float
    lon: float
    offset_s: int
    mean_c: float
    season_c: float  # how much warmer January is than the year
    day_c: float  # how much warmer three in the afternoon is than the day
    wind_ms: float
    wind_deg: int
    wet: float  # the share of spells with rain


PLACES: Final = {
    "riohacha": Place(
        "riohacha", "Riohacha", "CO", 11.5444, -72.9072, -18_000, 28.5, -1.0, 3.5, 5.5, 70, 0.12
    ),
    "patagonia": Place(
        *("patagonia", "Ingeniero Jacobacci", "AR", -41.810147, -68.906269, -10_800),
        *(8.0, 8.0, 6.0, 6.5, 270, 0.18),
    ),
}


def reply(city: str, at: datetime, *, lang: str = "es") -> dict[str, Any]:
    """What the API answers at a moment: its last observation, ten minutes old at most."""
    observed = at - timedelta(
        minutes=at.minute % 10, seconds=at.second, microseconds=at.microsecond
    )
    place, seen = PLACES[city], _seen(PLACES[city], observed, lang)
    noon = observed.replace(hour=12, minute=0, second=0) - timedelta(seconds=place.offset_s)
    return {
        "coord": {"lon": place.lon, "lat": place.lat},
        "weather": seen["weather"],
        "base": "stations",
        "main": seen["main"],
        "visibility": 6000 if "rain" in seen else 10000,
        "wind": seen["wind"],
        "clouds": seen["clouds"],
        **{name: seen[name] for name in ("rain", "snow") if name in seen},
        "dt": seen["dt"],
        "sys": {
            "country": place.country,
            "sunrise": int((noon - 6 * _HOUR).timestamp()),
            "sunset": int((noon + 6 * _HOUR).timestamp()),
        },
        "timezone": place.offset_s,
        "id": 3670745 if city == "riohacha" else 3855116,
        "name": place.resolved,
        "cod": 200,
    }


def history(city: str, first: datetime, hours: int) -> Iterator[dict[str, Any]]:
    """Hours as OpenWeather's bulk of history has them."""
    place = PLACES[city]
    for number in range(hours):
        at = first + number * _HOUR
        yield {
            **_seen(place, at, "en"),
            "dt_iso": f"{at:%Y-%m-%d %H:%M:%S} +0000 UTC",
            "timezone": place.offset_s,
            "city_name": place.resolved,
            "lat": place.lat,
            "lon": place.lon,
        }


def two_years(city: str, day: str) -> Sample:
    """The month of a day, until it is over everywhere, and the same of the year before, in bulk.

    One of its entries has lost its moment.
    """
    at = datetime.fromisoformat(day).replace(tzinfo=UTC, day=1)
    hours = 24 * int(day[-2:]) + 24
    both = [at.replace(year=at.year - 1), at]
    entries = [one for first in both for one in history(city, first, hours)]
    lost = {name: value for name, value in entries[-1].items() if name not in ("dt", "dt_iso")}
    content = json.dumps([*entries, lost]).encode()
    truth = Truth(
        sheet_rows=len(entries) + 1,
        read=len(entries) + 1,
        accepted=len(entries),
        rejected=1,
        tables={"openweather_silver.weather": len(entries)},
    )
    keys = frozenset((city.title(), one["dt"]) for one in entries)
    name = f"history-{city}-{day[:7]}.json"
    return Sample(f"openweather/manual_{city}", name, content, truth, keys)


def _seen(place: Place, at: datetime, lang: str) -> dict[str, Any]:
    local = at.astimezone(timezone(timedelta(seconds=place.offset_s)))
    spell = int(at.timestamp()) // (_SPELL_HOURS * 3600)
    sky = Random(f"{place.city}/{spell}")  # noqa: S311 (weather is no secret)
    now = Random(f"{place.city}/{int(at.timestamp())}")  # noqa: S311
    year = cos(2 * pi * (local.timetuple().tm_yday - 15) / 365.25)
    day = sin(2 * pi * (local.hour + local.minute / 60 - 9) / 24)
    temp = place.mean_c + place.season_c * year + place.day_c * day + now.gauss(0, 0.8)
    wet, covered = sky.random() < place.wet, sky.random()
    kind = _kind(wet, covered, temp, now)
    clouds = 0 if kind == 800 else {802: 40}.get(kind, 90)
    speed = max(0.2, place.wind_ms * (1 + 0.35 * day) * (0.4 + 1.1 * sky.random()))
    seen: dict[str, Any] = {
        "dt": int(at.astimezone(UTC).timestamp()),
        "main": {
            "temp": round(temp, 2),
            "feels_like": round(temp - 0.3 * speed, 2),
            "temp_min": round(temp - 0.5, 2),
            "temp_max": round(temp + 0.5, 2),
            "pressure": 1012 + sky.randint(-8, 8),
            "humidity": max(20, min(100, 60 + 30 * wet - round(15 * day) + now.randint(-5, 5))),
        },
        "wind": {
            "speed": round(speed, 2),
            "deg": round(place.wind_deg + sky.gauss(0, 30)) % 360,
            "gust": round(speed * 1.4, 2),
        },
        "clouds": {"all": min(100, clouds + now.randint(0, 10))},
        "weather": [_told(kind, lang, by_day=6 <= local.hour < 18)],
    }
    if kind in (500, 502, 211):
        seen["rain"] = {"1h": 0.8 if kind == 500 else 6.5}
    if kind == 600:
        seen["snow"] = {"1h": 0.6}
    return seen


def _kind(wet: bool, covered: float, temp: float, now: Random) -> int:
    if wet:
        return 600 if temp < 1 else now.choice((500, 500, 502, 211))
    return 800 if covered < 0.45 else 802 if covered < 0.75 else 804


def _told(kind: int, lang: str, *, by_day: bool) -> dict[str, Any]:
    main, spanish, english, icon = _KINDS[kind]
    return {
        "id": kind,
        "main": main,
        "description": spanish if lang == "es" else english,
        "icon": icon + ("d" if by_day else "n"),
    }
