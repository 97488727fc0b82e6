"""Two days of Madrid, made up so that every figure can be counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.browser import weather_rows

Row = dict[str, Any]

# Friday 29 August 2025, midnight in Madrid.
FIRST: Final = datetime(2025, 8, 28, 22, tzinfo=UTC)
HOURS: Final = 48
# Rain falls on the second day from 16 to 20 o'clock in Madrid.
RAIN: Final = {40: 0.4, 41: 2.6, 42: 4.2, 43: 1.1}
LINES: Final = ("27", "1", "146", "C1", "E3", "5", "N1", "150", "34", "74", "21", "53", "61", "132")
STREETS: Final = (
    "Cibeles",
    "Atocha",
    "Callao",
    "Moncloa",
    "Goya",
    "Sol",
    "Delicias",
    "Tetuán",
    "Ópera",
)


def at(hour: int) -> str:
    return (FIRST + timedelta(hours=hour)).isoformat().replace("+00:00", "Z")


def network() -> list[Row]:
    """120 rated predictions by day, 24 by night; one in eight late, in the rain three in eight."""
    rows = []
    for hour in range(HOURS):
        night = hour % 24 < 6
        rated = 24 if night else 120
        rain = RAIN.get(hour, 0.0)
        delayed = rated * 3 // 8 if rain else rated // 8 + (0 if night else (hour * 7) % 11)
        rows.append(
            {
                "event_hour": at(hour),
                "total_preds": rated + 30,
                "rated_preds": rated,
                "delayed_preds": delayed,
                "delay_rate": delayed / rated,
                "adverse_preds": rated + 30 if rain >= 0.5 else 0,
                "weather_attrib_delays": delayed if rain >= 0.5 else 0,
                "avg_temp_c": 24.5,
                "avg_wind_kph": 8 + (hour * 5) % 17 + rain * 6,
                "avg_precip_mm": rain,
                "worst_severity": severity(rain),
            }
        )
    return rows


def severity(rain: float) -> str:
    return "severe" if rain >= 2 else "bad" if rain >= 0.5 else "moderate" if rain else "good"


def by_line(line: str) -> list[Row]:
    """A line is seen from 6 to 23 o'clock; its share grows with its place in the list."""
    place = LINES.index(line)
    rows = []
    for hour in (h for h in range(HOURS) if h % 24 >= 6):
        rated = 12 if hour % 24 == 6 else 40
        delayed = min(rated, (place + hour % 5) * rated // 40)
        rows.append(
            {
                "event_hour": at(hour),
                "line": line,
                "total_preds": rated + 5,
                "rated_preds": rated,
                "delayed_preds": delayed,
                "delay_rate": delayed / rated,
                "worst_severity": severity(RAIN.get(hour, 0.0)),
            }
        )
    return rows


def lines() -> list[Row]:
    rows = []
    for line in LINES:
        hours = by_line(line)
        rated = sum(row["rated_preds"] for row in hours)
        delayed = sum(row["delayed_preds"] for row in hours)
        rows.append(line_row(line, rated, delayed))
    # Half of twelve: the highest share of all, and worth nothing.
    rows.append(line_row("N27", 12, 6))
    return rows


def line_row(line: str, rated: int, delayed: int) -> Row:
    return {
        "line": line,
        "hours": 36,
        "rated_preds": rated,
        "delayed_preds": delayed,
        "delay_rate": delayed / rated if rated else None,
        "weather_attrib_delays": 0,
        "first_hour": at(6),
        "last_hour": at(47),
    }


def stops() -> list[Row]:
    rows: list[Row] = []
    for number in range(140):
        rated = 10 + (number * 37) % 400
        delayed = rated * ((number * 13) % 40) // 100
        rows.append(
            {
                "stop_id": str(1000 + number),
                "stop_name": f"{STREETS[number % 9]} {number}",
                "lat": 40.38 + ((number * 29) % 97) / 97 * 0.09 + (number % 7) * 0.002,
                "lon": -3.75 + ((number * 53) % 89) / 89 * 0.13 + (number % 5) * 0.003,
                "lines": 1 + number % 6,
                "rated_preds": rated,
                "delayed_preds": delayed,
                "delay_rate": delayed / rated,
            }
        )
    rows.append(
        dict.fromkeys(rows[0], None)
        | {"stop_id": "9999", "lines": 1, "rated_preds": 40, "delayed_preds": 4, "delay_rate": 0.1}
    )
    return rows


def weather() -> list[Row]:
    """Adverse 90 of 300 (30 %), other 500 of 4000 (12.5 %); 200 rated without weather."""

    def one(kind: str, rated: int, delayed: int, adverse: bool | None) -> Row:
        return {
            "weather_severity": kind,
            "preds": rated + 50,
            "rated_preds": rated,
            "delayed_preds": delayed,
            "delay_rate": delayed / rated,
            "adverse": adverse,
        }

    return [
        one("bad", 100, 20, True),
        one("good", 3600, 440, False),
        one("moderate", 400, 60, False),
        one("severe", 200, 70, True),
        one("unknown", 200, 30, None),
    ]


def results() -> dict[str, list[Row]]:
    return {
        "emt_network_by_hour": network(),
        "emt_delays_by_hour": [row for line in LINES for row in by_line(line)],
        "emt_lines": lines(),
        "emt_stops": stops(),
        "emt_weather": weather(),
        **weather_rows.results(),
    }
