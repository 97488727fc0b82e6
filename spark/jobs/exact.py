"""Sums and means that no order of the rows changes.

Doubles add up differently in another order, and a second run over the same rows would find that
every hour had changed; so whole numbers are summed, of as many parts as a measure needs.
"""

from __future__ import annotations

from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

MILLIONTHS: Final = 1_000_000
BILLIONTHS: Final = 1_000_000_000


def mean(of: str | Column, parts: int = MILLIONTHS) -> Column:
    """The mean of what is known."""
    return _sum(of, parts) / F.count(of) / parts


def total(of: str | Column, parts: int = MILLIONTHS) -> Column:
    """The sum of what is known."""
    return _sum(of, parts) / parts


def _sum(of: str | Column, parts: int) -> Column:
    values = F.col(of) if isinstance(of, str) else of
    return F.sum(F.round(values * parts).cast("bigint"))
