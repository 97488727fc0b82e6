"""Lambda on behalf of a function: its trust, its queue, its log, its traces, its dead letters."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from local.iam.decisions import AccessDenied, may
from local.iam.facts import CloudFacts, Facts
from local.iam.needs import Need, encryption_context, key_needs
from local.iam.sessions import trusts

SERVICE = "lambda.amazonaws.com"
TAKES = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
NOT_ASSUMED = "The role defined for the function cannot be assumed by Lambda."
WAY = "Lambda for a function"
logger = logging.getLogger("iam")
Config = dict[str, Any]


def install() -> None:
    """Check a function as it is made, and each time that Lambda acts for it."""
    from ministack.services import lambda_svc

    check_roles_of_functions(lambda_svc)
    check_roles_of_mappings(lambda_svc)
    write_logs_as_the_function(lambda_svc)


def check_roles_of_functions(lambda_svc: Any) -> None:
    """Refuse a role that Lambda can't take, or that can't send to its dead letter queue."""
    create, update = lambda_svc._create_function, lambda_svc._update_config

    def refusal(name: str, role: str, dead_letters: Any) -> Any:
        from ministack.core.responses import get_account_id, get_region

        arn = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name}"
        if role and not trusts(role, SERVICE, arn):
            return _invalid(lambda_svc, NOT_ASSUMED)
        target = (dead_letters or {}).get("TargetArn")
        if role and target:
            config = {"Role": role, "FunctionName": name, "FunctionArn": arn}
            try:
                act_as(config, *dead_letter_needs(target, CloudFacts()))
            except AccessDenied as error:
                return _invalid(
                    lambda_svc,
                    "The provided execution role does not have permissions to call "
                    f"SendMessage on SQS: {error}",
                )
        return None

    def create_checked(data: dict[str, Any]) -> Any:
        name = str(data.get("FunctionName", "")).rpartition(":")[2]
        refused = refusal(name, str(data.get("Role", "")), data.get("DeadLetterConfig"))
        return refused or create(data)

    def update_checked(name: str, data: dict[str, Any]) -> Any:
        known = (lambda_svc._functions.get(name) or {}).get("config") or {}
        changed = {**known, **data} if {"Role", "DeadLetterConfig"} & data.keys() else {}
        refused = refusal(name, str(changed.get("Role", "")), changed.get("DeadLetterConfig"))
        return refused or update(name, data)

    lambda_svc._create_function, lambda_svc._update_config = create_checked, update_checked


def check_roles_of_mappings(lambda_svc: Any) -> None:
    """Take messages as the function's role; without the right they stay in the queue."""
    create, run = lambda_svc._create_esm, lambda_svc._run_sqs_batch

    def create_checked(data: dict[str, Any]) -> Any:
        source = str(data.get("EventSourceArn", ""))
        name = str(data.get("FunctionName", "")).rpartition(":function:")[2]
        function = lambda_svc._functions.get(name.partition(":")[0])
        if ":sqs:" in source and function is not None:
            try:
                act_as(function["config"], *queue_needs(source, CloudFacts()))
            except AccessDenied as error:
                return _invalid(
                    lambda_svc,
                    "The function execution role does not have permissions to call "
                    f"ReceiveMessage on SQS: {error}",
                )
        return create(data)

    def run_as_the_function(mapping: Any, function: Any, *rest: Any) -> Any:
        try:
            act_as(function["config"], *queue_needs(mapping["EventSourceArn"], CloudFacts()))
        except AccessDenied as error:
            mapping["LastProcessingResult"] = f"PROBLEM: {error}"
            logger.warning("messages stay in their queue: %s", error)
            return None
        return run(mapping, function, *rest)

    lambda_svc._create_esm, lambda_svc._run_sqs_batch = create_checked, run_as_the_function


def write_logs_as_the_function(lambda_svc: Any) -> None:
    """Keep no log, as AWS, of a function that may not write one."""
    emit: Callable[..., None] = lambda_svc._emit_lambda_logs

    def emit_as_the_function(function: Any, *rest: Any, **more: Any) -> None:
        config = function.get("config") or function
        try:
            act_as(config, *log_needs(config))
        except AccessDenied as error:
            logger.warning("an invocation without a log: %s", error)
            return
        with suppress(AccessDenied):  # it is logged, and not traced
            act_as(config, *tracing_needs(config))
        emit(function, *rest, **more)

    lambda_svc._emit_lambda_logs = emit_as_the_function


def act_as(config: Config, *needs: Need) -> None:
    """Refuse what a function's role may not do."""
    from ministack.core import lambda_runtime

    may(lambda_runtime.execution_credentials(config)["AWS_ACCESS_KEY_ID"], *needs)


def queue_needs(queue: str, facts: Facts) -> list[Need]:
    """What an event source mapping asks of a queue."""
    context = encryption_context(aws__sqs__arn=queue)
    region = queue.split(":")[3]
    needs = [Need(f"sqs:{verb}", queue, way=WAY) for verb in TAKES]
    return [*needs, *key_needs(facts.queue_key(queue), "sqs", region, "Decrypt", context=context)]


def dead_letter_needs(target: str, facts: Facts) -> list[Need]:
    """What an asynchronous call that failed for good asks of its queue or topic."""
    kind, region = target.split(":")[2:4]
    if kind == "sns":
        action, key = "sns:Publish", facts.topic_key(target)
    else:
        action, key = "sqs:SendMessage", facts.queue_key(target)
    keys = key_needs(key, kind, region, "GenerateDataKey", "Decrypt")
    return [Need(action, target, way=WAY), *keys]


def log_needs(config: Config) -> list[Need]:
    """What an invocation asks of CloudWatch Logs."""
    region, account = str(config["FunctionArn"]).split(":")[3:5]
    group = (config.get("LoggingConfig") or {}).get("LogGroup")
    group = group or f"/aws/lambda/{config['FunctionName']}"
    place = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:"
    needs = [Need("logs:CreateLogStream", place, way=WAY)]
    needs.append(Need("logs:PutLogEvents", f"{place}stream", way=WAY))
    return needs


def tracing_needs(config: Config) -> list[Need]:
    """What an invocation that is traced asks of X-Ray."""
    traced = (config.get("TracingConfig") or {}).get("Mode") == "Active"
    verbs = ("PutTraceSegments", "PutTelemetryRecords") if traced else ()
    return [Need(f"xray:{verb}", "*", way=WAY) for verb in verbs]


def _invalid(lambda_svc: Any, text: str) -> Any:
    return lambda_svc.error_response_json("InvalidParameterValueException", text, 400)
