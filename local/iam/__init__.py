"""IAM on the laptop: what a policy does not grant is refused, as on AWS.

ministack verifies signatures and evaluates policies for what clients call. Here stands what it
lacks: what a call needs besides its own action, the roles that services and engines take, and a
journal of all decisions.
"""

from __future__ import annotations

from typing import Any


def health() -> dict[str, Any]:
    """Whether denials refuse, and how many decisions there were of each kind."""
    from local.iam import decisions

    journal = decisions.journal()
    return {"mode": decisions.mode(), "journal": str(journal.path), **journal.counts}


def install() -> None:
    """Put everything in place; called once, before the first request."""
    from local.iam import decisions, gate
    from local.iam.services import (
        cloudwatch,
        eventbridge,
        functions,
        gateway,
        machines,
        scheduler,
    )

    services = (cloudwatch, eventbridge, functions, gateway, machines, scheduler)
    for part in (decisions, gate, *services):
        part.install()
