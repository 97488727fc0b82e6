"""`lake status`: the page's own state, in the shape that programs have relied on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lake.catalog import Catalog
from lake.records import FAILED, QUARANTINED
from lake.state import Queue, Seen, compose
from lake.state.runs import Execution
from lake_cli.health import Health, brief
from tests.cli.test_outcomes import FILE

NOW = datetime(2025, 9, 2, 10, 0, tzinfo=UTC)
SEEN = Seen(
    at=NOW,
    files={
        FAILED: [replace(FILE, state=FAILED, reason="out of memory")],
        QUARANTINED: [replace(FILE, state=QUARANTINED, source="emt/stops", reason="no sheet")],
    },
    executions={"emt/gold": [Execution("r1", "succeeded", NOW, NOW)]},
    queues=[
        Queue("uploads", False, 3, 1, "arn:aws:sqs:x:1:uploads"),
        Queue("uploads, dead", True, 2, 0, "arn:aws:sqs:x:1:uploads-dlq"),
    ],
)


def health(seen: Seen = SEEN) -> Health:
    return Health(compose(Catalog.bundled(), seen))


def test_every_line_says_what_kind_it_is_and_keeps_its_old_names() -> None:
    rows = health().as_dicts()

    kinds = {kind: [row for row in rows if row["kind"] == kind] for kind in ("source", "queue")}
    assert list(kinds["source"][0]) == [
        *("kind", "source", "status", "waiting", "loading", "failed", "quarantined"),
        *("last_load", "last_load_ago", "promise"),
    ]
    assert [row["status"] for row in kinds["queue"]] == ["ok", "error"]
    assert list(kinds["queue"][0]) == ["kind", "queue", "status", "waiting", "in_flight"]
    assert {row["kind"] for row in rows} == {"source", "pipeline", "queue", "advice"}


def test_the_command_gives_the_same_advice_as_the_page() -> None:
    seen = health()

    assert [
        (row["text"], row["matter"], row["command"], row["runbook"]) for row in seen.advice
    ] == [
        (row["text"], row["kind"], row["command"], row["runbook"])
        for row in seen.document["advice"]
    ]
    assert any(row["command"] == "lake replay abababababababab" for row in seen.advice)


def test_people_see_no_state_that_nobody_is_in() -> None:
    shown = brief(health().sources)

    assert {"failed", "quarantined"} <= shown[0].keys()
    assert not {"waiting", "loading", "last_load_ago"} & shown[0].keys()
    assert {row["last_load"] for row in shown} == {"never"}
