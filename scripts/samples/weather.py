"""Workbooks of half-hourly weather, as a Spanish Excel writes them: comma decimals, 1,76E+09."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from scripts.samples.model import Sample, Truth
from scripts.samples.workbook import Cell, xlsx

SOURCE = "meteorology/workbook"
PLACE = "Adolfo Suárez Madrid\N{EN DASH}Barajas Airport"
MADRID = ZoneInfo("Europe/Madrid")
HEADER = (
    "run_ts_utc",
    "location.name",
    "location.region",
    "location.country",
    "location.lat",
    "location.lon",
    "location.tz_id",
    "location.localtime_epoch",
    "location.localtime",
    "current.last_updated_epoch",
    "current.last_updated",
    "current.temp_c",
    "current.temp_f",
    "current.is_day",
    "current.condition.text",
    "current.condition.icon",
    "current.condition.code",
    "current.wind_mph",
    "current.wind_kph",
    "current.wind_degree",
    "current.wind_dir",
    "current.pressure_mb",
    "current.pressure_in",
    "current.precip_mm",
    "current.precip_in",
    "current.humidity",
    "current.cloud",
    "current.feelslike_c",
    "current.feelslike_f",
    "current.windchill_c",
    "current.windchill_f",
    "current.heatindex_c",
    "current.heatindex_f",
    "current.dewpoint_c",
    "current.dewpoint_f",
    "current.vis_km",
    "current.vis_miles",
    "current.uv",
    "current.gust_mph",
    "current.gust_kph",
    "current.air_quality.co",
    "current.air_quality.no2",
    "current.air_quality.o3",
    "current.air_quality.so2",
    "current.air_quality.pm2_5",
    "current.air_quality.pm10",
    "current.air_quality.us-epa-index",
    "current.air_quality.gb-defra-index",
)


def sample(seed: int, day: str, count: int = 24) -> Sample:
    """A day of polls; where the station had nothing new, the observation of before comes again."""
    random = Random(f"weather/{seed}/{day}")  # noqa: S311 - samples, no secrets
    polled = datetime.fromisoformat(f"{day}T06:30:02+00:00")
    observed = polled.replace(second=0)
    rows: list[tuple[Cell, ...]] = []
    seen: set[datetime] = set()
    for index in range(count):
        if index % 6 != 4:
            observed = polled.replace(second=0) - timedelta(minutes=15 * (index % 3))
        if not (index % 6 == 4 and rows):
            values = values_of(random)
        seen.add(observed)
        rows.append(row_of(polled, observed, values, spanish=index % 4 == 1))
        polled += timedelta(minutes=30)
    truth = Truth(
        sheet_rows=count,
        read=count,
        accepted=len(seen),
        duplicate=count - len(seen),
        tables={"meteorology_silver.meteorology_current": len(seen)},
    )
    keys = frozenset((PLACE, moment.astimezone(UTC).isoformat()) for moment in seen)
    content = xlsx("Hoja1", HEADER, rows)
    return Sample(SOURCE, f"meteorology-{day}.xlsx", content, truth, keys)


def values_of(random: Random) -> dict[str, float | str]:
    """What the station measures at one moment."""
    temp = round(random.uniform(15, 34), 1)
    wind = round(random.uniform(0, 50), 1)
    rain = random.choice([0.0, 0.0, 0.0, 0.2, 2.4])
    return {
        "temp_c": temp,
        "temp_f": round(temp * 9 / 5 + 32, 1),
        "is_day": 1.0,
        "condition.text": "Light rain" if rain else "Sunny",
        "condition.icon": "//cdn.weatherapi.com/weather/64x64/day/113.png",
        "condition.code": 1183.0 if rain else 1000.0,
        "wind_mph": round(wind / 1.609, 1),
        "wind_kph": wind,
        "wind_degree": float(random.randrange(360)),
        "wind_dir": random.choice(["N", "NNW", "WSW", "E"]),
        "pressure_mb": 1015.0,
        "precip_mm": rain,
        "humidity": float(random.randrange(20, 90)),
        "cloud": 25.0,
        "feelslike_c": temp + 1.5,
        "vis_km": 10.0,
        "uv": 6.3,
        "gust_kph": round(wind * 1.4, 1),
        "air_quality.co": 229.4,
        "air_quality.no2": 12.95,
        "air_quality.o3": 78.0,
        "air_quality.so2": 1.665,
        "air_quality.pm2_5": round(random.uniform(2, 25), 3),
        "air_quality.pm10": round(random.uniform(5, 40), 3),
        "air_quality.us-epa-index": 1.0,
        "air_quality.gb-defra-index": 2.0,
    }


def row_of(
    polled: datetime, observed: datetime, values: dict[str, float | str], *, spanish: bool
) -> tuple[Cell, ...]:
    """One poll as a row of the workbook."""
    known: dict[str, Cell] = {
        "run_ts_utc": polled.strftime("%Y-%m-%d %H:%M:%S"),
        "location.name": PLACE,
        "location.region": "Madrid",
        "location.country": "Spain",
        "location.lat": 40.4719009399414,
        "location.lon": -3.56263995170593,
        "location.tz_id": "Europe/Madrid",
        "location.localtime_epoch": polled.timestamp(),
        "location.localtime": polled.astimezone(MADRID).strftime("%Y-%m-%d %H:%M"),
        "current.last_updated_epoch": observed.timestamp(),
        "current.last_updated": observed.astimezone(MADRID).strftime("%Y-%m-%d %H:%M"),
    }
    known.update({f"current.{name}": value for name, value in values.items()})
    row = [known.get(name, 0.0) for name in HEADER]
    return (
        tuple(_spanish(name, cell) for name, cell in zip(HEADER, row, strict=True))
        if (spanish)
        else tuple(row)
    )


def _spanish(name: str, cell: Cell) -> Cell:
    """The number as text with a comma; an epoch as Excel shows a long number, digits lost."""
    if not isinstance(cell, float):
        return cell
    if name.endswith("_epoch"):
        return f"{cell:.2E}".replace(".", ",")
    return f"{cell:.0f}" if cell.is_integer() else f"{cell}".replace(".", ",")
