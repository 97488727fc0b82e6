"""The journal once more, against policies with a statement taken out: whose loss would be noticed?

    python -m local.iam.replay STATE_DIR < policies.json

`policies.json` maps each role to its policy documents. For each role and statement that allowed
something, the answer tells which of these decisions would still be allowed without it; a loss is
noticed when one would not be. It runs in the cloud's own Python, which has the evaluator.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.iam import journal
from local.iam.journal import ALLOW, Decision

Document = dict[str, Any]


def losses(
    decisions: Iterable[Decision], policies: dict[str, list[Document]]
) -> list[dict[str, Any]]:
    """For each used statement what its loss would refuse, and what would stay allowed."""
    used: dict[tuple[str, str], list[Decision]] = {}
    for decision in decisions:
        if decision.verdict == ALLOW and decision.role in policies and decision.statement:
            used.setdefault((decision.role, decision.statement), []).append(decision)
    answers = []
    for (role, statement), allowed in sorted(used.items()):
        without = [_without(document, statement) for document in policies[role]]
        refused = [each.action for each in allowed if not allows(without, each)]
        kept = [each.action for each in allowed if each.action not in refused]
        answers.append(
            {
                "role": role,
                "statement": statement,
                "refused": sorted(set(refused)),
                "kept": sorted(set(kept)),
            }
        )
    return answers


def allows(documents: list[Document], decision: Decision) -> bool:
    """Whether policies allow what was asked."""
    from ministack.core import iam_evaluator

    region = decision.resource.split(":")[3] if decision.resource.count(":") >= 5 else ""
    asked = iam_evaluator.EvalContext(
        principal_arn=decision.principal, principal_type="AssumedRole", principal_account="",
        action=decision.action, resource_arn=decision.resource, region=region,
        service_context={name.lower(): value for name, value in decision.context.items()},
        secure_transport=True,
    )  # fmt: skip
    parsed = [iam_evaluator.parse_policy_document(document) for document in documents]
    return bool(iam_evaluator.evaluate(asked, parsed).decision == "Allow")


def _without(document: Document, sid: str) -> Document:
    kept = [each for each in document["Statement"] if each.get("Sid") != sid]
    return {**document, "Statement": kept}


if __name__ == "__main__":
    answer = losses(journal.read(Path(sys.argv[1])), json.load(sys.stdin))
    json.dump(answer, sys.stdout)
