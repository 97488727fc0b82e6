"""Looks after the tables: repeated keys, small files, old snapshots, files of nobody."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from jobs.upkeep import run


def main(argv: Sequence[str]) -> None:
    """Arguments: --warehouse, --ops_db, and how much is kept for how long."""
    run(argv, __doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
