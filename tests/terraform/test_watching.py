"""Who looks after the lake: functions are watched, alarms say what to do, metrics exist."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re

import pytest

from lake.settings import Settings
from tests.terraform.mocked_lake import ROOT, Lake

VERBS = (
    *("promote", "start_job", "create_tables", "ingest", "transform_stream", "watch"),
    "results_api",
)
OPERATIONS = ROOT / "docs" / "operations.md"
# What asks over HTTP, and what reads or writes Parquet, has packages in layers of their own.
MORE_LAYERS = {"ingest": 2, "results-api": 1}


def anchors(markdown: str) -> set[str]:
    """The anchors that a reader of a Markdown page can jump to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def runbook_of(lake: Lake) -> dict[str, str | None]:
    """Where each alarm's text sends its reader."""
    found = {}
    for alarm in lake.all("aws_cloudwatch_metric_alarm"):
        match = re.search(r" Runbook: docs/operations\.md#([\w-]+)$", alarm["alarm_description"])
        found[alarm.address] = match[1] if match else None
    return found


def test_every_function_logs_for_a_declared_time(lake: Lake) -> None:
    groups = {group["name"]: group for group in lake.all("aws_cloudwatch_log_group")}
    functions = lake.all("aws_lambda_function")

    assert len(functions) == len(VERBS)
    for function in functions:
        assert groups[f"/aws/lambda/{function['function_name']}"]["retention_in_days"] >= 30


def test_every_function_is_watched_for_errors_and_throttles(lake: Lake) -> None:
    watched = {
        (alarm["dimensions"].get("FunctionName"), alarm["metric_name"])
        for alarm in lake.all("aws_cloudwatch_metric_alarm")
        if alarm["namespace"] == "AWS/Lambda"
    }
    assert watched == {
        (function["function_name"], metric)
        for function in lake.all("aws_lambda_function")
        for metric in ("Errors", "Throttles")
    }


def test_every_function_is_traced_and_loses_no_event(lake: Lake) -> None:
    undelivered = lake.one("aws_sqs_queue", "module.undelivered")["arn"]

    for function in lake.all("aws_lambda_function"):
        assert function["tracing_config"][0]["mode"] == "Active"
        assert function["dead_letter_config"][0]["target_arn"] == undelivered
        verb = function["function_name"].removeprefix(f"{lake.prefix}-")
        assert len(function["layers"]) == 2 + MORE_LAYERS.get(verb, 0)


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_is_told_exactly_what_its_settings_ask_for(lake: Lake, verb: str) -> None:
    handler = importlib.import_module(f"functions.{verb}.handler")
    (settings,) = (
        found
        for found in vars(handler).values()
        if isinstance(found, type) and issubclass(found, Settings) and found is not Settings
    )
    (function,) = lake.all("aws_lambda_function", f"module.{verb}")
    told = set(function["environment"][0]["variables"])

    assert function["handler"] == f"functions.{verb}.handler.handler"
    assert told - {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"} == {
        field.name.upper() for field in dataclasses.fields(settings)
    }


def test_every_alarm_tells_people_when_it_comes_and_when_it_goes(lake: Lake) -> None:
    topic = [lake.one("aws_sns_topic")["arn"]]
    alarms = lake.all("aws_cloudwatch_metric_alarm")

    assert len(alarms) > 25
    for alarm in alarms:
        assert (alarm["alarm_actions"], alarm["ok_actions"]) == (topic, topic), alarm
        assert alarm["actions_enabled"] is not False, alarm


def test_every_alarm_points_into_the_runbook(lake: Lake) -> None:
    there = anchors(OPERATIONS.read_text())

    for alarm, anchor in runbook_of(lake).items():
        assert anchor in there, alarm


def test_the_runbook_has_no_entry_for_an_alarm_that_is_gone(prod: Lake) -> None:
    page = OPERATIONS.read_text()
    entries = page.partition("\n## When an alarm comes\n")[2].partition("\n## ")[0]
    assert entries, "the section of alarms"

    without_alarm = {"a-spark-job-failed", "the-budget"}  # notices of a rule and of the bill
    assert anchors(entries) - without_alarm == set(runbook_of(prod).values())


def test_the_topic_lets_alarms_rules_and_the_budget_in(lake: Lake) -> None:
    services: set[str] = set()
    for statement in lake.policies("aws_sns_topic_policy"):
        if statement.effect == "Allow":
            named = statement.principal["Service"]
            services |= {named} if isinstance(named, str) else set(named)
    assert services == {
        *("budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"),
    }


