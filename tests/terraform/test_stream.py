"""The weather stream: one switch for all of it, a network that lets nobody in, one poller."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.terraform.mocked_lake import Lake, Workbench

# What is paid for while it is there, or rings when nothing comes.
STREAM = {
    *("aws_kinesis_stream", "aws_kinesis_firehose_delivery_stream", "aws_ecs_service"),
    *("aws_ecs_cluster", "aws_ecs_task_definition", "aws_vpc", "aws_security_group"),
}


@pytest.fixture(scope="module", params=["prod", "laptop"])
def streaming(request: pytest.FixtureRequest) -> Lake:
    made: Lake = request.getfixturevalue(request.param)
    return made


def container(lake: Lake) -> dict[str, Any]:
    definitions = lake.one("aws_ecs_task_definition")["container_definitions"]
    (only,) = json.loads(definitions)
    told: dict[str, Any] = only
    return told


def test_nothing_of_the_stream_is_there_while_it_is_off(dev: Lake) -> None:
    assert {resource.kind for resource in dev.resources} & STREAM == set()
    assert dev.outputs["streams"] == {}
    watched = {
        alarm["alarm_name"].removeprefix(f"{dev.prefix}-")
        for alarm in dev.all("aws_cloudwatch_metric_alarm")
    }
    assert not {name for name in watched if "meteorology" in name}
    assert "records-refused" not in watched
    shown = json.loads(dev.one("aws_cloudwatch_dashboard")["dashboard_body"])
    for widget in shown["widgets"]:
        assert widget["properties"]["metrics"], "CloudWatch takes no widget without a metric"
        assert not {metric[0] for metric in widget["properties"]["metrics"]} & {
            "AWS/Kinesis",
            "AWS/Firehose",
        }


def test_the_registry_waits_for_the_image_before_the_stream_is_switched_on(dev: Lake) -> None:
    assert dev.one("aws_ecr_repository")["name"] == f"{dev.prefix}-weather-poller"
    assert dev.outputs["weather_poller_image"]["repository"]


def test_all_of_it_is_there_while_it_is_on(prod: Lake) -> None:
    assert {resource.kind for resource in prod.resources} >= STREAM
    names = {alarm["alarm_name"] for alarm in prod.all("aws_cloudwatch_metric_alarm")}
    assert names >= {
        f"{prod.prefix}-{name}"
        for name in (
            *("meteorology-stream-behind", "meteorology-stream-not-delivered"),
            *("records-refused", "meteorology-silver-meteorology-current-stale"),
        )
    }


def test_a_poller_asks_where_the_clock_is_on(prod: Lake, laptop: Lake) -> None:
    assert prod.one("aws_ecs_service")["desired_count"] == 1
    assert laptop.one("aws_ecs_service")["desired_count"] == 0


def test_there_are_never_two_pollers_at_once(streaming: Lake) -> None:
    service = streaming.one("aws_ecs_service")

    assert service["desired_count"] <= 1
    # The old one stops before the new one starts.
    assert service["deployment_maximum_percent"] == 100
    assert service["deployment_minimum_healthy_percent"] == 0


def test_kinesis_keeps_what_came_for_a_week_under_the_lakes_key(streaming: Lake) -> None:
    stream = streaming.one("aws_kinesis_stream")

    assert stream["retention_period"] == 7 * 24
    assert stream["encryption_type"] == "KMS"
    assert stream["kms_key_id"] == streaming.one("aws_kms_key")["arn"]


def test_alarms_of_the_stream_watch_metrics_that_aws_sends(streaming: Lake) -> None:
    # Spelled as in the services' pages: a misspelled metric never rings.
    stream = streaming.one("aws_kinesis_stream")["name"]
    delivery = streaming.one("aws_kinesis_firehose_delivery_stream")["name"]
    watched = {
        (alarm["namespace"], alarm["metric_name"], *sum(alarm["dimensions"].items(), ())): (
            alarm["statistic"],
            alarm["threshold"],
            alarm["comparison_operator"],
        )
        for alarm in streaming.all("aws_cloudwatch_metric_alarm")
        if alarm["namespace"] in ("AWS/Kinesis", "AWS/Firehose")
    }
    over = "GreaterThanThreshold"
    assert watched == {
        ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", stream): (
            *("Maximum", 3600000, over),
        ),
        ("AWS/Firehose", "DeliveryToIceberg.FailedRowCount", "DeliveryStreamName", delivery): (
            *("Sum", 0, over),
        ),
    }


def test_nobody_comes_in_to_a_container_and_https_alone_goes_out(streaming: Lake) -> None:
    (group,) = (
        group
        for group in streaming.all("aws_security_group")
        if group["name"] == f"{streaming.prefix}-services"
    )
    rules = [
        (rule.kind, rule["ip_protocol"], rule["from_port"], rule["to_port"], rule["cidr_ipv4"])
        for rule in streaming.resources
        if rule.values.get("security_group_id") == group["id"]
    ]
    assert rules == [("aws_vpc_security_group_egress_rule", "tcp", 443, 443, "0.0.0.0/0")]
    # Whatever the provider reads back of a group without rules, none is written into it.
    assert not [rule for rule in group["ingress"] or [] if isinstance(rule, dict)]
    assert not [rule for rule in group["egress"] or [] if isinstance(rule, dict)]
    (service,) = streaming.one("aws_ecs_service")["network_configuration"]
    assert service["security_groups"] == [group["id"]]
    default = streaming.one("aws_default_security_group")
    assert not default["ingress"]
    assert not default["egress"]


def test_a_container_writes_nowhere_but_in_its_tmp_and_is_no_root(streaming: Lake) -> None:
    program = container(streaming)

    assert program["readonlyRootFilesystem"] is True
    assert program["user"] == "10001"
    assert program["mountPoints"] == [
        {"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}
    ]
    (volume,) = streaming.one("aws_ecs_task_definition")["volume"]
    assert (volume["name"], volume["host_path"]) == ("tmp", None)


def test_a_network_of_ones_own_is_taken_as_it_is(workbench: Workbench) -> None:
    own = '-var=service_network={"vpc_id":"vpc-9","subnet_ids":["subnet-9"]}'

    lake = workbench.lake("dev", "-var=stream_enabled=true", own)

    assert lake.all("aws_vpc") == []
    assert lake.one("aws_security_group")["vpc_id"] == "vpc-9"
    (network,) = lake.one("aws_ecs_service")["network_configuration"]
    assert network["subnets"] == ["subnet-9"]
    assert network["assign_public_ip"] is False
