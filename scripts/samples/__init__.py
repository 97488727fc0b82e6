"""Small realistic workbooks with the traps of the real ones, the same bytes for the same seed."""

from __future__ import annotations

from scripts.samples import arrivals, broken, lines, reference, weather
from scripts.samples.model import Sample, Truth

__all__ = ["Sample", "Truth", "demo_set"]


def demo_set(seed: int, day: str) -> list[Sample]:
    """One workbook of each source, one with bad rows and one that is broken."""
    return [
        arrivals.day(seed, day, count=400),
        arrivals.with_bad_rows(seed + 1, day),
        broken.truncated(seed + 2, day),
        lines.sample(seed),
        reference.stops(),
        reference.line_list(),
        weather.sample(seed, day),
    ]
