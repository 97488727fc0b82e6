"""The gold pipeline, and what it answers: the worst lines, and how much of it is the weather."""

from __future__ import annotations

from lake.client import Client
from lake.client.endpoints import of_file
from lake_cli import queries
from lake_cli.deployment import LAPTOP, Deployment, deployment_file

PIPELINE = "emt/gold"
WEATHER = "openweather/gold"
WORST = """
    select line, sum(rated_preds) as rated, sum(delayed_preds) as delayed,
           round(100.0 * sum(delayed_preds) / sum(rated_preds), 1) as delayed_pct,
           round(100.0 * sum(weather_attrib_delays) / nullif(sum(delayed_preds), 0), 1)
               as in_bad_weather_pct
    from emt_gold.delay_weather_hourly
    group by line having sum(rated_preds) >= 20
    order by delayed_pct desc, line limit 5
"""
LAST_YEAR = """
    select city, metric, round(value_today, 1) as today, round(value_last_year, 1) as last_year,
           n_hours_matched as hours
    from openweather_gold.q4_today_vs_last_year
    where date = date '2025-08-22' and metric in ('temp_c', 'wind_speed_ms', 'est_ghi_wm2')
    order by city, metric
"""
SHARE = """
    select sum(delayed_preds) as delayed, sum(weather_attrib_delays) as delayed_in_bad_weather,
           sum(adverse_preds) as in_bad_weather, sum(weather_preds) as with_weather
    from emt_gold.delay_weather_hourly
"""


def share_of_weather(deployment: Deployment) -> str:
    """The mission's question, answered in one honest sentence."""
    (sums,) = queries.run(deployment, SHARE).rows
    delayed, met = int(sums["delayed"] or 0), int(sums["delayed_in_bad_weather"] or 0)
    bad, seen = int(sums["in_bad_weather"] or 0), int(sums["with_weather"] or 0)
    if not delayed or not seen:
        return "No delay was seen, so there is nothing to explain."
    return (
        f"Of {delayed:,} delayed predictions {met:,} ({met / delayed:.0%}) met bad weather, which"
        f" {bad / seen:.0%} of all predictions met: what comes together, not what causes what."
    )


def page(deployment: Deployment) -> tuple[str, list[str]]:
    """Where people look, and what of the answers does not stand there yet."""
    url, key = of_file(deployment_file(LAPTOP).absolute(), LAPTOP)
    shown = {str(one["name"]) for one in Client(url, key or "").results()}
    missing = sorted(deployment.catalog.results.keys() - shown)
    return f"{url}#key={key}", [f"the result {name} was not published" for name in missing]