def test_the_topic_takes_nothing_over_plain_http(lake: Lake) -> None:
    denied = [one for one in lake.policies("aws_sns_topic_policy") if one.effect == "Deny"]

    assert [(one.principal, one.actions, one.condition) for one in denied] == [
        ("*", ("sns:Publish",), {"Bool": {"aws:SecureTransport": "false"}})
    ]


def test_a_schedule_that_falls_silent_raises_an_alarm_after_three_turns(lake: Lake) -> None:
    schedules = {
        rule["name"]: int(rule["schedule_expression"].removeprefix("rate(").split()[0]) * 60
        for rule in lake.all("aws_cloudwatch_event_rule")
        if str(rule["schedule_expression"]).startswith("rate(")
    }
    assert len(schedules) == 3
    assert schedules == {
        alarm["dimensions"]["RuleName"]: alarm["period"]
        for alarm in lake.all("aws_cloudwatch_metric_alarm")
        if alarm["namespace"] == "AWS/Events" and alarm["treat_missing_data"] == "breaching"
    }


def own_metrics(lake: Lake) -> set[tuple[str, str]]:
    """The lake's own metrics that a widget or an alarm shows, with the service that sends them."""
    body = json.loads(lake.one("aws_cloudwatch_dashboard")["dashboard_body"])
    shown = {
        (metric[3], metric[1])
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
        if metric[0] == lake.namespace
    }
    alarmed = {
        (alarm["dimensions"]["service"], alarm["metric_name"])
        for alarm in lake.all("aws_cloudwatch_metric_alarm")
        if alarm["namespace"] == lake.namespace
    }
    assert alarmed <= shown
    return shown


def test_every_metric_that_is_shown_is_sent(lake: Lake) -> None:
    shown = own_metrics(lake)

    assert len(shown) == (11 if lake.env == "dev" else 13)  # without the stream's two
    for service, metric in shown:
        sources = [path.read_text() for path in (ROOT / "functions" / service).glob("*.py")]
        assert any(f'"{metric}"' in source for source in sources), f"{service} sends no {metric}"


def test_widgets_show_things_that_are_there(lake: Lake) -> None:
    names = {
        *(queue["name"] for queue in lake.all("aws_sqs_queue")),
        *(function["function_name"] for function in lake.all("aws_lambda_function")),
        lake.one("aws_emrserverless_application")["id"],
        lake.one("aws_athena_workgroup")["name"],
        *(stream["name"] for stream in lake.all("aws_kinesis_stream")),
        *lake.outputs["pipelines"].values(),
    }
    body = json.loads(lake.one("aws_cloudwatch_dashboard")["dashboard_body"])
    shown = {
        metric[3]
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
        if metric[0] != lake.namespace
    }
    assert shown == names


def test_metrics_of_spark_are_named_by_all_their_dimensions(lake: Lake) -> None:
    # A metric is one of all its dimensions: with the id alone CloudWatch finds none.
    application = lake.one("aws_emrserverless_application")
    body = json.loads(lake.one("aws_cloudwatch_dashboard")["dashboard_body"])
    dimensions = [
        metric[2:]
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
        if metric[0] == "AWS/EMRServerless"
    ]
    named = ["ApplicationId", application["id"], "ApplicationName", application["name"]]
    assert dimensions == [named] * 3


def test_the_runbook_says_what_to_do_about_the_six_troubles_of_the_first_build() -> None:
    page = OPERATIONS.read_text()
    troubles = page.partition("\n## Six troubles of the first build\n")[2]
    entries = troubles.split("\n### ")[1:]

    assert [entry.partition("\n")[0] for entry in entries] == [
        "A pipeline refuses to start a job",
        "A job does not know its arguments",
        "A workbook cannot be read",
        "Access denied",
        "A table lies in the wrong layer",
        "The poller's container does not start",
    ]
    for entry in entries:
        assert re.findall(r"^(\*Then|- Signs|- Here|- Do):", entry, re.MULTILINE) == [
            *("*Then", "- Signs", "- Here", "- Do")
        ], entry


def test_every_advice_of_the_lake_leads_to_an_entry_of_the_runbook() -> None:
    advice = (ROOT / "layers" / "lake" / "lake" / "state" / "advice.py").read_text()
    named = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', advice))

    assert {"part-not-seen", "files-quarantined", "pipeline-timed-out"} <= named
    assert named <= anchors(OPERATIONS.read_text())
