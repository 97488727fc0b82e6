"""WeatherAPI's records as they are, and what the poller makes of them."""

from __future__ import annotations

import json
from typing import Any

EPOCH = 1_756_454_400  # 2025-08-29 08:00:00 UTC
RECEIVED_AT = "2025-08-29T08:03:07.250+00:00"
SOURCE = "meteorology/stream"


def observation(number: int = 0, place: str = "Madrid") -> dict[str, Any]:
    """What current.json answers; each number is another half hour."""
    epoch = EPOCH + 1800 * number
    temperature = 20 + number % 150 / 10
    return {
        "location": {
            "name": place,
            "region": "Madrid",
            "country": "Spain",
            "lat": 40.4086,
            "lon": -3.6922,
            "tz_id": "Europe/Madrid",
            "localtime_epoch": epoch + 187,
            "localtime": "2025-08-29 10:03",
        },
        "current": {
            "last_updated_epoch": epoch,
            "last_updated": "2025-08-29 10:00",
            "temp_c": temperature,
            "temp_f": round(temperature * 1.8 + 32, 1),
            "is_day": 1,
            "condition": {"text": "Sunny", "icon": "//cdn.example.org/113.png", "code": 1000},
            "wind_mph": 4.3,
            "wind_kph": 6.8,
            "wind_degree": 215,
            "wind_dir": "SW",
            "pressure_mb": 1017.0,
            "pressure_in": 30.03,
            "precip_mm": 0.0,
            "precip_in": 0.0,
            "humidity": 33,
            "cloud": 0,
            "feelslike_c": 24.6,
            "feelslike_f": 76.3,
            "vis_km": 10.0,
            "vis_miles": 6.0,
            "uv": 3.1,
            "gust_mph": 7.7,
            "gust_kph": 12.4,
            "air_quality": {
                "co": 231.25,
                "no2": 11.285,
                "o3": 82.0,
                "so2": 2.775,
                "pm2_5": 8.695,
                "pm10": 13.135,
                "us-epa-index": 1,
                "gb-defra-index": 1,
            },
        },
    }


def envelope(body: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """The record that the poller puts, as a tree."""
    whole = {"source": SOURCE, "received_at": RECEIVED_AT, "observation": body or observation()}
    return whole | changed


def record(number: int = 0, place: str = "Madrid") -> bytes:
    """The record that the poller puts."""
    return json.dumps(envelope(observation(number, place))).encode()
