"""EMT arrivals workbooks into emt_silver.arrivals_predictions and emt_silver.stops."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domains.emt.transforms.arrivals import TRANSFORM
from jobs.main import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --input or --batch, --warehouse, --db, --result."""
    run("emt_arrivals", TRANSFORM, argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
