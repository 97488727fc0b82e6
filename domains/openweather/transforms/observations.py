"""OpenWeather's observations, however they came: one row for each, with what sun and wind give."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from domains.openweather.transforms import solar
from jobs.records import Cells, Context, Event, Reject, Row, Transform
from lake import mapping
from lake.catalog import Mapped
from lake.conform import Refused, number
from lake.errors import CatalogError
from lake.flat import flat_through
from lake.names import nearest

TABLE: Final = "openweather_silver.weather"
CITIES: Final = "openweather/cities"
# Where each column of a reply stands. `weather` may list several: the first is the primary one.
_CELLS: Final[Mapping[str, Mapped]] = {
    name: Mapped(source=cell)
    for name, cell in {
        "lat": "coord.lat",
        "lon": "coord.lon",
        "country": "sys.country",
        "temp_c": "main.temp",
        "feels_like_c": "main.feels_like",
        "temp_min_c": "main.temp_min",
        "temp_max_c": "main.temp_max",
        "pressure_hpa": "main.pressure",
        "humidity_pct": "main.humidity",
        "visibility_m": "visibility",
        "wind_speed_ms": "wind.speed",
        "wind_deg": "wind.deg",
        "wind_gust_ms": "wind.gust",
        "clouds_pct": "clouds.all",
        "rain_1h_mm": "rain.1h",
        "snow_1h_mm": "snow.1h",
        "weather_id": "weather.0.id",
        "weather_main": "weather.0.main",
        "weather_description": "weather.0.description",
        "weather_icon": "weather.0.icon",
    }.items()
} | {
    name: Mapped(source=cell, epoch="s")
    for name, cell in {
        "event_ts_utc": "dt",
        "sunrise_utc": "sys.sunrise",
        "sunset_utc": "sys.sunset",
    }.items()
}
# A reply calls the place as it likes, a bulk of history calls it once more.
_NAMES: Final = ("name", "city_name")
# What a reply does not speak of did not happen.
_FALLEN: Final[Mapping[str, str]] = {"rain_1h_mm": "rain.3h", "snow_1h_mm": "snow.3h"}
# OpenWeather answers for a settlement, which lies a walk away and never a day.
_NEAR_DEG: Final = 1.0
_WHOLE: Final = ("pressure_hpa", "humidity_pct", "visibility_m", "wind_deg", "clouds_pct")
_NUMBERS: Final = (*_WHOLE, "wind_speed_ms", "temp_c")  # out of which others are reckoned


@dataclass(frozen=True)
class City:
    """A place as the catalogue has it."""

    name: str
    lat: float
    lon: float
    zone: ZoneInfo

    @classmethod
    def of(cls, name: str, data: Mapping[str, Any]) -> City:
        """The declared place of that name."""
        known = {str(one["name"]): one for one in data[CITIES]["cities"]}
        if name not in known:
            raise CatalogError(f"no city is called '{name}'{nearest(name, known)}")
        said = known[name]
        return cls(name, float(said["lat"]), float(said["lon"]), ZoneInfo(said["zone"]))


def parse(rows: Iterable[tuple[int, Cells]], context: Context) -> Iterator[Event]:
    """One row for each observation; whose it is says the source, never the reply."""
    said = context.source.constants
    city = City.of(said["city"], context.data)
    known = {
        "source": said["source"],
        "source_file": context.file_name,
        "ingest_ts": context.received_at,
    }
    for row_number, cells in rows:
        values: dict[str, object] = dict(known)
        opened = _opened(cells)
        try:
            for column, mapped in _CELLS.items():
                cell = mapping.cell(mapped, column, opened)
                values[column] = mapping.read(cell, mapped)
            for column, of_three_hours in _FALLEN.items():
                cell = opened.get(of_three_hours)
                values[column] = _fallen(values[column], cell)
            column, cell = "lon", opened.get("coord.lon", opened.get("lon"))
            lon = _number(cell)
            column, cell = "lat", opened.get("coord.lat", opened.get("lat"))
            _require_near(city, _number(cell), lon)
            numbers: dict[str, float | None] = {}
            for column in _NUMBERS:
                cell = values[column]
                numbers[column] = _number(cell)
            column, cell = "event_ts_utc", opened.get("dt")
            values |= _derived(values["event_ts_utc"], numbers, city)
        except Refused as refused:
            yield Reject(TABLE, row_number, column, cell, refused.rule, refused.reason)
            continue
        if values["lat"] is None:
            values |= {"lat": opened.get("lat"), "lon": opened.get("lon")}
        values["resolved_name"] = next((opened[one] for one in _NAMES if opened.get(one)), None)
        yield Row(TABLE, row_number, values)


def _require_near(city: City, lat: float | None, lon: float | None) -> None:
    """Somebody may have dropped the file of another place; a reply without a place is believed."""
    if lat is None or lon is None:
        return
    if abs(lat - city.lat) > _NEAR_DEG or abs(lon - city.lon) > _NEAR_DEG:
        where = f"{lat:.2f}, {lon:.2f}"
        raise Refused("elsewhere", f"it was observed at {where}, which is not {city.name}")


def _opened(cells: Cells) -> Cells:
    """Cells of which some hold JSON in a text: a destination may have flattened nothing."""
    found: dict[str, object] = {}
    for name, value in cells.items():
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                found |= flat_through({name: json.loads(value)})
            except ValueError:
                found[name] = value
        else:
            found[name] = value
    return found


def _derived(at: object, numbers: Mapping[str, float | None], city: City) -> dict[str, object]:
    """What follows from an observation: its local time, sun and wind."""
    if not isinstance(at, datetime):
        return {"city": city.name}  # the table refuses the row: the moment is required
    try:
        local = at.replace(tzinfo=UTC).astimezone(city.zone)
    except OverflowError as error:
        raise Refused("type", "is no moment: beyond every calendar") from error
    offset = local.utcoffset()
    degrees = numbers["wind_deg"]
    height = solar.solar_elevation_deg(city.lat, city.lon, at)
    found: dict[str, object] = {
        "city": city.name,
        "event_ts_local": local.replace(tzinfo=None),
        "tz_offset_s": int(offset.total_seconds()) if offset else 0,
        "event_date": local.date(),
        "event_hour": local.hour,
        "event_year": local.year,
        "event_month": local.month,
        "event_day": local.day,
        "is_daytime": height > 0,
        "wind_sector": None if degrees is None else solar.sector(degrees),
        "est_ghi_wm2": _irradiance(height, numbers["clouds_pct"]),
        "wind_power_wm2": _wind_power(
            numbers["wind_speed_ms"], numbers["pressure_hpa"], numbers["temp_c"]
        ),
    }
    # History has a few of them with a fraction; the tables keep whole ones, as replies have them.
    for name in _WHOLE:
        said = numbers[name]
        found[name] = None if said is None else round(said)
    return found


def _number(value: object) -> float | None:
    return None if value is None else number(value)


def _fallen(of_an_hour: object, of_three_hours: object) -> object:
    """Rain or snow of an hour; history knows some of three hours, of which a third counts."""
    if of_an_hour is None and of_three_hours is not None:
        whole = number(of_three_hours)
        return None if whole is None else whole / 3
    return 0.0 if of_an_hour is None else of_an_hour


def _irradiance(height: float, clouds: float | None) -> float | None:
    if height <= 0:
        return 0.0  # whatever the clouds
    # A share beyond its bounds breaks the table's check, and must not break the formula before.
    return None if clouds is None else solar.irradiance_wm2(height, min(max(clouds, 0), 100))


def _wind_power(
    speed: float | None, pressure: float | None, temperature: float | None
) -> float | None:
    if speed is None or pressure is None or temperature is None:
        return None
    try:
        return solar.wind_power_wm2(speed, pressure, temperature)
    except (OverflowError, ZeroDivisionError):
        return None  # values that the table's checks refuse


TRANSFORM: Final = Transform(parse, implied={TABLE: ("event_year", "event_month", "event_day")})
