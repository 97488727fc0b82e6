"""Requests that make, change and take away resources, as AWS reads them.

They come from whoever deploys. ministack reads many as `*`, and a few as another action: no policy
that names what it is about would then do here what it does on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from local.iam.needs import Need, Reading, Request

# Lambda's actions that ministack reads as others, by method and path.
LAMBDA_ACTIONS = (
    ("GET", re.compile(r"/layers/[^/]+/versions/\d+/?$"), "GetLayerVersion"),
    ("DELETE", re.compile(r"/layers/[^/]+/versions/\d+/?$"), "DeleteLayerVersion"),
    ("GET", re.compile(r"/event-source-mappings/[^/]+/?$"), "GetEventSourceMapping"),
    ("PUT", re.compile(r"/event-source-mappings/[^/]+/?$"), "UpdateEventSourceMapping"),
    ("DELETE", re.compile(r"/event-source-mappings/[^/]+/?$"), "DeleteEventSourceMapping"),
    ("GET", re.compile(r"/functions/[^/]+/concurrency/?$"), "GetFunctionConcurrency"),
    ("DELETE", re.compile(r"/functions/[^/]+/concurrency/?$"), "DeleteFunctionConcurrency"),
)
# Who makes something with tags must be allowed to tag it.
TAGGED_AT_BIRTH = {
    "athena:CreateWorkGroup": "athena:TagResource",
    "cloudwatch:PutMetricAlarm": "cloudwatch:TagResource",
    "dynamodb:CreateTable": "dynamodb:TagResource",
    "ecr:CreateRepository": "ecr:TagResource",
    "ecs:CreateCluster": "ecs:TagResource",
    "ecs:CreateService": "ecs:TagResource",
    "ecs:RegisterTaskDefinition": "ecs:TagResource",
    "events:PutRule": "events:TagResource",
    "firehose:CreateDeliveryStream": "firehose:TagDeliveryStream",
    "glue:CreateDatabase": "glue:TagResource",
    "iam:CreateRole": "iam:TagRole",
    "kms:CreateKey": "kms:TagResource",
    "lambda:CreateFunction": "lambda:TagResource",
    "logs:CreateLogGroup": "logs:TagResource",
    "scheduler:CreateScheduleGroup": "scheduler:TagResource",
    "secretsmanager:CreateSecret": "secretsmanager:TagResource",
    "sns:CreateTopic": "sns:TagResource",
    "sqs:CreateQueue": "sqs:TagQueue",
    "states:CreateStateMachine": "states:TagResource",
}
TAGGED = ("ResourceArn", "resourceArn", "ResourceARN", "resourceARN")
EC2_KINDS = {
    "igw": "internet-gateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
}
EC2_ID = re.compile(r"(igw|rtb|sgr|sg|subnet|vpc)-[0-9a-f]+")
EC2_MADE = {
    "CreateInternetGateway": "internet-gateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "DisassociateRouteTable": "route-table",  # named by its association alone
}


def action_of(service: str, method: str, path: str, action: str | None) -> str | None:
    """The action that AWS checks; ministack's own where it is right."""
    if service == "lambda":
        for verb, pattern, name in LAMBDA_ACTIONS:
            if method == verb and pattern.search(path):
                return f"lambda:{name}"
    return action


def read(request: Request, action: str, reading: Reading) -> None:
    """Name what the request is about, and the right to tag what it makes."""
    if request.service == "ec2":
        _ec2(request, action, reading)
        return
    fields = _fields(request)
    if reading_of := READERS.get(request.service):
        resource = reading_of(request, action.partition(":")[2], fields)
        reading.resource = resource or reading.resource
    _, _, tagged = unquote(request.path).partition("/tags/")
    if tagged.startswith("arn:") and request.service != "apigateway":  # there the path is the ARN
        reading.resource = tagged
    for name in TAGGED:
        if request.service != "logs" and str(fields.get(name, "")).startswith("arn:"):
            reading.resource = str(fields[name])
    if action in ("kms:CreateAlias", "kms:UpdateAlias"):  # of an alias and of its key
        reading.more.append(Need(action, request.arn(f"key/{fields.get('TargetKeyId')}")))
    if action == "lambda:CreateEventSourceMapping":
        function = str(fields.get("FunctionName", ""))
        arn = function if ":" in function else request.arn(f"function:{function}")
        reading.context["lambda:FunctionArn"] = arn
    if action in TAGGED_AT_BIRTH and _tags(request):
        resource = request.arn("key/*") if action == "kms:CreateKey" else reading.resource
        reading.more.append(Need(TAGGED_AT_BIRTH[action], resource, way="tags"))


