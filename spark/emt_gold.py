"""Silver arrivals, timetables and weather into emt_gold: how late, and in which weather."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domains.emt.transforms.gold import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --warehouse, --gold_db_emt, --silver_db_emt, --silver_db_met, and bounds."""
    run(argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
