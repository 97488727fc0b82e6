"""The EMT list of stops into emt_silver.stops."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domains.emt.transforms.stops import TRANSFORM
from jobs.main import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --input or --batch, --warehouse, --db, --result."""
    run("emt_stops", TRANSFORM, argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
