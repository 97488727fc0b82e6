"""Any sheet whose source declares its columns into the table that it feeds."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from jobs.main import run
from jobs.tabular import TRANSFORM


def main(argv: Sequence[str]) -> None:
    """Arguments: --input or --batch, --warehouse, --db, --result."""
    run("tabular", TRANSFORM, argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
