"""The question whether a principal may do something, asked of ministack's evaluator and noted."""

from __future__ import annotations

import os
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from local.iam.journal import ALLOW, DENY, FILE_NAME, ROOT, Decision, Journal
from local.iam.needs import Need

ENFORCE, OBSERVE = "enforce", "observe"
MODES = (ENFORCE, OBSERVE)

_evaluated: ContextVar[list[Any] | None] = ContextVar("iam_evaluated", default=None)
_journal: list[Journal] = []


class AccessDenied(PermissionError):
    """A need that nobody granted; the text is AWS's."""


def mode() -> str:
    """What LAKE_IAM says: `enforce` refuses, `observe` only notes."""
    return os.environ.get("LAKE_IAM") or ENFORCE


def enforced() -> bool:
    """Whether a denial refuses."""
    return mode() == ENFORCE


def journal() -> Journal:
    """The journal of this cloud."""
    if not _journal:
        _journal.append(Journal(Path(os.environ["LAKE_STATE_DIR"]) / FILE_NAME))
    return _journal[0]


def install() -> None:
    """Remember which statement decided: ministack tells it of denials only."""
    from ministack.core import iam_evaluator

    evaluate = iam_evaluator.evaluate

    def evaluate_and_remember(*args: Any) -> Any:
        result = evaluate(*args)
        remembered = _evaluated.get()
        if remembered is not None:
            remembered.append(result)
        return result

    iam_evaluator.evaluate = evaluate_and_remember


def message(principal: str, need: Need, explicit: bool = False) -> str:
    """What AWS says of a denial."""
    reason = (
        "with an explicit deny in a policy"
        if explicit
        else f"because no identity-based policy allows the {need.action} action"
    )
    return (
        f"User: {principal} is not authorized to perform: {need.action} "
        f"on resource: {need.resource} {reason}"
    )


def decide(ask: Any, access_key: str, need: Need, service: str, region: str) -> Any:
    """Ask ministack's `enforce` for one need and note its answer; a refusal, or None."""
    from ministack.core.iam_evaluator import AuthError, resolve_principal
    from ministack.core.responses import get_account_id

    evaluated: list[Any] = []
    token = _evaluated.set(evaluated)
    try:
        refusal = ask(
            access_key, need.action, service, region,
            resource_arn=need.resource, service_context=dict(need.context),
        )  # fmt: skip
    finally:
        _evaluated.reset(token)
    if isinstance(refusal, AuthError):
        note(DENY, access_key[:8], need, reason=f"{refusal.code}: {refusal.message}")
        return refusal
    if not evaluated:  # root, or what is always allowed
        note(ROOT, "root", need)
        return refusal
    principal = str(getattr(resolve_principal(access_key, get_account_id()), "arn", access_key))
    if refusal is None:
        # The identity's own policies come first; where they are silent the resource's allowed.
        allowed = next((result for result in evaluated if result.decision == "Allow"), evaluated[0])
        note(ALLOW, principal, need, statement=allowed.matched_sid)
        return None
    text = message(principal, need, refusal.decision == "Deny")
    note(DENY, principal, need, statement=refusal.matched_sid, reason=text)
    return refusal if enforced() else None


def note(verdict: str, principal: str, need: Need, statement: str = "", reason: str = "") -> None:
    """Write a decision into the journal."""
    journal().write(
        Decision(
            verdict, principal, need.action, need.resource, need.way,
            statement, reason, dict(need.context),
        )
    )  # fmt: skip


def may(access_key: str, *needs: Need) -> None:
    """Refuse unless the owner of a key may do all of this; for engines inside this process."""
    from ministack.core import iam_evaluator
    from ministack.core.responses import get_account_id, get_region

    if not access_key:
        return
    iam_evaluator._anonymous.set(False)
    iam_evaluator._signed_request.set(None)
    iam_evaluator.pin_request_origin("127.0.0.1", True)
    for need in needs:
        ask = iam_evaluator.enforce
        ask = getattr(ask, "ministacks_own", ask)
        refusal = decide(ask, access_key, need, need.service, get_region())
        if refusal is not None:
            principal = iam_evaluator.resolve_principal(access_key, get_account_id())
            raise AccessDenied(message(str(getattr(principal, "arn", access_key)), need))
