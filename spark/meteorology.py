"""Weather workbooks into meteorology_silver.meteorology_current."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domains.meteorology.transforms.observations import TRANSFORM
from jobs.main import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --input or --batch, --warehouse, --db, --result."""
    run("meteorology", TRANSFORM, argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
