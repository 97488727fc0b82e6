"""Where requests come in: ministack's own check of each, corrected and completed."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import Any

from local.iam import reading_control
from local.iam.decisions import decide, message
from local.iam.facts import CloudFacts
from local.iam.needs import Need, Reading, Request
from local.iam.reading import read
from local.iam.reading_services import ALONE

_reading: ContextVar[Reading | None] = ContextVar("iam_reading", default=None)
_refused: ContextVar[Need | None] = ContextVar("iam_refused", default=None)
_caller: ContextVar[str] = ContextVar("iam_caller", default="")
EMR = "emr-serverless"


def install() -> None:
    """Put our reading of requests beside ministack's; called once, before the first request."""
    from ministack import app
    from ministack.core import iam_actions, iam_evaluator

    # What talks to this process does so without a network: to policies it is TLS, as AWS's own.
    app.pin_request_origin = lambda address, _tls: iam_evaluator.pin_request_origin(address, True)
    iam_actions.SERVICE_TO_IAM_NAMESPACE[EMR] = EMR
    iam_actions._BOTOCORE_SERVICE_MAP[EMR] = [EMR]
    read_completely(iam_actions)
    ask_for_all_needs(iam_evaluator)
    name_what_is_missing(iam_actions)
    remember_the_caller(iam_evaluator)


def caller() -> str:
    """The access key by which engines go on as who signed the current request; "" for root."""
    from local.iam.sessions import lasting

    return lasting(_caller.get())


def read_completely(iam_actions: Any) -> None:
    """Read the resource as AWS does, and keep what else the request needs for its check."""
    action_of, resource_of = iam_actions.extract_iam_action, iam_actions.extract_resource_arn
    facts = CloudFacts()

    def read_action(service: str, method: str, path: str, *more: Any) -> str | None:
        action: str | None = action_of(service, method, path, *more)
        action = reading_control.action_of(service, method, path, action)
        return ALONE.get(action or "", action)

    def read_resource(
        service: str, method: str, path: str, headers: Any, body: bytes, params: Any,
        region: str, account: str,
    ) -> str:  # fmt: skip
        resource = resource_of(service, method, path, headers, body, params, region, account)
        action = read_action(service, method, path, headers, body, params)
        request = Request(service, method, path, headers, body, params, region, account)
        reading = read(request, action or "", resource, facts)
        _reading.set(reading)
        return reading.resource

    iam_actions.extract_iam_action = read_action
    iam_actions.extract_resource_arn = read_resource


def ask_for_all_needs(iam_evaluator: Any) -> None:
    """Check with a request's own action everything that came to light when it was read."""
    ask = iam_evaluator.enforce

    @functools.wraps(ask)
    def ask_for_all(
        access_key: str, iam_action: str, service: str, region: str,
        resource_arn: str = "*", service_context: Any = None,
    ) -> Any:  # fmt: skip
        reading = _reading.get() or Reading(resource_arn)
        # Further checks of the same request carry its conditions, and not its needs again.
        _reading.set(Reading(resource_arn, context=reading.context))
        context = {**(service_context or {}), **reading.context}
        _refused.set(None)
        own = Need(iam_action, resource_arn, context)
        refusal = decide(ask, access_key, own, service, region)
        for need in reading.more:
            if refusal is not None:
                break
            refusal = decide(ask, access_key, need, need.service, region)
            if refusal is not None:
                _refused.set(need)
        return refusal

    ask_for_all.ministacks_own = ask  # type: ignore[attr-defined]
    iam_evaluator.enforce = ask_for_all


def name_what_is_missing(iam_actions: Any) -> None:
    """Let a refusal name the action and the resource that nobody granted."""
    respond = iam_actions.access_denied_response

    def respond_naming(
        service: str, action: str, principal_arn: str, request_id: str, **more: Any
    ) -> Any:
        refused, _ = _refused.get(), _refused.set(None)
        if not more.get("error_code") and not more.get("resource_policy_arn"):
            need = refused or Need(action, more.get("resource_arn", "*"))
            explicit = bool(more.get("explicit_deny"))
            text = message(principal_arn, need, explicit)
            action, more = need.action, {**more, "resource_arn": need.resource, "message": text}
        return respond(service, action, principal_arn, request_id, **more)

    iam_actions.access_denied_response = respond_naming


def remember_the_caller(iam_evaluator: Any) -> None:
    """Keep the key of a request for engines that go on with it in threads of their own."""
    pin = iam_evaluator.pin_request_caller

    def pin_and_remember(headers: Any, params: Any = None) -> None:
        from ministack.core.router import extract_access_key_id

        _caller.set(extract_access_key_id(headers, params or {}) or "")
        pin(headers, params)

    iam_evaluator.pin_request_caller = pin_and_remember
