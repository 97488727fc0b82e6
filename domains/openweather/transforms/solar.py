"""Sun and wind out of plain measurements: how high the sun stands, what it and the wind could give.

Formulas: the Astronomical Almanac's short form for the sun, good to a hundredth of a degree;
Kasten and Czeplak's global irradiance under clouds; the power of air as dense as pressure and
temperature make it.
"""

from __future__ import annotations

from datetime import datetime
from math import asin, atan2, cos, degrees, radians, sin
from typing import Final

SECTORS: Final = (
    *("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE"),
    *("S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"),
)
# Below it a vane points anywhere.
CALM_MS: Final = 1.5
_EPOCH: Final = datetime(2000, 1, 1, 12)  # noqa: DTZ001 (UTC, as all of the lake)
_WIDTH_DEG: Final = 360 / len(SECTORS)
_DRY_AIR_J_KG_K: Final = 287.05
_ZERO_C_IN_K: Final = 273.15


def solar_elevation_deg(lat: float, lon: float, at: datetime) -> float:
    """How high the sun stands above the horizon of a place, at a moment in UTC."""
    days = (at - _EPOCH).total_seconds() / 86_400
    mean_longitude = 280.460 + 0.9856474 * days
    anomaly = radians(357.528 + 0.9856003 * days)
    longitude = radians(mean_longitude + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.0000004 * days)
    declination = asin(sin(tilt) * sin(longitude))
    right_ascension = atan2(cos(tilt) * sin(longitude), cos(longitude))
    # The Earth's turn at the moment: 24.0657 sidereal hours a day, from noon of the epoch on.
    turn_deg = (18.697375 + 24.0657098242 * days) * 15
    hour_angle = radians(turn_deg + lon) - right_ascension
    height = sin(radians(lat)) * sin(declination)
    height += cos(radians(lat)) * cos(declination) * cos(hour_angle)
    return degrees(asin(max(-1.0, min(1.0, height))))


def irradiance_wm2(elevation_deg: float, clouds_pct: float) -> float:
    """What of the sun reaches the ground; nothing at night."""
    clear = max(0.0, 910 * sin(radians(elevation_deg)) - 30)
    return clear * (1 - 0.75 * float((clouds_pct / 100) ** 3.4))


def wind_power_wm2(speed_ms: float, pressure_hpa: float, temp_c: float) -> float:
    """The power of the wind through a square metre."""
    density = pressure_hpa * 100 / (_DRY_AIR_J_KG_K * (temp_c + _ZERO_C_IN_K))
    return 0.5 * density * speed_ms**3


def sector(direction_deg: float) -> str:
    """The sixteenth of the compass that a direction lies in; north lies around 0."""
    return SECTORS[int((direction_deg % 360 + _WIDTH_DEG / 2) // _WIDTH_DEG) % len(SECTORS)]
