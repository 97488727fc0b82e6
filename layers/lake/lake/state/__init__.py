"""The state of the lake as one document: the page and the command show the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lake.catalog import Catalog
from lake.polls import PollState
from lake.state.advice import advise
from lake.state.holdings import Metadata, streamed_at, table_row, unread_row
from lake.state.intake import (
    LOADS,
    OPEN_FILES,
    OPEN_STATES,
    Files,
    load_rows,
    quarantine_rows,
    source_rows,
)
from lake.state.runs import Execution, Result, pipeline_row, quality_rows, unseen_row
from lake.state.words import whole_second
from lake.tallies import Tally


@dataclass(frozen=True)
class Queue:
    """How much lies in a queue."""

    name: str
    dead: bool  # nothing takes from it but a person
    messages: int
    in_flight: int
    arn: str


@dataclass(frozen=True)
class Seen:
    """Everything that was looked at; what could not be stands in `errors`, by part and reason."""

    at: datetime
    files: Files = field(default_factory=dict)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    polls: Mapping[str, PollState] = field(default_factory=dict)
    metadata: Mapping[str, Metadata] = field(default_factory=dict)  # by table
    executions: Mapping[str, Sequence[Execution]] = field(default_factory=dict)  # newest first
    results: Sequence[Result] = ()  # newest first
    queues: Sequence[Queue] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


def compose(catalog: Catalog, seen: Seen) -> dict[str, Any]:
    """The document; its size is bounded however large the lake is."""
    now = seen.at
    streamed = {
        source.id: last
        for source in catalog.streams
        if (last := streamed_at(seen.metadata.get(source.feeds[0], {})))
    }
    rows: dict[str, list[dict[str, Any]]] = {
        "sources": source_rows(catalog, seen.files, seen.tallies, seen.polls, streamed, now),
        "tables": [
            table_row(table, seen.metadata[name], now)
            if name in seen.metadata
            else unread_row(table, _error(seen, f"table {name}"))
            for name, table in catalog.tables.items()
        ],
        "pipelines": [
            pipeline_row(pipeline, next(iter(seen.executions[name]), None), now)
            if name in seen.executions
            else unseen_row(pipeline, _error(seen, f"pipeline {name}"), now)
            for name, pipeline in catalog.pipelines.items()
        ],
        "quality": quality_rows(seen.results),
        "queues": [
            {
                "queue": queue.name,
                "messages": queue.messages,
                "in_flight": queue.in_flight,
                "dead": queue.dead,
                "arn": queue.arn,
            }
            for queue in seen.queues
        ],
        "errors": [{"part": part, "reason": reason} for part, reason in seen.errors.items()],
    }
    advice = advise(catalog, now, files=seen.files, polls=seen.polls, **rows)
    return {
        "at": whole_second(now),
        "sources": rows["sources"],
        "loads": load_rows(seen.files),
        "quarantine": quarantine_rows(seen.files),
        **{part: rows[part] for part in ("tables", "pipelines", "quality", "queues")},
        "advice": advice,
        "errors": rows["errors"],
        "limits": {
            "loads": LOADS,
            "quarantine": LOADS,
            "open_files": OPEN_FILES,
            # Of these states only the newest were counted.
            "cut": [state for state in OPEN_STATES if len(seen.files.get(state, ())) >= OPEN_FILES],
        },
    }


def _error(seen: Seen, part: str) -> str:
    return seen.errors.get(part, "it was not looked at")
