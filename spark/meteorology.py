"""Weather workbooks into meteorology_silver.meteorology_current."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from jobs.main import run
from jobs.meteorology import TRANSFORM


def main(argv: Sequence[str]) -> None:
    """Arguments: --input or --batch, --warehouse, --db, --result."""
    run("meteorology", TRANSFORM, argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
