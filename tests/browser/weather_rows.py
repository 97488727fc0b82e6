"""The weather of two places, made up so that every figure can be counted by hand."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, Final

Row = dict[str, Any]

PATAGONIA: Final = {"city_key": "patagonia", "city": "Patagonia"}
RIOHACHA: Final = {"city_key": "riohacha", "city": "Riohacha"}
OCTOBERS: Final = {"years": "2024,2025", "months": "10"}
SEPTEMBER: Final = {"years": "2025", "months": "9"}
TODAY: Final = "2025-10-11"
# By metric: this day and a year before. Nothing rained a year before, so no percent fits.
COMPARED: Final = {
    "clouds_pct": (50.0, 40.0),
    "est_ghi_wm2": (180.0, 240.0),
    "humidity_pct": (66.0, 60.0),
    "rain_mm": (3.5, 0.0),
    "temp_c": (9.0, 12.0),
    "wind_power_wm2": (900.0, 225.0),
    "wind_speed_ms": (9.6, 8.0),
}
ROSE: Final = (
    ("W", 270.0, 400, 11.0),
    ("WNW", 292.5, 200, 12.5),
    ("NW", 315.0, 100, 8.0),
    ("WSW", 247.5, 80, 7.0),
    ("SW", 225.0, 60, 5.0),
)
TRADES: Final = (
    ("ENE", 67.5, 50, 7.5),
    ("E", 90.0, 30, 6.0),
    ("N", 0.0, 20, 2.5),
)


def shine(peak: float, noon: int, hour: int) -> float:
    """Sun from six hours before noon to six after, like a tent."""
    return max(0.0, peak * (1 - abs(hour - noon) / 6))


def sun() -> list[Row]:
    """Patagonia: two Octobers. Riohacha: a whole year, its noon at 12, in August at 11 too."""

    def hours(place: Row, year: int, month: int, days: int, peak: float, noon: int) -> list[Row]:
        means = [shine(peak, noon, hour) for hour in range(24)]
        best = means.index(max(means))
        order = sorted(range(24), key=lambda hour: (-means[hour], hour))
        return [
            place
            | {
                "year": year,
                "month": month,
                "event_hour": hour,
                "obs_count": days,
                "days_covered": days,
                "avg_est_ghi_wm2": means[hour],
                "avg_clouds_pct": 40.0,
                "hour_rank": order.index(hour) + 1,
                "is_best_hour": hour == best,
            }
            for hour in range(24)
        ]

    rows = hours(PATAGONIA, 2024, 10, 30, 600, 13) + hours(PATAGONIA, 2025, 10, 10, 680, 13)
    for month in range(1, 13):
        found = hours(RIOHACHA, 2025, month, monthrange(2025, month)[1], 820 + 10 * month, 12)
        if month == 8:
            found[11]["avg_est_ghi_wm2"] = found[12]["avg_est_ghi_wm2"]
        rows += found
    return rows


def wind() -> list[Row]:
    """Each hour as strong as its number says, in September half of it; calm before six."""

    def hours(place: Row, year: int, month: int, count: int, factor: float) -> list[Row]:
        return [
            place
            | {
                "year": year,
                "month": month,
                "event_hour": hour,
                "obs_count": 5 if hour == 3 and month == 9 else count,
                "wind_mean_ms": factor * (4 + (hour * 7 % 24) / 4),
                "wind_p90_ms": factor * (7 + (hour * 7 % 24) / 4),
                "wind_max_ms": factor * 16 + hour / 8,
                "calm_share": 0.2 if hour < 6 else 0.05,
                "wind_power_mean_wm2": 300.0,
                "prevailing_sector": "W",
                "sector_share": 0.4,
            }
            for hour in range(24)
        ]

    return [
        *hours(PATAGONIA, 2024, 10, 30, 1.0),
        *hours(PATAGONIA, 2025, 9, 10, 0.5),
        *hours(RIOHACHA, 2025, 10, 31, 0.8),
    ]


def kinds() -> list[Row]:
    """The second October of Patagonia had no clear hour, so it says nothing of the sun."""

    def one(place: Row, year: int, kind: str, hours: int, of: int, change: float | None) -> Row:
        return place | {
            "year": year,
            "month": 10,
            "weather_main": kind,
            "hours": hours,
            "share": hours / of,
            "avg_est_ghi_wm2": 200.0,
            "avg_wind_power_wm2": 300.0,
            "ghi_change_vs_clear_pct": change,
            "wind_change_vs_clear_pct": None if change is None else -change / 2,
        }

    return [
        one(PATAGONIA, 2024, "Clear", 200, 500, 0.0),
        one(PATAGONIA, 2024, "Clouds", 250, 500, -20.0),
        one(PATAGONIA, 2024, "Rain", 50, 500, -64.0),
        one(PATAGONIA, 2025, "Clouds", 480, 500, None),
        one(PATAGONIA, 2025, "Snow", 20, 500, None),
        one(RIOHACHA, 2025, "Clear", 75, 100, 0.0),
        one(RIOHACHA, 2025, "Thunderstorm", 25, 100, 12.0),
    ]


def against() -> list[Row]:
    """Patagonia has its baseline today and had none yesterday; Riohacha has none today."""

    def rows(place: Row, day: str, known: bool) -> list[Row]:
        found = []
        for metric, (now, then) in COMPARED.items():
            values = (now, then) if known else (None, None)
            found.append(
                place
                | {
                    "date": day,
                    "baseline_date": day.replace("2025", "2024"),
                    "metric": metric,
                    "value_today": values[0],
                    "value_last_year": values[1],
                    "diff": now - then if known else None,
                    "diff_pct": 100 * (now - then) / then if known and then else None,
                    "n_hours_matched": 23 if known else 0,
                }
            )
        return found

    yesterday = "2025-10-10"
    return [
        *rows(PATAGONIA, yesterday, False),
        *rows(PATAGONIA, TODAY, True),
        *rows(RIOHACHA, TODAY, False),
    ]


def days(*, best: bool) -> list[Row]:
    """Ten days of two Octobers; three of one September."""

    def rows(place: Row, period: Row, first: date, count: int, ranked: int) -> list[Row]:
        return [
            place
            | period
            | {
                "rank": rank,
                "event_date": (first + timedelta(days=3 * rank)).isoformat(),
                "combined_score": (1 - rank / 20) if best else rank / 20,
                "avg_est_ghi_wm2": (300 if best else 120) - 5.0 * rank,
                "avg_wind_power_wm2": (1900 if best else 60) - 5.0 * rank,
                "hours_observed": 24 if rank > 1 else 20,
                "days_ranked": ranked,
            }
            for rank in range(1, count + 1)
        ]

    return [
        *rows(PATAGONIA, OCTOBERS, date(2024 if best else 2025, 10, 1), 10, 61),
        *rows(PATAGONIA, SEPTEMBER, date(2025, 9, 1), 3, 3),
        *rows(RIOHACHA, OCTOBERS, date(2025, 10, 1), 8, 41),
    ]


def sectors() -> list[Row]:
    """Patagonia: the five commonest of 1,000 hours. Riohacha: all of 100."""

    def rows(place: Row, period: Row, rose: tuple[tuple[Any, ...], ...], of: int) -> list[Row]:
        return [
            place
            | period
            | {
                "rank": rank,
                "wind_sector": sector,
                "sector_center_deg": degrees,
                "hours": hours,
                "share": hours / of,
                "wind_mean_ms": speed,
                "wind_power_mean_wm2": speed**3,
            }
            for rank, (sector, degrees, hours, speed) in enumerate(rose, 1)
        ]

    return [
        *rows(PATAGONIA, OCTOBERS, ROSE, 1000),
        *rows(PATAGONIA, SEPTEMBER, (("N", 0.0, 50, 4.0),), 50),
        *rows(RIOHACHA, OCTOBERS, TRADES, 100),
    ]


def extremes(*, hottest: bool) -> list[Row]:
    """Hot in the afternoon, cold before the sun rises."""

    def rows(place: Row, period: Row, month: int, top: float, seen: int, count: int) -> list[Row]:
        found = []
        for rank in range(1, count + 1):
            day, hour = 2 * rank, (15 if hottest else 5) + rank % 3
            found.append(
                place
                | period
                | {
                    "rank": rank,
                    "event_ts_local": f"2025-{month:02}-{day:02}T{hour:02}:00:00Z",
                    "event_date": f"2025-{month:02}-{day:02}",
                    "temp_c": top - rank / 2 if hottest else top - 24 + rank / 2,
                    "weather_main": None if rank == 2 else "Clear",
                    "humidity_pct": 30.0 + rank,
                    "hours_seen": seen,
                }
            )
        return found

    return [
        *rows(PATAGONIA, OCTOBERS, 10, 21.5, 1450, 10),
        *rows(PATAGONIA, SEPTEMBER, 9, 17.0, 72, 3),
        *rows(RIOHACHA, OCTOBERS, 10, 38.0, 744, 10),
    ]


def results() -> dict[str, list[Row]]:
    return {
        "openweather_solar_hour_by_month": sun(),
        "openweather_wind_patterns": wind(),
        "openweather_weather_main": kinds(),
        "openweather_today_vs_last_year": against(),
        "openweather_best_days": days(best=True),
        "openweather_worst_days": days(best=False),
        "openweather_wind_sectors": sectors(),
        "openweather_hottest_hours": extremes(hottest=True),
        "openweather_coldest_hours": extremes(hottest=False),
    }
