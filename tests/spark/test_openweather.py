"""OpenWeather's files as rows: whose they are, when they were, what sun and wind give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from domains.openweather.clients.openweather import parquet
from domains.openweather.transforms import dimensions, solar
from domains.openweather.transforms import gold as openweather_gold
from domains.openweather.transforms import silver as openweather_silver
from domains.openweather.transforms.period import Keep, chosen
from lake.catalog import Catalog
from tests.spark.sheets import RECEIVED, Read

CATALOG = Catalog.bundled()
TABLE = "openweather_silver.weather"
AT = datetime(2025, 10, 11, 18, 0, 3, tzinfo=UTC)
# The reply of OpenWeather's own documentation, moved to Patagonia's coordinate.
REPLY: Mapping[str, Any] = {
    "coord": {"lon": -68.9063, "lat": -41.8101},
    "weather": [
        {"id": 501, "main": "Rain", "description": "lluvia moderada", "icon": "10d"},
        {"id": 701, "main": "Mist", "description": "niebla", "icon": "50d"},
    ],
    "main": {
        "temp": 8.48,
        "feels_like": 4.74,
        "temp_min": 7.56,
        "temp_max": 9.05,
        "pressure": 1015,
        "humidity": 64,
    },
    "visibility": 10000,
    "wind": {"speed": 8.0, "deg": 349, "gust": 11.2},
    "rain": {"1h": 3.16},
    "clouds": {"all": 100},
    "dt": 1760236200,  # 2025-10-12 02:30 UTC: still the 11th in Patagonia
    "sys": {"country": "AR", "sunrise": 1760176200, "sunset": 1760222700},
    "timezone": -10800,
    "name": "Ingeniero Jacobacci",
    "cod": 200,
}


def read(tmp_path: Path, content: bytes, source: str = "openweather/manual_patagonia") -> Read:
    return Read(CATALOG, source, content, tmp_path)


def row(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    said = {name: value for name, value in {**REPLY, **changes}.items() if value is not None}
    (found,) = read(tmp_path, json.dumps(said).encode()).rows(TABLE)
    return dict(found)


def test_a_reply_becomes_a_row_of_its_source_and_its_place(tmp_path: Path) -> None:
    found = row(tmp_path)

    # 0.5 * 1015 hPa / (287.05 * 281.63 K) * 8^3 m/s, with pencil and paper.
    assert found.pop("wind_power_wm2") == pytest.approx(321.42, abs=0.01)
    assert found == {
        "city": "Patagonia",  # the reply calls it Ingeniero Jacobacci
        "event_ts_utc": datetime(2025, 10, 12, 2, 30),
        "event_ts_local": datetime(2025, 10, 11, 23, 30),
        "tz_offset_s": -10800,
        "event_date": date(2025, 10, 11),
        "event_hour": 23,
        "event_year": 2025,
        "event_month": 10,
        "event_day": 11,
        "lat": -41.8101,
        "lon": -68.9063,
        "country": "AR",
        "resolved_name": "Ingeniero Jacobacci",
        "temp_c": 8.48,
        "feels_like_c": 4.74,
        "temp_min_c": 7.56,
        "temp_max_c": 9.05,
        "pressure_hpa": 1015,
        "humidity_pct": 64,
        "visibility_m": 10000,
        "wind_speed_ms": 8.0,
        "wind_deg": 349,
        "wind_gust_ms": 11.2,
        "clouds_pct": 100,
        "rain_1h_mm": 3.16,
        "snow_1h_mm": 0.0,  # it does not speak of snow: there is none
        "weather_id": 501,  # the first of two is the primary one
        "weather_main": "Rain",
        "weather_description": "lluvia moderada",
        "weather_icon": "10d",
        "sunrise_utc": datetime(2025, 10, 11, 9, 50),
        "sunset_utc": datetime(2025, 10, 11, 22, 45),
        "is_daytime": False,
        "wind_sector": "N",  # from 348.75 on
        "est_ghi_wm2": 0.0,
        "source": "manual",
        "source_file": "file.xlsx",
        "ingest_ts": RECEIVED,
    }


def test_a_poll_lands_what_its_job_reads(tmp_path: Path) -> None:
    content = parquet(dict(REPLY), AT)

    (found,) = read(tmp_path, content, "openweather/patagonia").rows(TABLE)

    assert (found["city"], found["source"]) == ("Patagonia", "airbyte")
    assert {**found, "source": "manual"} == row(tmp_path)
    (path := tmp_path / "p.parquet").write_bytes(content)
    with duckdb.connect() as reader:
        columns = reader.execute("FROM parquet_metadata(?)", [str(path)]).fetchdf()
    names, kinds = columns["path_in_schema"], columns["compression"]
    assert set(kinds) == {"SNAPPY"}
    assert {"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_generation_id"} <= set(names)


def test_objects_that_arrive_as_text_are_opened(tmp_path: Path) -> None:
    words = {
        name: json.dumps(value) if isinstance(value, dict | list) else value
        for name, value in REPLY.items()
    }
    columns = ", ".join(f"'{value}' AS {name}" for name, value in words.items())
    duckdb.sql(f"COPY (SELECT {columns}) TO '{tmp_path / 't.parquet'}' (FORMAT parquet)")

    content = (tmp_path / "t.parquet").read_bytes()
    (found,) = read(tmp_path, content, "openweather/patagonia").rows(TABLE)

    assert {**found, "source": "manual"} == row(tmp_path)


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"rain": None}, "rain_1h_mm", 0.0),
        ({"coord": None}, "lat", None),
        ({"coord": None, "lat": -41.5, "lon": -69.2}, "lat", -41.5),  # as history has it
        ({"rain": {"3h": 4.5}}, "rain_1h_mm", 1.5),
        ({"rain": {"1h": 0.5, "3h": 4.5}}, "rain_1h_mm", 0.5),
        ({"snow": {"1h": 0.4}}, "snow_1h_mm", 0.4),
        ({"snow": {"3h": 4.5}}, "snow_1h_mm", 1.5),
        ({"city_name": "Patagonia"}, "resolved_name", "Ingeniero Jacobacci"),
        ({"name": None, "city_name": "Patagonia"}, "resolved_name", "Patagonia"),
        ({"name": None}, "resolved_name", None),
        ({"name": "[Jacobacci"}, "resolved_name", "[Jacobacci"),  # it looks like JSON and is none
        ({"weather": []}, "weather_main", None),
        ({"clouds": None}, "est_ghi_wm2", 0.0),  # at night there is no sun to hide
        ({"clouds": None, "dt": 1760202000}, "est_ghi_wm2", None),
        ({"wind": {"speed": 3.0}}, "wind_sector", None),
        ({"wind": None}, "wind_power_wm2", None),
        ({"wind": {"speed": 3.0, "deg": 10}, "main": {"temp": 1.0}}, "wind_power_wm2", None),
        ({"main": {"temp": 20.0, "pressure": 1013.6}}, "pressure_hpa", 1014),
        ({"main": {"temp": 20.0, "humidity": 49.6}}, "humidity_pct", 50),
        ({"visibility": 9999.6}, "visibility_m", 10000),
        ({"wind": {"deg": 348.6}}, "wind_deg", 349),
        ({"clouds": {"all": 12.4}}, "clouds_pct", 12),
        ({"main": {"temp": 20.0}}, "humidity_pct", None),
        # A degree away is as near as a settlement may be: 41.810147 S, 68.906269 W.
        ({"coord": {"lat": -42.8, "lon": -69.9}}, "lat", -42.8),
        ({"coord": {"lat": -12.0}}, "lon", None),  # half a place is none, and believed
        ({"dt": 1760202000, "clouds": {"all": 0}}, "is_daytime", True),
    ],
)
def test_what_a_reply_does_not_speak_of(
    tmp_path: Path, changes: dict[str, Any], column: str, expected: object
) -> None:
    assert row(tmp_path, **changes)[column] == expected


@pytest.mark.parametrize(
    ("height", "clouds", "watts", "by_day"),
    [
        (-0.1, None, 0.0, False),
        (0.0, None, 0.0, False),
        (0.5, None, None, True),  # by day nobody knows it without the clouds
        (30.0, 0, 425.0, True),  # 910 / 2 - 30
        (30.0, 50, 394.8041, True),  # 2 ** 3.4 = 10.55606; 425 x (1 - 0.75 / 10.55606)
        (30.0, 100, 106.25, True),  # a quarter comes through
    ],
)
def test_the_sun_of_a_row_follows_from_its_height_and_the_clouds(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    height: float,
    clouds: int | None,
    watts: float | None,
    by_day: bool,
) -> None:
    monkeypatch.setattr(solar, "solar_elevation_deg", lambda *_: height)

    found = row(tmp_path, clouds=None if clouds is None else {"all": clouds})

    assert found["is_daytime"] is by_day
    assert found["est_ghi_wm2"] == (None if watts is None else pytest.approx(watts, abs=0.001))


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"dt": None}, "event_ts_utc", "required"),
        ({"dt": "noon"}, "event_ts_utc", "type"),
        ({"dt": -62135596800}, "event_ts_utc", "type"),  # no local year 0
        ({"dt": 253402300799}, "event_year", "between"),
        ({"main": {"humidity": 50}}, "temp_c", "required"),
        ({"main": {"temp": -90.1}}, "temp_c", "between"),
        ({"main": {"temp": 60.1}}, "temp_c", "between"),
        ({"main": {"temp": -273.15, "pressure": 1000}}, "temp_c", "between"),
        ({"main": {"temp": 20, "humidity": 101}}, "humidity_pct", "between"),
        ({"wind": {"speed": 1e308, "deg": 10}}, "wind_speed_ms", "between"),
        ({"wind": {"speed": 1, "deg": 361}}, "wind_deg", "between"),
        ({"clouds": {"all": -1}}, "clouds_pct", "between"),
        ({"rain": {"1h": -1}}, "rain_1h_mm", "between"),
        ({"coord": {"lat": 40.4165, "lon": -3.7026}}, "lat", "elsewhere"),  # Madrid
        ({"coord": {"lat": "up", "lon": -68.9}}, "lat", "type"),
        ({"coord": {"lat": -42.9, "lon": -68.9}}, "lat", "elsewhere"),
        ({"coord": {"lat": -41.8, "lon": -70.0}}, "lat", "elsewhere"),
        ({"coord": None, "lat": 40.4, "lon": -68.9}, "lat", "elsewhere"),  # as history has it
        ({"coord": None, "lat": -41.8, "lon": -3.7}, "lat", "elsewhere"),
        # By day, where the clouds are reckoned with.
        ({"dt": 1760202000, "clouds": {"all": -1}}, "clouds_pct", "between"),
        ({"dt": 1760202000, "clouds": {"all": 101}}, "clouds_pct", "between"),
        ({"dt": 1760202000, "clouds": {"all": 1e200}}, "clouds_pct", "type"),
    ],
)
def test_what_cannot_be_is_rejected_with_its_column_and_rule(
    tmp_path: Path, changes: dict[str, Any], column: str, rule: str
) -> None:
    said = {"dt": 1760202000, **REPLY, **changes}
    # A bad one among good ones: the file is not the row's fault.
    good = [{**REPLY, "dt": 1760000000 + 3600 * hour} for hour in range(30)]
    text = json.dumps([*good, {name: one for name, one in said.items() if one is not None}])

    found = read(tmp_path, text.encode())

    assert len(found.rows(TABLE)) == 30
    ((number, said_column, _, said_rule, _),) = found.rejects(TABLE)
    assert (number, said_column, said_rule) == (31, column, rule)


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"main": {"temp": "cold"}}, "temp_c", "cold"),
        ({"main": {"temp": 1, "pressure": "low"}}, "pressure_hpa", "low"),
        ({"main": {"temp": 1, "humidity": "wet"}}, "humidity_pct", "wet"),
        ({"visibility": "far"}, "visibility_m", "far"),
        ({"wind": {"speed": "strong"}}, "wind_speed_ms", "strong"),
        ({"wind": {"speed": 1, "deg": "N"}}, "wind_deg", "N"),
        ({"clouds": {"all": "few"}}, "clouds_pct", "few"),
        ({"rain": {"1h": "some"}}, "rain_1h_mm", "some"),
        ({"rain": {"3h": "some"}}, "rain_1h_mm", "some"),
        ({"coord": {"lat": -41.8, "lon": "west"}}, "lon", "west"),
        ({"dt": "noon"}, "event_ts_utc", "noon"),
    ],
)
def test_what_is_no_number_is_blamed_on_its_own_column_with_what_stood_there(
    tmp_path: Path, changes: dict[str, Any], column: str, value: str
) -> None:
    found = read(tmp_path, json.dumps([{**REPLY, **changes}] + [dict(REPLY)] * 30).encode())

    ((number, said_column, said_value, rule, _),) = found.rejects(TABLE)
    assert (number, said_column, said_value, rule) == (1, column, value, "type")


# --- which months --------------------------------------------------------------------------------


NAMES = {"riohacha": "Riohacha", "patagonia": "Patagonia"}
TODAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("said", "years", "months"),
    [
        ({}, (2024, 2025, 2026), (3,)),
        ({"years": [2024, 2025, 2024], "months": [10]}, (2024, 2025), (10,)),
        ({"days": [date(2024, 12, 31), date(2025, 1, 1)]}, (2024, 2025), (1, 12)),
        ({"days": [date(2024, 12, 31)], "months": [2]}, (2024,), (2,)),
    ],
)
def test_what_is_not_said_follows_from_the_day(
    said: dict[str, Any], years: tuple[int, ...], months: tuple[int, ...]
) -> None:
    keep = Keep.of(NAMES, TODAY, **said)

    assert (keep.years, keep.months) == (years, months)


def test_a_run_in_2024_names_no_year_twice_and_last_year_is_looked_at() -> None:
    assert Keep.of(NAMES, date(2024, 5, 1)).years == (2023, 2024)


def test_the_part_of_a_table_stands_in_literals() -> None:
    keep = Keep.of(NAMES, TODAY, [2024, 2025], [1, 10])

    assert keep.where("y", "m", [(2023, 5), (2024, 1)]) == (
        "((y = 2023 AND m IN (5)) OR (y = 2024 AND m IN (1,10)) OR (y = 2025 AND m IN (1,10)))"
    )
    assert keep.of_period("t.") == "t.years = '2024,2025' AND t.months = '1,10'"
    assert keep.of_names("city") == "city IN ('Riohacha', 'Patagonia')"


def test_cities_are_chosen_by_name_and_known_by_their_lasting_key() -> None:
    cities = CATALOG.data["openweather/cities"]

    assert chosen(cities, None) == NAMES
    assert chosen(cities, ["Patagonia"]) == {"patagonia": "Patagonia"}


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (openweather_gold, ["--cities", "Patagonia,Riohaca"]),
        (openweather_silver, ["--city", "Riohaca"]),
    ],
)
def test_an_unknown_city_is_a_usage_error_that_names_the_nearest(
    job: ModuleType, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        job.run(words)

    assert ended.value.code == 2
    assert "no city is called 'Riohaca' (did you mean 'Riohacha'?)" in capsys.readouterr().err


# --- dimensions ----------------------------------------------------------------------------------


def test_a_month_has_each_of_its_days_once() -> None:
    days = dimensions.days([(2024, 2), (2024, 12)])

    assert len(days) == 29 + 31
    assert days[28] == {
        "date_key": 20240229,
        "date": date(2024, 2, 29),
        "year": 2024,
        "quarter": 1,
        "month": 2,
        "month_name": "February",
        "day": 29,
        "day_of_year": 60,
        "iso_week": 9,
        "day_of_week": 4,
        "is_weekend": False,
        "season_south": "summer",
    }
    # The 29th, 30th and 31st of December 2024: Sunday of week 52, then week 1 of 2025.
    assert [(day["iso_week"], day["is_weekend"]) for day in days[-3:]] == [
        (52, True),
        (1, False),
        (1, False),
    ]


@pytest.mark.parametrize(
    ("month", "season"),
    [(12, "summer"), (3, "autumn"), (5, "autumn"), (6, "winter"), (9, "spring"), (11, "spring")],
)
def test_seasons_of_the_south(month: int, season: str) -> None:
    assert {day["season_south"] for day in dimensions.days([(2025, month)])} == {season}
