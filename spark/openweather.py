"""OpenWeather's files, daily polls and history by hand, into openweather_silver.weather."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domains.openweather.transforms.observations import TRANSFORM
from jobs.main import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --input or --batch, --warehouse, --db, --result."""
    run("openweather", TRANSFORM, argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
