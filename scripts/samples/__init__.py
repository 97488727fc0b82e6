"""Small realistic files with the traps of the real ones, the same bytes for the same seed."""

from __future__ import annotations

from scripts.samples import arrivals, broken, lines, openweather, reference, weather
from scripts.samples.model import Sample, Truth

__all__ = ["Sample", "Truth", "demo_set"]


def demo_set(seed: int, day: str) -> list[Sample]:
    """One file of each source that people upload, one with bad rows and one that is broken."""
    return [
        arrivals.day(seed, day, count=400),
        arrivals.with_bad_rows(seed + 1, day),
        broken.truncated(seed + 2, day),
        lines.sample(seed),
        reference.stops(),
        reference.line_list(),
        weather.sample(seed, day),
        *(openweather.two_years(city, day) for city in openweather.PLACES),
    ]
