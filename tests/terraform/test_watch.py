"""What `watch` may see and write, and what makes it look."""

from __future__ import annotations

import json

from functions.watch.handler import PATIENCE_S, SETTLES_S
from lake import served
from tests.terraform.mocked_lake import Lake, Statement, statements

S3 = "arn:aws:s3:::"


def rights(lake: Lake) -> dict[str, Statement]:
    """The statements of the function's role."""
    policy = lake.one("aws_iam_role_policy", "module.watch")
    return {one.sid: one for one in statements(policy.address, policy["policy"])}


def test_it_writes_the_state_and_nothing_else(lake: Lake) -> None:
    bucket = lake.outputs["buckets"]["served"]
    changing = {
        (action, resource)
        for statement in rights(lake).values()
        for action in statement.actions
        if action.startswith(("s3:Put", "s3:Delete", "dynamodb:", "glue:", "states:"))
        and not action.startswith(("dynamodb:Get", "dynamodb:Query", "glue:Get"))
        and not action.startswith(("states:List", "states:Describe"))
        for resource in statement.resources
    }
    state = f"{S3}{bucket}/{served.STATE_KEY}"
    assert changing == {("s3:PutObject", state), ("s3:DeleteObjectVersion", state)}


def test_it_reads_metadata_and_results_of_checks_but_no_row(lake: Lake) -> None:
    buckets = lake.outputs["buckets"]
    read = {
        resource.removeprefix(S3)
        for statement in rights(lake).values()
        if "s3:GetObject" in statement.actions
        for resource in statement.resources
    }
    warehouses = {buckets[layer] for layer in ("silver", "gold", "ops")}
    metadata = {place for place in read if place.endswith("/metadata/*.metadata.json")}
    assert {place.partition("/")[0] for place in metadata} == warehouses
    assert read - metadata == {f"{buckets['jobs']}/runs/pipelines/*"}
    listing = rights(lake)["SeeWhichResultsThereAre"]
    assert listing.resources == (f"{S3}{buckets['jobs']}",)
    assert listing.condition == {"StringLike": {"s3:prefix": "runs/pipelines/*"}}


def test_it_sees_the_runs_of_this_lake_s_pipelines_only(lake: Lake) -> None:
    machines = set(lake.outputs["pipelines"].values())
    seen = rights(lake)

    assert set(seen["SeeTheRuns"].resources) == machines
    runs = {place.rpartition(":")[0] for place in seen["ReadWhyARunFailed"].resources}
    assert len(runs) == len(machines)
    assert all(":execution:" in place for place in runs)
    assert set(seen["ReadTheLedger"].actions) == {"dynamodb:GetItem", "dynamodb:Query"}


def test_it_is_told_of_each_pipeline_and_of_each_queue_that_it_may_measure(lake: Lake) -> None:
    (function,) = lake.all("aws_lambda_function", "module.watch")
    told = function["environment"][0]["variables"]

    assert json.loads(told["PIPELINES"]) == lake.outputs["pipelines"]
    queues = json.loads(told["QUEUES"])
    assert len(queues) == len(rights(lake)["MeasureTheQueues"].resources) == 6
    named = {place.rpartition(":")[2] for place in rights(lake)["MeasureTheQueues"].resources}
    assert named <= {queue["name"] for queue in lake.all("aws_sqs_queue")}
    dead = {name for name in queues if name.endswith("dead")}
    assert dead == {"uploads, dead", "jobs, dead", "looks, dead", "undelivered, dead"}


def test_a_look_follows_what_happened_once_it_stands_in_the_ledger(lake: Lake) -> None:
    looks = lake.one("aws_sqs_queue", "module.looks")
    (function,) = lake.all("aws_lambda_function", "module.watch")

    assert (looks["delay_seconds"], looks["fifo_queue"]) == (SETTLES_S, True)
    assert function["timeout"] > PATIENCE_S + 10


def test_whatever_begins_ends_or_lands_asks_for_a_look_and_so_does_the_clock(lake: Lake) -> None:
    looks = lake.one("aws_sqs_queue", "module.looks")["arn"]
    asking = {
        target["rule"].removeprefix(f"{lake.prefix}-")
        for target in lake.all("aws_cloudwatch_event_target")
        if target["target_id"] == "look"
    }
    assert asking == {
        *("job-ended", "job-started", "pipeline-moved", "raw-object-created", "watch-clock")
    }
    for target in lake.all("aws_cloudwatch_event_target"):
        if target["target_id"] == "look":
            assert target["arn"] == looks
            assert target["input"] is None, "alike within five minutes: SQS would drop the second"
    clock = next(
        rule
        for rule in lake.all("aws_cloudwatch_event_rule")
        if rule["name"] == f"{lake.prefix}-watch-clock"
    )
    every = "1 minute" if lake.env == "laptop" else "5 minutes"
    assert clock["schedule_expression"] == f"rate({every})"


def test_a_table_is_called_stale_by_several_looks_not_by_one(dev: Lake) -> None:
    stale = [
        alarm
        for alarm in dev.all("aws_cloudwatch_metric_alarm")
        if alarm["metric_name"] == "FreshnessMinutes"
    ]
    assert len(stale) >= 4
    for alarm in stale:
        looks = alarm["period"] / 60 / 5
        assert (looks, alarm["evaluation_periods"]) == (3, 2)
        assert alarm["treat_missing_data"] == "breaching"
