"""What came in: sources against their promises, loads and their balance, refused files. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lake.accounting import Counts
from lake.catalog import Catalog, Source
from lake.polls import PollState
from lake.records import FAILED, LOADED, LOADING, QUARANTINED, UNROUTED, WAITING, FileRecord
from lake.state.words import minutes_since, short
from lake.tallies import Tally

LOADS: Final = 200  # newest loads, and newest refused files, that the state shows
# How many files of a state that is no end are looked at: so many wait for a person at once only
# when something is wrong as a whole, and then "at least so many" says as much.
OPEN_FILES: Final = 2000
OPEN_STATES: Final = (WAITING, LOADING, FAILED, QUARANTINED)
Row = dict[str, Any]
Files = Mapping[str, Sequence[FileRecord]]  # by state, last seen first


def source_rows(
    catalog: Catalog,
    files: Files,
    tallies: Mapping[str, Tally],
    polls: Mapping[str, PollState],
    streamed: Mapping[str, str],
    now: datetime,
) -> list[Row]:
    """One line a source; a source that nobody declared any more shows too while it has files."""
    opened = {state: Counter(file.source for file in files.get(state, ())) for state in OPEN_STATES}
    last = last_loads(files.get(LOADED, ()), tallies) | dict(streamed)
    undeclared = (name for state in opened.values() for name in state if name != UNROUTED)
    return [
        _source_row(catalog, name, opened, tallies.get(name), polls.get(name), last.get(name), now)
        for name in dict.fromkeys([*catalog.sources, *undeclared])
    ]


def last_loads(loaded: Iterable[FileRecord], tallies: Mapping[str, Tally]) -> dict[str, str]:
    """When each source was last loaded; a ledger older than its tallies still knows its files."""
    found = {name: tally.at for name, tally in tallies.items()}
    for file in loaded:
        found[file.source] = max(found.get(file.source, ""), file.received_at)
    return found


def promise_minutes(catalog: Catalog, source: Source | None) -> int | None:
    """The strictest promise among the tables that a source feeds."""
    tables = source.feeds if source else ()
    promised = [catalog.tables[table].fresh_within_minutes for table in tables]
    return min((minutes for minutes in promised if minutes), default=None)


def load_rows(files: Files) -> list[Row]:
    """The newest files in any state, also those that no job has seen yet."""
    every = (file for some in files.values() for file in some)
    newest = sorted(every, key=lambda file: file.received_at, reverse=True)[:LOADS]
    return [
        {
            "load_id": file.load_id or None,
            "source": file.source,
            "file_name": file.file_name,
            "state": file.state,
            "reason": short(file.reason),
            "received_at": file.received_at,
            "counts": file.totals.as_dict(),
        }
        for file in newest
    ]


def quarantine_rows(files: Files) -> list[Row]:
    """The files that were refused, the last first."""
    return [
        {
            "source": None if file.source == UNROUTED else file.source,
            "file_name": file.file_name,
            "reason": short(file.reason),
            "at": file.last_seen,
            "sha256": file.sha256,
        }
        for file in list(files.get(QUARANTINED, ()))[:LOADS]
    ]


def _source_row(
    catalog: Catalog,
    name: str,
    opened: Mapping[str, Mapping[str, int]],
    tally: Tally | None,
    poll: PollState | None,
    last: str | None,
    now: datetime,
) -> Row:
    source = catalog.sources.get(name)
    promise = promise_minutes(catalog, source)
    states = {state: opened[state].get(name, 0) for state in OPEN_STATES}
    age = None if last is None else minutes_since(last, now)
    return {
        "source": name,
        "domain": name.partition("/")[0],
        "about": source.about if source else "declared no more",
        "kind": source.kind if source else "undeclared",
        "polled": bool(source and source.poll and source.poll.client),
        "status": _status(age, promise, states, poll),
        "last_load": last,
        "age_minutes": age,
        "promise_minutes": promise,
        "counts": (tally.counts if tally else Counts()).as_dict(),
        "files": tally.loads if tally else 0,
        **states,
    }


def _status(
    age: float | None, promise: int | None, states: Mapping[str, int], poll: PollState | None
) -> str:
    """One word for a source, the worst first; who never sent anything has broken no promise."""
    if states[FAILED] or (poll is not None and poll.failing):
        return "failing"
    if age is not None and promise is not None and age > promise:
        return "late"
    if age is not None:
        return "fresh"
    return "waiting" if any(states.values()) else "never"
