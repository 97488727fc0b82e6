"""What the jobs of a pipeline share: arguments, the result, one clear last line when they fail."""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from jobs import lakeio
from lake.errors import LakeError

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """What every pipeline job may be told besides its own arguments."""

    run: str
    business_date: date
    since: date | None = None
    until: date | None = None
    full: bool = False
    result: str | None = None
    served: str | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))

    @property
    def backfill(self) -> list[date] | None:
        """The days that were asked for by name."""
        if self.since is None or self.until is None:
            return None
        count = (self.until - self.since).days + 1
        return [self.since + timedelta(days=number) for number in range(count)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The optional arguments of every pipeline job."""
    more = parser.add_argument
    more("--date", metavar="D", type=_day, help="business date; today by default")
    more("--from", metavar="D", type=_day, dest="since", help="with --to: only these days")
    more("--to", metavar="D", type=_day, dest="until", help="last day of a backfill")
    more("--full", metavar="BOOL", type=_flag, default=False, help="true: everything anew")
    more("--result", metavar="URI", help="where to write what became of the rows")
    more("--run", metavar="ID", help="name of the execution")
    more("--served", metavar="URI", help="where results are published; without it none is")


def run(
    job: str,
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    work: Callable[[argparse.Namespace, Call], Mapping[str, Any]],
) -> dict[str, Any]:
    """Reads the arguments, does the work and writes what became of it, also when that failed."""
    args = parser.parse_args(list(argv))
    call = _call(parser, args)
    return _finished(job, call, lambda: work(args, call))


def _call(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Call:
    """The common part of the arguments; half a range and an inverted one are usage errors."""
    if (args.since is None) != (args.until is None):
        parser.error("--from and --to come together")
    if args.since is not None and args.since > args.until:
        parser.error("--from lies after --to")
    if args.since is not None and args.full:
        parser.error("--full is everything: it takes no --from and --to")
    return Call(
        run=args.run or uuid.uuid4().hex,
        business_date=args.date or datetime.now(UTC).date(),
        since=args.since,
        until=args.until,
        full=args.full,
        result=args.result,
        served=args.served,
    )


def _finished(job: str, call: Call, work: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    about = {"job": job, "run": call.run, "date": call.business_date.isoformat()}
    try:
        result = {**about, **work()}
    except LakeError as error:
        details = getattr(error, "details", {})
        result = {**about, "status": "failed", "reason": str(error), **details}
        _write(call, result)
        print(f"{job}: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    _write(call, result)
    return result


def _write(call: Call, result: Mapping[str, Any]) -> None:
    text = json.dumps(result, ensure_ascii=False, indent=1)
    if call.result is not None:
        lakeio.kill_point("result")
        lakeio.write_bytes(call.result, text.encode())
    print(text)  # for whoever reads the job's log


def _day(text: str) -> date:
    return date.fromisoformat(text)


def positive(text: str) -> int:
    """A whole number above 0."""
    number = int(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("a whole number above 0")
    return number


def listed(kind: Callable[[str], T]) -> Callable[[str], list[T]]:
    """The type of an argument that takes several words with commas between them."""

    def several(text: str) -> list[T]:
        return [kind(word.strip()) for word in text.split(",") if word.strip()]

    return several


def _flag(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise argparse.ArgumentTypeError("true or false") from None
