"""meteorology/workbook: the current observation, the batch alternative to the stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from functions.ingest.found import Found, NothingNew, Question, sheet_of
from functions.ingest.transport import ShapeError
from lake.flat import flat

_LOCATION: Final = (
    *("name", "region", "country", "lat", "lon", "tz_id", "localtime_epoch", "localtime"),
)
_CURRENT: Final = (
    *("last_updated_epoch", "last_updated", "temp_c", "temp_f", "is_day"),
    *("condition.text", "condition.icon", "condition.code"),
    *("wind_mph", "wind_kph", "wind_degree", "wind_dir", "pressure_mb", "pressure_in"),
    *("precip_mm", "precip_in", "humidity", "cloud", "feelslike_c", "feelslike_f"),
    *("windchill_c", "windchill_f", "heatindex_c", "heatindex_f", "dewpoint_c", "dewpoint_f"),
    *("vis_km", "vis_miles", "uv", "gust_mph", "gust_kph"),
    *(f"air_quality.{gas}" for gas in ("co", "no2", "o3", "so2", "pm2_5", "pm10")),
    *("air_quality.us-epa-index", "air_quality.gb-defra-index"),
)
HEADER: Final = (
    "run_ts_utc",
    *(f"location.{name}" for name in _LOCATION),
    *(f"current.{name}" for name in _CURRENT),
)


def ask(question: Question) -> Found | NothingNew:
    """One row, unless the station has nothing newer than what landed last."""
    answer = question.keyed.get("/current.json", question.query, _check)
    at = question.now().astimezone(UTC)
    observed = int(answer["current"]["last_updated_epoch"])
    if question.mark and observed <= int(question.mark):
        when = datetime.fromtimestamp(observed, UTC)
        return NothingNew(f"the observation of {when:%Y-%m-%d %H:%M} UTC has landed already")
    row = {"run_ts_utc": f"{at:%Y-%m-%d %H:%M:%S}", **flat(answer)}
    content = sheet_of("Hoja1", HEADER, [row])
    return Found(f"meteorology-{at:%Y-%m-%dT%H%M}Z.xlsx", content, 1, mark=str(observed))


def _check(answer: Any) -> None:
    for part, name in (
        ("location", "name"),
        ("current", "last_updated_epoch"),
        ("current", "temp_c"),
    ):
        within = answer.get(part) if isinstance(answer, dict) else None
        if not isinstance(within, dict) or within.get(name) is None:
            raise ShapeError(f"an answer without {part}.{name}")
    if not isinstance(answer["current"]["last_updated_epoch"], int):
        raise ShapeError("a last_updated_epoch that is no number")
