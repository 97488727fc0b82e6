"""Step Functions: a machine's tasks are its role's; some needs are asked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from local import state_machines
from local.iam.decisions import AccessDenied, may
from local.iam.facts import CloudFacts, Facts
from local.iam.needs import Context, Need, encryption_context, key_needs
from local.iam.reading_dynamodb import leading_keys, table_key_needs
from local.iam.sessions import session

SERVICE = "states.amazonaws.com"
WAY = "task"
LOG_DELIVERY = (
    "CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies",
    "GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery",
)  # fmt: skip
TRACING = (
    "GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments",
)  # fmt: skip
# By this rule of its own Step Functions learns that a job run has ended.
RULE = "StepFunctionsGetEventsForEMRServerlessJobRule"
Make = Callable[[dict[str, Any]], Any]
Data = dict[str, Any]


def install() -> None:
    """Ask a machine's role when it is made or changed, and for each of its tasks."""
    from ministack.services import stepfunctions

    def checked(make: Make) -> Make:
        def made(data: Data) -> Any:
            try:
                check_machine(data, stepfunctions)
            except AccessDenied as error:
                return stepfunctions.error_response_json("AccessDeniedException", str(error), 400)
            return make(data)

        return made

    invoke = stepfunctions._invoke_resource

    def invoke_as_the_machine(resource: str, data: Any) -> Any:
        execution = state_machines._execution.get()
        if execution is not None:
            try:
                check_task(resource, data, execution, stepfunctions)
            except AccessDenied as error:
                name = f"{_service_of(resource)}.AccessDeniedException"
                raise stepfunctions._ExecutionError(name, str(error)) from error
        return invoke(resource, data)

    stepfunctions._create_state_machine = checked(stepfunctions._create_state_machine)
    stepfunctions._update_state_machine = checked(stepfunctions._update_state_machine)
    stepfunctions._invoke_resource = invoke_as_the_machine


def check_machine(data: Data, stepfunctions: Any) -> None:
    """Refuse a machine whose role can't be taken, or lacks what is asked beforehand."""
    from ministack.core.responses import get_account_id, get_region

    account, region = get_account_id(), get_region()
    arn = data.get("stateMachineArn")
    arn = arn or f"arn:aws:states:{region}:{account}:stateMachine:{data.get('name')}"
    known = {**(stepfunctions._state_machines.get(arn) or {}), **data}
    if known.get("roleArn"):
        credentials = session(known["roleArn"], SERVICE, arn, "machine")
        with suppress(AccessDenied):  # AWS makes the machine, which then has no traces
            may(credentials.access_key, *tracing_needs(known))
        may(credentials.access_key, *machine_needs(known, account, region))


def machine_needs(machine: Data, account: str, region: str) -> list[Need]:
    """Logs, and the rule that tells of job runs: asked when a machine is made."""
    needs = []
    if (machine.get("loggingConfiguration") or {}).get("level", "OFF") != "OFF":
        needs += [Need(f"logs:{verb}", "*", way="log delivery") for verb in LOG_DELIVERY]
    if "startJobRun.sync" in str(machine.get("definition")):
        rule = f"arn:aws:events:{region}:{account}:rule/{RULE}"
        verbs = ("DescribeRule", "PutRule", "PutTargets")
        needs += [Need(f"events:{verb}", rule, way="managed rule") for verb in verbs]
    return needs


def tracing_needs(machine: Data) -> list[Need]:
    """What a machine that is traced asks of X-Ray."""
    traced = (machine.get("tracingConfiguration") or {}).get("enabled")
    return [Need(f"xray:{verb}", "*", way="tracing") for verb in (TRACING if traced else ())]


def check_task(resource: str, data: Data, execution: Data, stepfunctions: Any) -> None:
    """Refuse a task that the machine's role may not do."""
    from ministack.core.responses import get_account_id, get_region

    arn = execution["stateMachineArn"]
    role = stepfunctions._state_machines[arn]["roleArn"]
    credentials = session(role, SERVICE, arn, "machine")
    needs = task_needs(resource, data, get_account_id(), get_region(), CloudFacts())
    may(credentials.access_key, *needs)


def task_needs(
    resource: str, data: Data, account: str, region: str, facts: Facts
) -> Iterator[Need]:
    """What a task asks for, by its integration."""

    def arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:{region}:{account}:{name}"

    name = resource.removeprefix("arn:aws:states:::").removesuffix(".waitForTaskToken")
    service, _, operation = name.removeprefix("aws-sdk:").partition(":")
    verb = operation[:1].upper() + operation.removesuffix(".sync")[1:]
    if service == "dynamodb":
        table = data["TableName"]
        keys: Context = {"dynamodb:LeadingKeys": leading_keys(data, facts)}
        yield Need(f"dynamodb:{verb}", arn("dynamodb", f"table/{table}"), keys, WAY)
        yield from table_key_needs(facts, table, region, account)
    elif service == "sns":
        topic = data["TopicArn"]
        context = encryption_context(aws__sns__topicArn=topic)
        yield Need(f"sns:{verb}", topic, way=WAY)
        verbs = ("GenerateDataKey", "Decrypt")
        yield from key_needs(facts.topic_key(topic), "sns", region, *verbs, context=context)
    elif service == "sfn":
        yield Need(f"states:{verb}", data.get("ExecutionArn") or data["StateMachineArn"], way=WAY)
    elif service == "emr-serverless":
        yield from _emr_needs(verb, data, arn("emr-serverless", "/applications"), name)
    elif service == "lambda" or resource.startswith("arn:aws:lambda:"):
        function = data["FunctionName"] if service == "lambda" else resource
        named = function if ":" in function else arn("lambda", f"function:{function}")
        yield Need("lambda:InvokeFunction", named, way=WAY)
    else:
        raise AccessDenied(f"The laptop does not know what {resource} asks of IAM.")


def _emr_needs(verb: str, data: Data, applications: str, name: str) -> Iterator[Need]:
    application = f"{applications}/{data['ApplicationId']}"
    if verb != "StartJobRun":
        yield Need(f"emr-serverless:{verb}", f"{application}/jobruns/{data['JobRunId']}", way=WAY)
        return
    role, passed = data["ExecutionRoleArn"], {"iam:PassedToService": "emr-serverless.amazonaws.com"}
    yield Need("emr-serverless:StartJobRun", application, way=WAY)
    yield Need("iam:PassRole", role, passed, "a role handed over")
    if data.get("Tags"):
        yield Need("emr-serverless:TagResource", application, way="tags")
    if name.endswith(".sync"):
        for follow in ("GetJobRun", "CancelJobRun"):
            yield Need(f"emr-serverless:{follow}", f"{application}/jobruns/*", way="to follow it")


def _service_of(resource: str) -> str:
    name = resource.removeprefix("arn:aws:states:::").removeprefix("aws-sdk:").partition(":")[0]
    known = {"dynamodb": "DynamoDB", "emr-serverless": "EmrServerless", "sns": "SNS"}
    return known.get(name, name.capitalize())
