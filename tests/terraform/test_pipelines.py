"""Pipelines as Terraform makes them: one machine each, watched, scheduled, no right too many."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lake.catalog import Catalog
from scripts.catalog_compiler.compiler import compile_catalog
from tests.terraform.mocked_lake import ACCOUNT, ROOT, Lake, Resource, statements

CATALOG = Catalog.from_dict(compile_catalog(ROOT))
PIPELINES = list(CATALOG.pipelines)


def machine(lake: Lake, pipeline: str) -> Resource:
    return lake.one("aws_sfn_state_machine", f'module.pipeline["{pipeline}"]')


def definition(lake: Lake, pipeline: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(machine(lake, pipeline)["definition"])
    return told


def submissions(states: dict[str, Any]) -> dict[str, Any]:
    """The states that start a job, in all branches."""
    found = {}
    for name, state in states.items():
        if state.get("Resource", "").startswith("arn:aws:states:::emr-serverless:"):
            found[name] = state
        for branch in state.get("Branches", []):
            found |= submissions(branch["States"])
    return found


def next_fire(expression: str, after: datetime) -> datetime:
    """When a daily cron of AWS fires next."""
    minute, hour, *days = expression.removeprefix("cron(").removesuffix(")").split()
    assert days == ["*", "*", "?", "*"]
    at = after.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    return at if at > after else at + timedelta(days=1)


def test_there_is_a_machine_for_each_pipeline_of_the_catalogue(lake: Lake) -> None:
    assert {"emt/gold", "ops/upkeep"} <= set(PIPELINES)
    assert len(lake.all("aws_sfn_state_machine")) == len(PIPELINES)
    for pipeline in PIPELINES:
        name = f"{lake.prefix}-{pipeline.replace('/', '-')}"
        assert machine(lake, pipeline)["name"] == name
        assert lake.outputs["pipelines"][pipeline].endswith(f":{ACCOUNT}:stateMachine:{name}")


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_stages_and_arguments_are_those_of_the_catalogue(lake: Lake, pipeline: str) -> None:
    states = definition(lake, pipeline)["States"]
    declared = CATALOG.pipelines[pipeline]

    for number, jobs in enumerate(declared.stages, 1):
        branches = states[f"Stage {number}"]["Branches"]
        assert [branch["StartAt"] for branch in branches] == [f"{number} {job}" for job in jobs]
    for name, state in submissions(states).items():
        job = CATALOG.jobs[name.split()[1].removesuffix(":")]
        submit = state["Arguments"]["JobDriver"]["SparkSubmit"]
        bucket = lake.outputs["buckets"]["jobs"]
        assert submit["EntryPoint"] == f"s3://{bucket}/spark/{job.script}.py"
        assert state["Arguments"]["ExecutionTimeoutMinutes"] == job.timeout_minutes
        assert state["TimeoutSeconds"] == ((job.timeout_minutes or 0) + 10) * 60
        words = submit["EntryPointArguments"]
        assert f'"--served","s3://{lake.outputs["buckets"]["served"]}"' in words
        for argument in job.arguments:
            value = argument.literal
            if argument.database:
                value = f"{lake.databases}{argument.database}"
            if argument.warehouse:
                value = f"s3://{lake.outputs['buckets'][argument.warehouse]}"
            assert f'"--{argument.name}","{value}"' in words, name


def test_pipelines_and_loads_submit_spark_by_one_declaration(lake: Lake) -> None:
    (start_job,) = lake.all("aws_lambda_function", "module.start_job")
    declared = start_job["environment"][0]["variables"]["SPARK_PARAMETERS"]
    jobs = lake.outputs["buckets"]["jobs"]

    assert declared.startswith(f"--py-files s3://{jobs}/spark/lake.zip --conf ")
    for setting in (
        f"spark.archives=s3://{jobs}/spark/environment.tar.gz#environment",
        "spark.sql.catalog.glue_catalog=org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.glue_catalog.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
        "spark.sql.catalog.glue_catalog.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
        "spark.sql.session.timeZone=UTC",
    ):
        assert f"--conf {setting}" in declared
    for pipeline in PIPELINES:
        for state in submissions(definition(lake, pipeline)["States"]).values():
            submit = state["Arguments"]["JobDriver"]["SparkSubmit"]
            assert submit["SparkSubmitParameters"] == declared


def test_emt_41_gold_starts_at_ten_utc_with_its_day_as_input(lake: Lake) -> None:
    schedule = lake.one("aws_scheduler_schedule", 'module.pipeline["emt/gold"]')
    (target,) = schedule["target"]

    assert schedule["schedule_expression"] == "cron(0 10 * * ? *)"
    assert schedule["schedule_expression_timezone"] == "UTC"
    for after, fires in (
        (datetime(2025, 8, 30, 9, 59, tzinfo=UTC), datetime(2025, 8, 30, 10, tzinfo=UTC)),
        (datetime(2025, 8, 30, 10, 0, tzinfo=UTC), datetime(2025, 8, 31, 10, tzinfo=UTC)),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 3, 29, 10, tzinfo=UTC)),
    ):
        assert next_fire(schedule["schedule_expression"], after) == fires
    # The text as AWS gets it: Scheduler replaces nothing that is spelled with escapes.
    assert target["input"] == (
        '{"date":"<aws.scheduler.scheduled-time>","from":null,"full":false,"to":null}'
    )


def test_a_start_that_fails_is_tried_for_a_day_and_set_aside(lake: Lake) -> None:
    undelivered = lake.one("aws_sqs_queue", "module.undelivered")["arn"]
    schedules = [one for one in lake.all("aws_scheduler_schedule") if "pipeline" in one.module]

    assert len(schedules) == sum(one.schedule is not None for one in CATALOG.pipelines.values())
    for schedule in schedules:
        (target,) = schedule["target"]
        assert target["dead_letter_config"][0]["arn"] == undelivered
        assert target["retry_policy"][0]["maximum_event_age_in_seconds"] == 86400
        assert schedule["flexible_time_window"][0]["mode"] == "OFF"


def test_the_clock_is_on_in_the_cloud_and_off_on_a_laptop(lake: Lake) -> None:
    states = {schedule["state"] for schedule in lake.all("aws_scheduler_schedule")}
    assert states == {"DISABLED" if lake.env == "laptop" else "ENABLED"}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_pipeline_is_logged_traced_and_watched(lake: Lake, pipeline: str) -> None:
    made = machine(lake, pipeline)
    group = lake.one("aws_cloudwatch_log_group", f'module.pipeline["{pipeline}"]')
    alarms = lake.all("aws_cloudwatch_metric_alarm", f'module.pipeline["{pipeline}"]')

    assert made["logging_configuration"][0]["level"] == "ALL"
    assert made["tracing_configuration"][0]["enabled"] is True
    assert group["name"] == f"/aws/vendedlogs/states/{made['name']}"
    assert group["retention_in_days"] >= 30
    assert group["kms_key_id"] == lake.one("aws_kms_key")["arn"]
    assert {alarm["metric_name"] for alarm in alarms} == {"ExecutionsFailed", "ExecutionsTimedOut"}
    for alarm in alarms:
        assert alarm["dimensions"] == {"StateMachineArn": lake.outputs["pipelines"][pipeline]}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_pipeline_may_run_its_jobs_and_keep_its_own_lease(lake: Lake, pipeline: str) -> None:
    policy = lake.one("aws_iam_role_policy", f'module.pipeline["{pipeline}"]')
    allowed = {one.sid: one for one in statements(policy.address, policy["policy"])}
    application = lake.one("aws_emrserverless_application")["arn"]

    assert allowed["StartJobs"].resources == (application,)
    assert allowed["FollowAndCancelJobs"].resources == (f"{application}/jobruns/*",)
    assert allowed["HearOfTheEnd"].resources == (
        f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/StepFunctionsGetEventsForEMRServerlessJobRule",
    )
    assert allowed["KeepTheLease"].condition == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [f"pipeline#{pipeline}"]}
    }
    assert set(allowed) == {
        *("StartJobs", "FollowAndCancelJobs", "HandOverTheRole", "HearOfTheEnd", "KeepTheLease"),
        *("LookAtTheHolder", "TellPeople", "UseTheKey", "DeliverLogs", "Trace"),
    }


def test_a_table_that_promises_to_be_fresh_has_an_alarm_where_the_clock_is_on(lake: Lake) -> None:
    promised = {
        table.id: table.fresh_within_minutes
        for table in CATALOG.tables.values()
        if table.fresh_within_minutes is not None and lake.env != "laptop"
    }
    if lake.env == "dev":  # the stream is off there, and nothing comes
        del promised["meteorology_silver.meteorology_current"]
    stale = [
        alarm
        for alarm in lake.all("aws_cloudwatch_metric_alarm")
        if alarm["metric_name"] == "FreshnessMinutes"
    ]
    assert {alarm["dimensions"]["table"]: alarm["threshold"] for alarm in stale} == promised
    assert all(alarm["treat_missing_data"] == "breaching" for alarm in stale)
