"""OpenWeather's dimensions, facts and seven answers, for the months, years and cities asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domains.openweather.transforms.gold import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --years-keep, --months-keep, --cities, --compare-date, sizes, and more."""
    run(argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
