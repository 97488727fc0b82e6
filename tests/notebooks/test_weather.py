"""The notebook of the weather has a picture for each of seven questions, and says its samples."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.running import Rows, plots, published, row, run, said

NOTEBOOK = "weather.ipynb"
CITIES = {"riohacha": "Riohacha", "patagonia": "Patagonia"}
OCTOBER = {"years": "2024,2025", "months": "10"}


def rows() -> Rows:
    """A month of two cities, of which one has no hour of the year before."""

    def each(result: str, *many: dict[str, Any]) -> list[dict[str, Any]]:
        stamp = {"generated_at": "2025-10-12T19:00:00Z"}
        return [
            row(f"openweather_{result}", city_key=key, city=name, **stamp, **one)
            for key, name in CITIES.items()
            for one in many
        ]

    month = {"year": 2025, "month": 10}
    days = [date(2025, 10, 1) + timedelta(days=number) for number in range(3)]
    ranked = [{**OCTOBER, "rank": n, "event_date": str(day)} for n, day in enumerate(days, 1)]
    score = {"avg_est_ghi_wm2": 300.0, "avg_wind_power_wm2": 90.0, "hours_observed": 20}
    hour = {"weather_main": "Clear", "humidity_pct": 40.0, "hours_seen": 700}
    return {
        "openweather_solar_hour_by_month": each(
            "solar_hour_by_month",
            *(
                {
                    **month,
                    "event_hour": at,
                    "obs_count": 31,
                    "days_covered": 31,
                    "avg_est_ghi_wm2": max(0.0, 800 - 100.0 * abs(12 - at)),
                    "avg_clouds_pct": 40.0,
                    "hour_rank": 1 + abs(12 - at),
                    "is_best_hour": at == 12,
                }
                for at in range(24)
            ),
        ),
        "openweather_wind_patterns": each(
            "wind_patterns",
            *(
                {
                    **month,
                    "event_hour": at,
                    "obs_count": 31,
                    "wind_mean_ms": 5.0,
                    "wind_p90_ms": 8.0,
                    "wind_max_ms": 9.0,
                    "calm_share": 0.1,
                }
                for at in range(24)
            ),
        ),
        "openweather_weather_main": each(
            "weather_main",
            {
                **month,
                "weather_main": "Clear",
                "hours": 500,
                "share": 0.7,
                "ghi_change_vs_clear_pct": 0.0,
            },
            {**month, "weather_main": "Mist", "hours": 200, "share": 0.3},
        ),
        "openweather_today_vs_last_year": [
            row(
                "openweather_today_vs_last_year",
                city_key=key,
                city=CITIES[key],
                date="2025-10-11",
                metric=metric,
                baseline_date="2024-10-11",
                generated_at="2025-10-12T19:00:00Z",
                n_hours_matched=matched,
                diff_pct=5.0 if matched else None,
            )
            for key, matched in (("riohacha", 23), ("patagonia", 0))
            for metric in ("temp_c", "rain_mm")
        ],
        "openweather_best_days": each(
            "best_days",
            *({**one, **score, "combined_score": 0.9, "days_ranked": 60} for one in ranked),
        ),
        "openweather_worst_days": each(
            "worst_days",
            *({**one, **score, "combined_score": 0.1, "days_ranked": 60} for one in ranked),
        ),
        "openweather_wind_sectors": each(
            "wind_sectors",
            {
                **OCTOBER,
                "rank": 1,
                "wind_sector": "E",
                "sector_center_deg": 90.0,
                "hours": 300,
                "share": 0.6,
                "wind_mean_ms": 6.0,
            },
            {
                **OCTOBER,
                "months": "9",
                "rank": 1,
                "wind_sector": "N",
                "sector_center_deg": 0.0,
                "hours": 2,
                "share": 1.0,
                "wind_mean_ms": 6.0,
            },
        ),
        "openweather_hottest_hours": each(
            "hottest_hours",
            *(
                {**one, **hour, "event_ts_local": f"{one['event_date']}T15:00:00", "temp_c": 33.0}
                for one in ranked
            ),
        ),
        "openweather_coldest_hours": each(
            "coldest_hours",
            *(
                {**one, **hour, "event_ts_local": f"{one['event_date']}T05:00:00", "temp_c": -3.0}
                for one in ranked
            ),
        ),
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_each_question_has_its_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with published(rows()) as url:
        shown = run(NOTEBOOK, url, monkeypatch, tmp_path)

    assert len(plots(shown)) == 7
    assert [one for one in shown if one.get("name") == "stderr"] == []
    assert said(shown) == ""
