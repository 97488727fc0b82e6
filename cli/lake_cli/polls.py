"""Asking the APIs of sources by hand: the function answers how it went, the ledger what became."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from lake.polls import LANDED, PARTIAL, PollState
from lake_cli.deployment import Deployment
from lake_cli.exits import Exit, Stop
from lake_cli.outcomes import UPLOADED, WAITING, Outcome, after

FUNCTION_S = 920  # a little longer than the function may take
PAUSE_S = 0.5


@dataclass(frozen=True)
class Asked:
    """One source that was asked; `outcome` follows its workbook, if one landed."""

    state: PollState
    outcome: Outcome | None = None

    @property
    def source(self) -> str:
        """Whose it is."""
        return self.state.source

    @property
    def failing(self) -> bool:
        """Whether something that was asked for did not come."""
        return self.state.failing

    @property
    def status(self) -> str:
        """What became of the workbook; without one, how the poll went."""
        return self.outcome.status if self.outcome else self.state.status

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the names are a promise."""
        shown: dict[str, Any] = self.outcome.as_dict() if self.outcome else {}
        new = self.outcome is not None
        return shown | {
            "source": self.state.source,
            "poll": self.state.status,
            "status": self.status,
            "at": self.state.at,
            "rows": self.state.rows if new else 0,
            "file": self.state.file_name if new else None,
            "reason": (self.outcome.reason if self.outcome else None) or self.state.reason or None,
            "failing_since": self.state.failing_since or None,
        }


def run(
    deployment: Deployment, sources: Sequence[str], *, at: str | None, wait: bool, timeout_s: float
) -> list[Asked]:
    """Asks each source; with `wait` stays until the lake has settled all."""
    asked = ask(deployment, sources, at=at)
    return settle(deployment, asked, timeout_s) if wait else asked


def ask(deployment: Deployment, sources: Sequence[str], *, at: str | None = None) -> list[Asked]:
    """Asks each source, one after the other."""
    for source in sources:
        declared = deployment.catalog.source(source).poll
        if declared is None or declared.client is None:
            hint = "`poll` in its declaration makes it one: see docs/adding-a-source.md"
            raise Stop(f"{source} is not a source that the lake asks for", hint, Exit.USAGE)
    function = deployment.client("lambda", FUNCTION_S)
    name = deployment["functions"]["ingest"]
    return [_ask(function, name, source, at) for source in sources]


def settle(deployment: Deployment, asked: Sequence[Asked], timeout_s: float) -> list[Asked]:
    """Stays until the lake has settled what landed, or time is up."""
    deadline, looked = time.monotonic() + timeout_s, list(asked)
    while any(one.outcome and not one.outcome.settled for one in looked):
        looked = [_look(deployment, one) for one in looked]
        if time.monotonic() > deadline:
            return [_given_up(one) for one in looked]
        time.sleep(PAUSE_S)
    return looked


def _ask(function: Any, name: str, source: str, at: str | None) -> Asked:
    event = {"source": source} | ({"at": at} if at else {})
    answer = function.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    said = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise Stop(f"{source}: {said.get('errorMessage', 'the function failed')}", "see its log")
    (state,) = (PollState.from_item(entry) for entry in said["polls"])
    if state.status not in (LANDED, PARTIAL):
        return Asked(state)
    return Asked(state, Outcome(PurePosixPath(state.raw_key).name, state.source, step="raw"))


def _look(deployment: Deployment, asked: Asked) -> Asked:
    if asked.outcome is None or asked.outcome.settled:
        return asked
    ledger, state = deployment.ledger, asked.state
    receipt = ledger.receipt(state.raw_key, state.raw_version)
    known = receipt and ledger.file(receipt.source, receipt.sha256)
    outcome = replace(asked.outcome, sha256=state.sha256)
    return replace(asked, outcome=after(outcome, receipt, known or None))


def _given_up(asked: Asked) -> Asked:
    if asked.outcome is None or asked.outcome.status != UPLOADED:
        return asked
    return replace(asked, outcome=replace(asked.outcome, status=WAITING))
