"""Around a destroy: before it the lake comes to rest, after it what AWS keeps is removed or named.

Terraform deletes what it made. It does not stop what works, and AWS deletes nothing that works;
and services make things of their own, of which Terraform knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lake_cli.deployment import Deployment as Names
from scripts.deployment.runs import DeployError
from scripts.deployment.spark_application import SparkApplication

CAUSE = "the lake is destroyed"
# What UpdateSchedule takes of what GetSchedule gives: it forgets whatever is not said again.
OF_A_SCHEDULE = (
    *("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate"),
    *(
        "EndDate",
        "Description",
        "KmsKeyArn",
        "Target",
        "FlexibleTimeWindow",
        "ActionAfterCompletion",
    ),
)
# Step Functions makes this rule for its `.sync` tasks, one for all state machines of a region.
MANAGED_RULE = "StepFunctionsGetEventsForEMRServerlessJobRule"


def bring_to_rest(names: Names, note: Callable[[str], None]) -> None:
    """Nothing starts by itself any more, and what runs is ended; `note` gets what is waited for."""
    try:
        note("switching off schedules, rules and queues")
        switch_off_schedules(names.client("scheduler"), names["prefix"])
        switch_off_rules(names.client("events"), names["prefix"])
        switch_off_queues(names.client("lambda"), names["functions"].values())
        note("stopping pipelines")
        stop_pipelines(names.client("stepfunctions"), names["pipelines"].values())
        note("waiting for Spark to end its jobs and stop")
        SparkApplication(names.client("emr-serverless"), names["spark_application_id"]).end()
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"the lake can't be brought to rest, so it stays: {error}") from error


def kept_buckets(s3: Any, state: Mapping[str, Any]) -> list[str]:
    """The buckets of a state (`terraform show -json`) that hold something and may not lose it."""
    root = state.get("values", {}).get("root_module", {})
    return [
        bucket["bucket"]
        for bucket in of_type("aws_s3_bucket", root)
        if not bucket["force_destroy"] and "Versions" in _listing(s3, bucket["bucket"])
    ]


def of_type(kind: str, module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The values of every resource of a type, also in the modules below."""
    for resource in module.get("resources", []):
        if resource["type"] == kind:
            yield resource["values"]
    for child in module.get("child_modules", []):
        yield from of_type(kind, child)


def _listing(s3: Any, bucket: str) -> Mapping[str, Any]:
    try:
        listing: Mapping[str, Any] = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    except s3.exceptions.NoSuchBucket:
        return {}
    return listing


def switch_off_schedules(scheduler: Any, prefix: str) -> None:
    """Every schedule of the lake, as it is but for its state."""
    pages = scheduler.get_paginator("list_schedules").paginate(NamePrefix=f"{prefix}-")
    for summary in [entry for page in pages for entry in page["Schedules"]]:
        if summary["State"] == "ENABLED":
            place = {"GroupName": summary["GroupName"], "Name": summary["Name"]}
            schedule = scheduler.get_schedule(**place)
            kept = {name: schedule[name] for name in OF_A_SCHEDULE if name in schedule}
            scheduler.update_schedule(**kept, State="DISABLED")


def switch_off_rules(events: Any, prefix: str) -> None:
    """Every rule of the lake: files that land and clocks start nothing."""
    pages = events.get_paginator("list_rules").paginate(NamePrefix=f"{prefix}-")
    for rule in [entry for page in pages for entry in page["Rules"]]:
        if rule["State"] == "ENABLED":
            events.disable_rule(Name=rule["Name"])


def switch_off_queues(functions: Any, names: Any) -> None:
    """Every queue that a function reads: what waits in it stays there."""
    for name in names:
        pages = functions.get_paginator("list_event_source_mappings").paginate(FunctionName=name)
        with suppress(functions.exceptions.ResourceNotFoundException):
            for mapping in [entry for page in pages for entry in page["EventSourceMappings"]]:
                if mapping["State"] in {"Enabled", "Enabling"}:
                    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def stop_pipelines(states: Any, machines: Any) -> None:
    """Every run of a pipeline."""
    for machine in machines:
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter="RUNNING"
        )
        with suppress(states.exceptions.StateMachineDoesNotExist):  # an earlier destroy came so far
            for run in [entry for page in pages for entry in page["executions"]]:
                states.stop_execution(executionArn=run["executionArn"], cause=CAUSE)


def leftovers(names: Names) -> Iterator[str]:
    """What was there after the destroy, a sentence each: removed, or what it is and how long."""
    for about, look in {
        "log groups": log_groups,
        "Step Functions' own rule": managed_rule,
        "the key": key,
        "secrets": secrets,
    }.items():
        try:
            yield from look(names)
        except (BotoCoreError, ClientError) as error:
            yield f"{about} could not be looked at: {error}"


def log_groups(names: Names) -> Iterator[str]:
    """Services write again into a group that is gone, and make it anew, without an end."""
    logs, prefix = names.client("logs"), names["prefix"]
    for start in (
        *(f"/aws/{service}/{prefix}-" for service in ("ecs", "kinesisfirehose", "lambda")),
        *(f"/aws/vendedlogs/{service}/{prefix}-" for service in ("apis", "states")),
        f"/aws/ecs/containerinsights/{prefix}/",
    ):
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=start)
        for group in [entry["logGroupName"] for page in pages for entry in page["logGroups"]]:
            logs.delete_log_group(logGroupName=group)
            yield f"removed the log group {group}, which its service had made again"


def managed_rule(names: Names) -> Iterator[str]:
    """Goes when nobody else in the region can need it."""
    events = names.client("events")
    try:
        events.describe_rule(Name=MANAGED_RULE)
    except events.exceptions.ResourceNotFoundException:
        return
    pages = names.client("emr-serverless").get_paginator("list_applications").paginate()
    others = [
        entry["name"]
        for page in pages
        for entry in page["applications"]
        if entry["state"] != "TERMINATED" and entry["id"] != names["spark_application_id"]
    ]
    if others:
        yield f"the rule {MANAGED_RULE} stays: {others[0]} may need it"
        return
    targets = events.list_targets_by_rule(Rule=MANAGED_RULE)["Targets"]
    if targets:
        ids = [target["Id"] for target in targets]
        events.remove_targets(Rule=MANAGED_RULE, Ids=ids, Force=True)
    events.delete_rule(Name=MANAGED_RULE, Force=True)
    yield f"removed the rule {MANAGED_RULE}, which Step Functions had made"


def key(names: Names) -> Iterator[str]:
    """A key is deleted late, and until then everything under it can be read again."""
    arn = names["kms_key_arn"]
    about = names.client("kms").describe_key(KeyId=arn)["KeyMetadata"]
    if about["KeyState"] == "PendingDeletion":
        yield (
            f"the key {arn} ends on {about['DeletionDate']:%Y-%m-%d}; until then "
            f"`aws kms cancel-key-deletion --key-id {arn}` brings it back"
        )


def secrets(names: Names) -> Iterator[str]:
    """A secret keeps its name for as long as it could be brought back."""
    manager = names.client("secretsmanager")
    prefix = f"{names['prefix']}-"
    pages = manager.get_paginator("list_secrets").paginate(
        IncludePlannedDeletion=True, Filters=[{"Key": "name", "Values": [prefix]}]
    )
    for secret in [entry for page in pages for entry in page["SecretList"]]:
        if secret["Name"].startswith(prefix) and "DeletedDate" in secret:
            yield (
                f"the secret {secret['Name']} keeps its name until {secret['DeletedDate']:%Y-%m-%d}"
                "; a deploy before that says how to free it"
            )
