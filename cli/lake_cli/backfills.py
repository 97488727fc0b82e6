"""Backfills: days in chunks, one execution each, by names that a second try finds again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from lake_cli import pipelines
from lake_cli.deployment import Deployment
from lake_cli.exits import Exit, Stop
from lake_cli.pipelines import Run

LONGEST_CHUNK = 366


@dataclass(frozen=True)
class Chunk:
    """Some days that are computed again in one go, both ends included."""

    first: date
    last: date

    def name(self, pipeline: str, attempt: int) -> str:
        """The execution's name: the same days, the same name."""
        slug = pipeline.replace("/", "-").replace("_", "-")
        return f"{slug}-backfill-{self.first}-{self.last}-{attempt}"

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


@dataclass(frozen=True)
class Outcome:
    """What became of a chunk."""

    chunk: Chunk
    run: Run
    skipped: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The chunk as `--json` shows it."""
        row = self.run.as_dict()
        days = {"from": self.chunk.first.isoformat(), "to": self.chunk.last.isoformat()}
        return {**days, **row, "status": "skipped" if self.skipped else row["status"]}


def chunks(first: date, last: date, days: int) -> list[Chunk]:
    """The days from first to last, cut from the first one on."""
    if first > last:
        raise Stop(f"--from {first} comes after --to {last}", code=Exit.USAGE)
    found, step = [], timedelta(days=days)
    while first <= last:
        found.append(Chunk(first, min(first + step - timedelta(days=1), last)))
        first += step
    return found


def chunk_days(text: str) -> int:
    """`7d` is seven days."""
    match = re.fullmatch(r"([1-9]\d{0,2})d?", text)
    if match is None or int(match[1]) > LONGEST_CHUNK:
        raise Stop(f"--chunk: '{text}' is no number of days like 7d", code=Exit.USAGE)
    return int(match[1])


def backfill(
    deployment: Deployment,
    pipeline: str,
    todo: list[Chunk],
    *,
    again: bool,
    follow: Callable[[Chunk, Run], Run],
) -> Iterator[Outcome]:
    """Chunk after chunk; what is done already is passed over, what runs already is joined."""
    for chunk in todo:
        latest, attempt = _latest(deployment, pipeline, chunk)
        if latest is not None and latest.status == "succeeded" and not again:
            yield Outcome(chunk, latest, skipped=True)
            continue
        if latest is None or latest.ended:
            latest = pipelines.start(
                deployment,
                pipeline,
                chunk.last,
                chunk.name(pipeline, attempt),
                **{"from": chunk.first.isoformat(), "to": chunk.last.isoformat()},
            )
        outcome = Outcome(chunk, follow(chunk, latest))
        yield outcome
        if outcome.run.status != "succeeded":
            return


def _latest(deployment: Deployment, pipeline: str, chunk: Chunk) -> tuple[Run | None, int]:
    """The newest execution of a chunk, and the number of the next one."""
    latest, attempt = None, 1
    while found := pipelines.described(deployment, pipeline, chunk.name(pipeline, attempt)):
        latest, attempt = found, attempt + 1
    return latest, attempt
