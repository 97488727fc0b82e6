"""How the lake is, in the words of the page: the same look, the same state, the same advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.state import compose
from lake.state.intake import OPEN_STATES
from lake.state.words import span
from lake_cli.deployment import Deployment
from lake_cli.views import ago

if TYPE_CHECKING:
    from lake.state.gathering import Look

QUEUES = {
    "uploads": "uploads_queue_url",
    "uploads, dead": "uploads_dlq_url",
    "jobs": "jobs_queue_url",
    "jobs, dead": "jobs_dlq_url",
    "looks, dead": "looks_dlq_url",
    "undelivered, dead": "undelivered_queue_url",
}
PATIENCE_S = 60.0
Row = dict[str, Any]


@dataclass(frozen=True)
class Health:
    """One look, for people and for programs."""

    document: Mapping[str, Any]

    @property
    def sources(self) -> list[Row]:
        """One line a source."""
        return [
            {
                "source": row["source"],
                "status": row["status"],
                **{state: row[state] for state in OPEN_STATES},
                "last_load": row["last_load"],
                "last_load_ago": ago(row["last_load"]) or "never",
                "promise": _within(row["promise_minutes"]),
            }
            for row in self.document["sources"]
        ]

    @property
    def pipelines(self) -> list[Row]:
        """One line a pipeline."""
        names = ("pipeline", "status", "run", "started_at", "seconds", "reason")
        return [{name: row[name] for name in names} for row in self.document["pipelines"]]

    @property
    def queues(self) -> list[Row]:
        """One line a queue."""
        return [
            {
                "queue": row["queue"],
                "status": "error" if row["dead"] and row["messages"] else "ok",
                "waiting": row["messages"],
                "in_flight": row["in_flight"],
            }
            for row in self.document["queues"]
        ]

    @property
    def advice(self) -> list[Row]:
        """What a person should do; `matter` is the page's kind: failing, late or person."""
        return [
            {"text": row["text"], "matter": row["kind"], **_how(row)}
            for row in self.document["advice"]
        ]

    def as_dicts(self) -> list[Row]:
        """For JSON: every line says what kind it is."""
        return [
            *({"kind": "source", **row} for row in self.sources),
            *({"kind": "pipeline", **row} for row in self.pipelines),
            *({"kind": "queue", **row} for row in self.queues),
            *({"kind": "advice", **row} for row in self.advice),
        ]


def look(deployment: Deployment) -> Health:
    """Looks at everything that the page shows."""
    return Health(compose(deployment.catalog, looker(deployment).gather(PATIENCE_S)))


def looker(deployment: Deployment) -> Look:
    """The look of the function `watch`, with a person's rights."""
    from lake.state.gathering import Look, Places

    places = Places(
        deployment["database_prefix"],
        deployment.bucket("jobs"),
        machines=deployment["pipelines"],
        queues={name: deployment[output] for name, output in QUEUES.items()},
    )
    clients = (deployment.client(name) for name in ("glue", "s3", "stepfunctions", "sqs"))
    return Look(deployment.catalog, places, deployment.ledger_table, *clients)


def brief(sources: Sequence[Row]) -> list[Row]:
    """The sources for people: no state that nobody is in, and no moment to the millisecond."""
    idle = [state for state in OPEN_STATES if not any(row[state] for row in sources)]
    hidden = {*idle, "last_load", "last_load_ago"}
    return [
        {name: value for name, value in row.items() if name not in hidden}
        | {"last_load": row["last_load_ago"]}
        for row in sources
    ]


def _how(row: Mapping[str, Any]) -> Row:
    return {name: row[name] for name in ("command", "runbook")}


def _within(minutes: int | None) -> str:
    return f"within {span(minutes * 60)}" if minutes else ""
