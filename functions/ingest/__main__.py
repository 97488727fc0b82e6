"""By hand: `EMT_EMAIL=.. EMT_PASSWORD=.. python -m functions.ingest emt/arrivals --out FOLDER`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from functions.ingest.clock import Clock
from functions.ingest.found import NothingNew, StopLine
from functions.ingest.polling import ByHand, ask
from functions.ingest.secrets import EnvironmentSecrets
from lake import literal, workbook
from lake.catalog import Catalog, Source
from lake.errors import LakeError


@dataclass(frozen=True)
class Folder:
    """Unreadable answers lie beside the workbook."""

    out: Path

    def keep_bad(self, _: Source, content: bytes, reason: str) -> None:
        """The bytes as they came."""
        path = self.out / f"answer-{time.time_ns()}.bin"
        path.write_bytes(content)
        print(f"{reason}: kept as {path}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """0: the workbook is written; 1: one sentence says why not."""
    parser = argparse.ArgumentParser(prog="ingest", description=__doc__)
    parser.add_argument("source", help="DOMAIN/SOURCE, for example emt/arrivals")
    parser.add_argument("--out", type=Path, default=Path(), help="folder to write to")
    parser.add_argument(
        "--stops", type=Path, help="emt/arrivals: workbook with a column stops of lists of dicts"
    )
    parser.add_argument("--lines", type=Path, help="emt/lines: bus_lines.xlsx, its lines only")
    parser.add_argument("--at", type=datetime.fromisoformat, help="play another moment")
    parser.add_argument("--minutes", type=float, default=60, help="time to give up after")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + args.minutes * 60
    clock = Clock.until(lambda: until - time.monotonic(), args.at)
    inputs: dict[str, Any] = {}
    try:
        if args.stops:
            inputs["stops"] = stops_of(args.stops)
        if args.lines:
            inputs["lines"] = lines_of(args.lines)
        catalog = Catalog.bundled()
        upstreams = json.loads(os.environ.get("APIS") or "{}")
        place = ByHand(
            catalog, Folder(args.out), EnvironmentSecrets(catalog.apis.values()), upstreams
        )
        found = ask(catalog.source(args.source), place, clock, **inputs)
    except LakeError as error:
        print(f"ingest: {error}", file=sys.stderr)
        return 1
    if isinstance(found, NothingNew):
        print(found.reason)
        return 0
    path = args.out / found.file_name
    path.write_bytes(found.content)
    print(f"{path}: {found.rows:,} rows" + (f"; {found.note}" if found.note else ""))
    if found.missing:
        print(f"ingest: no answer for {', '.join(found.missing)}", file=sys.stderr)
    return 1 if found.missing else 0


def stops_of(path: Path) -> list[StopLine]:
    """The (stop, line) pairs of a lines workbook: each row's line at each of the row's stops."""
    pairs: dict[StopLine, None] = {}
    for number, row in workbook.read(path, requires=["stops", "line"]).rows:
        try:
            stops = literal.parse(str(row["stops"]))
        except literal.LiteralError as error:
            raise LakeError(f"{path}, row {number}: stops cannot be read: {error}") from error
        for stop in stops if isinstance(stops, list) else []:
            if isinstance(stop, dict) and stop.get("stop") is not None:
                pairs[StopLine(str(stop["stop"]), _code(row["line"]))] = None
    return list(pairs)


def lines_of(path: Path) -> list[str]:
    """The internal codes of a line list."""
    return [_code(row["line"]) for _, row in workbook.read(path, requires=["line"]).rows]


def _code(cell: object) -> str:
    """Codes have three digits; a number has lost its zeros."""
    return f"{cell:03}" if isinstance(cell, int) else str(cell)


if __name__ == "__main__":
    sys.exit(main())
