"""What the lake asks by itself: woken by the clock, let in by secrets, allowed little."""

from __future__ import annotations

import json
import re

from lake.catalog import Catalog
from scripts.catalog_compiler.compiler import compile_catalog
from tests.terraform.mocked_lake import ROOT, Lake, statements

CATALOG = Catalog.from_dict(compile_catalog(ROOT))
POLLED = {
    name: source.poll
    for name, source in CATALOG.sources.items()
    if source.kind == "upload" and source.poll
}
SCHEDULED = {name: poll.schedule for name, poll in POLLED.items() if poll.schedule}
AWS_CRON = re.compile(r"cron\(\S+ \S+ (\? \S+ [A-Z-,]+|\S+ \S+ \?) \*\)")


def test_every_declared_schedule_wakes_the_function_with_its_source_and_zone(lake: Lake) -> None:
    found = {
        json.loads(schedule["target"][0]["input"]).get("source"): schedule
        for schedule in lake.all("aws_scheduler_schedule", "")
        if "-poll-" in schedule["name"]
    }
    assert set(found) == {*SCHEDULED, None}, "None: the sweep"
    for source, declared in SCHEDULED.items():
        schedule = found[source]
        assert schedule["schedule_expression_timezone"] == declared.zone
        assert AWS_CRON.fullmatch(schedule["schedule_expression"]), schedule["schedule_expression"]
        minute, hour = declared.cron.split()[:2]
        assert schedule["schedule_expression"].startswith(f"cron({minute} {hour} ")
    assert found["emt/arrivals"]["schedule_expression"] == "cron(*/5 5-23 * * ? *)"
    assert found["emt/lines"]["schedule_expression"] == "cron(10 4 ? * MON *)"


def test_a_poll_starts_on_time_and_is_set_aside_when_it_cannot(lake: Lake) -> None:
    undelivered = lake.one("aws_sqs_queue", "module.undelivered")["arn"]

    for schedule in lake.all("aws_scheduler_schedule", ""):
        if "-poll-" not in schedule["name"]:
            continue
        assert schedule["flexible_time_window"][0]["mode"] == "OFF"
        target = schedule["target"][0]
        assert target["dead_letter_config"][0]["arn"] == undelivered
        assert 0 < target["retry_policy"][0]["maximum_event_age_in_seconds"] <= 3600


def test_a_laptop_asks_nobody_by_itself(laptop: Lake, dev: Lake) -> None:
    def states(lake: Lake) -> set[str]:
        return {
            schedule["state"]
            for schedule in lake.all("aws_scheduler_schedule", "")
            if "-poll-" in schedule["name"]
        }

    assert states(laptop) == {"DISABLED"}
    assert states(dev) == {"ENABLED"}


def test_each_api_has_one_secret_and_no_value_without_being_given(lake: Lake) -> None:
    wanted = {api.secret for api in CATALOG.apis.values() if api.secret}

    secrets = lake.all("aws_secretsmanager_secret")
    assert {secret["name"] for secret in secrets} == {
        f"{lake.prefix}-{name}-secret" for name in wanted
    }
    assert all(secret["kms_key_id"] for secret in secrets)
    assert lake.all("aws_secretsmanager_secret_version") == []


def test_ingest_lands_in_the_places_of_polled_sources_and_reads_its_secrets_only(
    lake: Lake,
) -> None:
    (policy,) = lake.all("aws_iam_role_policy", "module.ingest")
    found = {one.sid: one for one in statements(policy.address, policy["policy"])}

    raw = f"arn:aws:s3:::{lake.outputs['buckets']['raw']}"
    assert set(found["LandFiles"].resources) == {
        f"{raw}/{CATALOG.source(source).path}/*" for source in POLLED
    }
    assert {one.actions for one in found.values() if "s3" in str(one.actions)} == {
        ("s3:PutObject",)
    }
    assert set(found["KeepTheStatesOfPolls"].actions) == {"dynamodb:GetItem", "dynamodb:PutItem"}
    assert found["KeepTheStatesOfPolls"].condition == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["poll#*"]}
    }
    assert found["ReadItsSecrets"].actions == ("secretsmanager:GetSecretValue",)


def test_the_clock_may_wake_ingest_and_nothing_else(lake: Lake) -> None:
    (policy,) = (
        found for found in lake.all("aws_iam_role_policy") if found.module == "module.ingest_clock"
    )
    found = {one.sid: one for one in statements(policy.address, policy["policy"])}

    (ingest,) = lake.all("aws_lambda_function", "module.ingest")
    assert found["WakeIngest"].actions == ("lambda:InvokeFunction",)
    assert found["WakeIngest"].resources == (ingest["arn"],)
    assert set(found) == {"WakeIngest", "SetAsideWhatFailed", "UseTheKey"}


def test_a_poll_that_fails_raises_an_alarm(lake: Lake) -> None:
    (alarm,) = (
        found
        for found in lake.all("aws_cloudwatch_metric_alarm")
        if found["metric_name"] == "PollsFailed"
    )
    assert alarm["dimensions"] == {"service": "ingest"}
    assert (alarm["threshold"], alarm["statistic"]) == (0, "Sum")
