"""`python -m bench [NAME ...]`: measure, each figure beside its yardstick; names choose."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench import (
    api,
    function_imports,
    gold,
    silver_history,
    stream,
    upload_to_query,
    weather_history,
    workbook_read,
)
from bench.report import Figure, show

BENCHES: dict[str, tuple[str, Callable[[], list[Figure]]]] = {
    "read": ("Reading a workbook", workbook_read.figures),
    "imports": ("Cold starts", lambda: function_imports.figures(Path("build"))),
    "history": ("A day's cost as history grows", silver_history.figures),
    "gold": ("Gold beside reading and writing its rows", gold.figures),
    "weather": ("OpenWeather, year upon year", weather_history.figures),
    "gold-day": ("What one more day of gold costs", gold.history_figures),
    "stream": ("The weather stream", stream.figures),
    "api": ("The results API", api.figures),
    "upload": ("From upload to query", upload_to_query.figures),
}


def main(argv: list[str] | None = None) -> int:
    """0: every aim was met; 1: one was missed, and the table says which."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(BENCHES)}")
    names = parser.parse_args(argv).names or list(BENCHES)
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}: {', '.join(BENCHES)}")
    missed = 0
    for name in names:
        title, figures = BENCHES[name]
        print(f"measuring: {title.lower()} ...", file=sys.stderr, flush=True)
        lines = figures()
        show(title, lines)
        missed += sum(line.met is False for line in lines)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