def _fields(request: Request) -> dict[str, Any]:
    """The request's parameters, in whichever of AWS's protocols they came."""
    if document := request.json:
        return document
    try:
        form = parse_qs(request.body.decode())
    except UnicodeDecodeError:
        form = {}
    return {name: values[0] for name, values in form.items()} | {
        name: request.param(name) for name in request.params
    }


def _tags(request: Request) -> bool:
    fields = _fields(request)
    return any(name.lower().startswith("tag") and value for name, value in fields.items())


def _ec2(request: Request, action: str, reading: Reading) -> None:
    verb = action.partition(":")[2]
    if verb.startswith("Describe"):
        reading.resource = "*"
        return
    fields = _fields(request)
    named = {
        request.arn(f"{EC2_KINDS[match[1]]}/{match[0]}")
        for value in fields.values()
        if (match := EC2_ID.fullmatch(str(value)))
    }
    made = request.arn(f"{EC2_MADE[verb]}/*") if verb in EC2_MADE else None
    resources = [made, *sorted(named)] if made else sorted(named)
    if not resources:
        return
    reading.resource = resources[0]
    reading.more += [Need(action, resource) for resource in resources[1:]]
    if made and any(name.startswith("TagSpecification") for name in fields):
        reading.more.append(Need("ec2:CreateTags", made, way="tags"))


# Services, each by the fields that name what is meant


def _athena(request: Request, verb: str, fields: dict[str, Any]) -> str | None:
    if verb == "CreateWorkGroup":
        return request.arn(f"workgroup/{fields.get('Name')}")
    if identifier := fields.get("NamedQueryId"):
        from ministack.services import athena

        known = athena._named_queries.get(identifier) or {}
        return request.arn(f"workgroup/{known.get('WorkGroup') or 'primary'}")
    return None


def _cloudwatch(request: Request, _verb: str, fields: dict[str, Any]) -> str | None:
    alarm = fields.get("AlarmName") or _first(fields, "AlarmNames")
    board = fields.get("DashboardName") or _first(fields, "DashboardNames")
    if board:
        return f"arn:aws:cloudwatch::{request.account}:dashboard/{board}"
    if alarm:
        return f"arn:aws:cloudwatch:{request.region}:{request.account}:alarm:{alarm}"
    return None


def _ecr(request: Request, _verb: str, fields: dict[str, Any]) -> str | None:
    name = _first(fields, "repositoryNames")
    return request.arn(f"repository/{name}") if name else None


def _ecs(request: Request, verb: str, fields: dict[str, Any]) -> str | None:
    cluster = fields.get("clusterName") or fields.get("cluster") or _first(fields, "clusters")
    cluster = str(cluster).rpartition("/")[2]
    service = fields.get("serviceName") or fields.get("service") or _first(fields, "services")
    if verb == "RegisterTaskDefinition":
        return request.arn(f"task-definition/{fields.get('family')}:*")
    if verb in ("DeregisterTaskDefinition", "DescribeTaskDefinition"):
        return "*"
    if verb.endswith(("Service", "Services")):
        return request.arn(f"service/{cluster}/{str(service).rpartition('/')[2]}")
    if verb.endswith(("Cluster", "Clusters")):
        return request.arn(f"cluster/{cluster}")
    return None


def _events(request: Request, verb: str, fields: dict[str, Any]) -> str | None:
    rule = fields.get("Rule") or fields.get("Name")
    bus = str(fields.get("EventBusName") or "default").rpartition("/")[2]
    within = "" if bus == "default" else f"{bus}/"
    return request.arn(f"rule/{within}{rule}") if rule and verb != "PutEvents" else None


def _kms(request: Request, _verb: str, fields: dict[str, Any]) -> str | None:
    if alias := fields.get("AliasName"):
        return request.arn(str(alias))
    # A key that is named by an alias is meant, and AWS's own keys have ids that nobody knows.
    return request.arn("key/aws") if "alias/aws/" in str(fields.get("KeyId")) else None


def _lambda(request: Request, verb: str, fields: dict[str, Any]) -> str | None:
    if verb == "CreateFunction":
        return request.arn(f"function:{fields.get('FunctionName')}")
    if verb in ("GetLayerVersion", "DeleteLayerVersion"):
        _, _, rest = unquote(request.path).partition("/layers/")
        name, _, version = rest.rstrip("/").partition("/versions/")
        return request.arn(f"layer:{name.rpartition(':')[2]}:{version}")
    return None


def _first(fields: dict[str, Any], name: str) -> Any:
    """The first of a list, in JSON or in a form."""
    values = fields.get(name)
    return values[0] if isinstance(values, list) and values else fields.get(f"{name}.member.1")


READERS: dict[str, Callable[[Request, str, dict[str, Any]], str | None]] = {
    "athena": _athena,
    "ecr": _ecr,
    "ecs": _ecs,
    "events": _events,
    "kms": _kms,
    "lambda": _lambda,
    "monitoring": _cloudwatch,
}
