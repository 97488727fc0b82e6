"""How the lake is: files on their way, freshness against the promise, queues, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from lake.catalog import Catalog, Source
from lake.polls import PollState
from lake.records import FAILED, LOADING, QUARANTINED, WAITING
from lake_cli import queries
from lake_cli.deployment import Deployment
from lake_cli.exits import Stop
from lake_cli.files import SCANNED, last_loaded
from lake_cli.views import ago, span

QUEUES = {
    "uploads": "uploads_queue_url",
    "uploads, dead": "uploads_dlq_url",
    "jobs": "jobs_queue_url",
    "jobs, dead": "jobs_dlq_url",
    "undelivered, dead": "undelivered_queue_url",
}
OPEN_STATES = (WAITING, LOADING, FAILED, QUARANTINED)
Row = dict[str, Any]


@dataclass(frozen=True)
class Health:
    """One look."""

    sources: list[Row]
    queues: list[Row]
    advice: list[str]

    def as_dicts(self) -> list[Row]:
        """For JSON: every line says what kind it is."""
        return [
            *({"kind": "source", **row} for row in self.sources),
            *({"kind": "queue", **row} for row in self.queues),
            *({"kind": "advice", "text": text} for text in self.advice),
        ]


def look(deployment: Deployment) -> Health:
    """Asks the ledger and the queues."""
    counts = {
        state: Counter(file.source for file in islice(deployment.ledger.files(state), SCANNED))
        for state in OPEN_STATES
    }
    loaded = {name: record.received_at for name, record in last_loaded(deployment.ledger).items()}
    last = loaded | streamed(deployment)
    sources = source_rows(deployment.catalog, counts, last, datetime.now(UTC))
    queues = queue_rows(_depths(deployment))
    polled = [name for name, source in deployment.catalog.sources.items() if source.poll]
    states = [state for name in polled if (state := deployment.polls.state(name))]
    return Health(sources, queues, [*advice(sources, queues, counts), *unanswered(states)])


def source_rows(
    catalog: Catalog,
    counts: Mapping[str, Mapping[str, int]],
    last: Mapping[str, str],
    now: datetime,
) -> list[Row]:
    """One line a source; a source that nobody declared any more shows too."""
    names = dict.fromkeys(
        [*catalog.sources, *(name for state in counts.values() for name in state)]
    )
    return [
        {
            "source": name,
            "status": _status(catalog, catalog.sources.get(name), last.get(name), now),
            **{state: counts[state].get(name, 0) for state in OPEN_STATES},
            "last_load": last.get(name),
            "last_load_ago": ago(last[name], now) if name in last else "never",
            "promise": _promise_text(catalog, catalog.sources.get(name)),
        }
        for name in names
    ]


def promise_minutes(catalog: Catalog, source: Source | None) -> int | None:
    """The strictest promise among the tables that a source feeds."""
    tables = source.feeds if source else ()
    promised = [catalog.tables[table].fresh_within_minutes for table in tables]
    return min((minutes for minutes in promised if minutes), default=None)


def _promise_text(catalog: Catalog, source: Source | None) -> str:
    minutes = promise_minutes(catalog, source)
    return f"within {span(minutes * 60)}" if minutes else ""


def streamed(deployment: Deployment) -> dict[str, str]:
    """When each stream last brought a row, by the rows that bear its constants."""
    found = {}
    for source in deployment.catalog.streams:
        own = [
            f"{name} = '{mapped.constant}'"
            for name, mapped in source.columns.items()
            if mapped.constant is not None
        ]
        newest = f"select max(ingest_ts) as newest from {source.feeds[0]}"  # noqa: S608 - the catalogue's own words
        with suppress(Stop):  # who asks for the status must get one, whatever Athena has
            (row,) = queries.run(deployment, f"{newest} where {' and '.join(own) or 'true'}").rows
            if row["newest"]:
                moment = datetime.fromisoformat(str(row["newest"])).replace(tzinfo=UTC)
                found[source.id] = moment.isoformat(timespec="seconds")
    return found


def _status(catalog: Catalog, source: Source | None, last: str | None, now: datetime) -> str:
    """Whether a source keeps its promise; one that never sent anything has broken none."""
    if source is None:
        return "undeclared"
    if last is None:
        return "empty"
    minutes = promise_minutes(catalog, source)
    received = datetime.fromisoformat(last)
    late = minutes is not None and now - received > timedelta(minutes=minutes)
    return "late" if late else "fresh"


def queue_rows(depths: Mapping[str, tuple[int, int]]) -> list[Row]:
    """One line a queue."""
    return [
        {
            "queue": name,
            "status": "error" if name.endswith("dead") and waiting else "ok",
            "waiting": waiting,
            "in_flight": flying,
        }
        for name, (waiting, flying) in depths.items()
    ]


def _depths(deployment: Deployment) -> dict[str, tuple[int, int]]:
    sqs = deployment.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def depth(output: str) -> tuple[int, int]:
        url = deployment[output]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    with ThreadPoolExecutor(len(QUEUES)) as pool:
        return dict(zip(QUEUES, pool.map(depth, QUEUES.values()), strict=True))


def unanswered(states: Iterable[PollState], now: datetime | None = None) -> list[str]:
    """The sources whose API did not give all that it was asked for, since when and why."""
    return [
        f"{state.source}: no full answer since {ago(state.failing_since, now)}"
        f" ({state.failures} tries): {state.reason}"
        for state in states
        if state.failing
    ]


def advice(
    sources: list[Row], queues: list[Row], counts: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """What a person should do now, if anything."""
    said: list[str] = []
    if failed := sum(counts[FAILED].values()):
        said.append(f"{failed} failed: see `lake loads`, mend the cause, then `lake replay --all`")
    if refused := sum(counts[QUARANTINED].values()):
        said.append(f"{refused} refused: `lake quarantine` says why")
    said += [
        f"{row['source']}: the last load is {row['last_load_ago']}, promised {row['promise']}"
        for row in sources
        if row["status"] == "late"
    ]
    said += [
        f"the queue '{row['queue']}' holds {row['waiting']} messages that nobody could handle:"
        " docs/operations.md says how to send them again"
        for row in queues
        if row["status"] == "error"
    ]
    return said


def brief(sources: list[Row]) -> list[Row]:
    """The sources for people: no state that nobody is in, and no moment to the millisecond."""
    idle = [state for state in OPEN_STATES if not any(row[state] for row in sources)]
    hidden = {*idle, "last_load", "last_load_ago"}
    return [
        {name: value for name, value in row.items() if name not in hidden}
        | {"last_load": row["last_load_ago"]}
        for row in sources
    ]
