"""A city's day out of every file that bronze holds of it, into openweather_silver.weather."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domains.openweather.transforms.silver import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --mode, --city, --date, --shuffle-partitions, and where things lie."""
    run(argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
