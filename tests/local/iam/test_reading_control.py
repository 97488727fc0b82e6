"""What deploying asks of IAM, against the resources of AWS's service authorisation reference."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from local.iam.needs import Reading, Request
from local.iam.reading import read
from local.iam.reading_control import action_of
from tests.local.iam.facts import ACCOUNT, REGION, OneOfEach

HERE = f"{REGION}:{ACCOUNT}"
QUEUE = f"arn:aws:sqs:{HERE}:a-queue"


def reading(service: str, action: str, body: Any = None, path: str = "/", **form: str) -> Reading:
    """A request as ministack reads it: about anything."""
    target = {"x-amz-target": f"Service.{action.partition(':')[2]}"}
    content = urlencode(form).encode() if form else json.dumps(body or {}).encode()
    request = Request(service, "POST", path, target, content, {}, REGION, ACCOUNT)
    return read(request, action, "*", OneOfEach())


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/2018-10-31/layers/lake/versions/3", "lambda:GetLayerVersion"),
        ("DELETE", "/2018-10-31/layers/lake/versions/3", "lambda:DeleteLayerVersion"),
        ("GET", "/2015-03-31/event-source-mappings/e1", "lambda:GetEventSourceMapping"),
        ("DELETE", "/2015-03-31/event-source-mappings/e1", "lambda:DeleteEventSourceMapping"),
        ("GET", "/2015-03-31/event-source-mappings", "lambda:ministacks"),
        ("GET", "/2019-09-30/functions/f/concurrency", "lambda:GetFunctionConcurrency"),
        ("PUT", "/2017-10-31/functions/f/concurrency", "lambda:ministacks"),
    ],
)
def test_lambdas_actions_are_those_that_aws_checks(method: str, path: str, action: str) -> None:
    assert action_of("lambda", method, path, "lambda:ministacks") == action


@pytest.mark.parametrize(
    ("service", "action", "body", "resource"),
    [
        ("athena", "CreateWorkGroup", {"Name": "lake"}, f"arn:aws:athena:{HERE}:workgroup/lake"),
        ("athena", "ListTagsForResource", {"ResourceARN": QUEUE}, QUEUE),
        ("dynamodb", "ListTagsOfResource", {"ResourceArn": QUEUE}, QUEUE),
        ("states", "ListTagsForResource", {"resourceArn": QUEUE}, QUEUE),
        (
            *("ecr", "DescribeRepositories", {"repositoryNames": ["poller"]}),
            f"arn:aws:ecr:{HERE}:repository/poller",
        ),
        ("ecs", "CreateCluster", {"clusterName": "lake"}, f"arn:aws:ecs:{HERE}:cluster/lake"),
        ("ecs", "DescribeClusters", {"clusters": ["lake"]}, f"arn:aws:ecs:{HERE}:cluster/lake"),
        (
            *(
                "ecs",
                "CreateService",
                {"cluster": f"arn:aws:ecs:{HERE}:cluster/lake", "serviceName": "p"},
            ),
            f"arn:aws:ecs:{HERE}:service/lake/p",
        ),
        (
            *("ecs", "DescribeServices", {"cluster": "lake", "services": ["poller"]}),
            f"arn:aws:ecs:{HERE}:service/lake/poller",
        ),
        (
            *("ecs", "RegisterTaskDefinition", {"family": "poller"}),
            f"arn:aws:ecs:{HERE}:task-definition/poller:*",
        ),
        ("events", "PutRule", {"Name": "sweep"}, f"arn:aws:events:{HERE}:rule/sweep"),
        ("events", "PutTargets", {"Rule": "sweep"}, f"arn:aws:events:{HERE}:rule/sweep"),
        (
            *("events", "ListTargetsByRule", {"Rule": "sweep", "EventBusName": "own"}),
            f"arn:aws:events:{HERE}:rule/own/sweep",
        ),
        ("lambda", "CreateFunction", {"FunctionName": "f"}, f"arn:aws:lambda:{HERE}:function:f"),
    ],
)
def test_a_request_is_about_what_it_names(
    service: str, action: str, body: dict[str, Any], resource: str
) -> None:
    assert reading(service, f"{service}:{action}", body).resource == resource


@pytest.mark.parametrize(
    ("action", "form", "resource"),
    [
        ("PutMetricAlarm", {"AlarmName": "late"}, f"arn:aws:cloudwatch:{HERE}:alarm:late"),
        (
            *("DeleteAlarms", {"AlarmNames.member.1": "late"}),
            f"arn:aws:cloudwatch:{HERE}:alarm:late",
        ),
        (
            *("PutDashboard", {"DashboardName": "lake"}),
            f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/lake",
        ),
    ],
)
def test_alarms_and_dashboards_have_names(action: str, form: dict[str, str], resource: str) -> None:
    assert reading("monitoring", f"cloudwatch:{action}", **form).resource == resource


def test_a_layers_version_is_a_resource_of_its_own() -> None:
    path = "/2018-10-31/layers/lake/versions/3"

    found = reading("lambda", "lambda:GetLayerVersion", path=path)

    assert found.resource == f"arn:aws:lambda:{HERE}:layer:lake:3"


def test_what_wakes_a_function_is_known_by_the_function() -> None:
    found = reading("lambda", "lambda:CreateEventSourceMapping", {"FunctionName": "promote"})

    assert found.context["lambda:FunctionArn"] == f"arn:aws:lambda:{HERE}:function:promote"


def test_tags_are_asked_for_by_path_as_well() -> None:
    group = f"arn:aws:scheduler:{HERE}:schedule-group/lake"

    found = reading("scheduler", "scheduler:ListTagsForResource", path=f"/tags/{quote(group)}")

    assert found.resource == group


def test_an_application_is_tagged_as_an_application() -> None:
    body = {"name": "lake", "tags": {"Owner": "ana"}}

    found = reading("emr-serverless", "emr-serverless:CreateApplication", body, "/applications")

    assert [(need.action, need.resource) for need in found.more] == [
        ("emr-serverless:TagResource", f"arn:aws:emr-serverless:{HERE}:/applications/*")
    ]


def test_a_key_of_aws_own_is_a_key_though_an_alias_names_it() -> None:
    found = reading("kms", "kms:DescribeKey", {"KeyId": "alias/aws/dynamodb"})

    assert found.resource == f"arn:aws:kms:{HERE}:key/aws"


def test_an_alias_needs_its_key_as_well() -> None:
    body = {"AliasName": "alias/lake", "TargetKeyId": "k1"}

    found = reading("kms", "kms:CreateAlias", body)

    assert found.resource == f"arn:aws:kms:{HERE}:alias/lake"
    assert [(need.action, need.resource) for need in found.more] == [
        ("kms:CreateAlias", f"arn:aws:kms:{HERE}:key/k1")
    ]


def test_who_makes_something_with_tags_must_be_allowed_to_tag() -> None:
    tagged = reading("sqs", "sqs:CreateQueue", {"QueueName": "q", "tags": {"Owner": "ana"}})
    plain = reading("sqs", "sqs:CreateQueue", {"QueueName": "q"})

    assert [need.action for need in tagged.more] == ["sqs:TagQueue"]
    assert plain.more == []


def test_a_part_of_a_network_is_asked_for_with_what_it_is_part_of() -> None:
    form = {"Action": "CreateSubnet", "VpcId": "vpc-1a", "TagSpecification.1": "x"}
    found = reading("ec2", "ec2:CreateSubnet", **form)

    needs = [(need.action, need.resource) for need in found.more]
    assert found.resource == f"arn:aws:ec2:{HERE}:subnet/*"
    assert needs == [
        ("ec2:CreateSubnet", f"arn:aws:ec2:{HERE}:vpc/vpc-1a"),
        ("ec2:CreateTags", f"arn:aws:ec2:{HERE}:subnet/*"),
    ]
    assert reading("ec2", "ec2:DescribeVpcs", VpcId="vpc-1a").resource == "*"
