"""The EMT lines workbook into emt_silver.lines, lines_stops and lines_timetable."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domains.emt.transforms.lines import TRANSFORM
from jobs.main import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --input or --batch, --warehouse, --db, --result."""
    run("emt_lines", TRANSFORM, argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
