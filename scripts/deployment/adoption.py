"""After an apply that was cut off: what it made and could no longer write down is taken over.

Terraform writes a thing into the state when it is there. One that was on its way when Terraform
was killed is there and not in the state: a second apply would find its name taken, or make it
twice. So, after such an end only, whatever a plan would make is looked for under its name, and
imported. What has no line below is made again without harm, as queues, topics, rules, alarms are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

Clients = Callable[[str], Any]
Wanted = Mapping[str, Any]


@dataclass(frozen=True)
class Orphan:
    """A thing that is there, and the address that it belongs to."""

    address: str
    identifier: str

    @property
    def block(self) -> str:
        """What has Terraform take it over."""
        return f'import {{\n  to = {self.address}\n  id = "{self.identifier}"\n}}\n'


def orphans(document: Mapping[str, Any], clients: Clients) -> Iterator[Orphan]:
    """Everything that a plan (`terraform show -json`) would make and that is there already."""
    for change in document.get("resource_changes", []):
        find = FINDERS.get(change["type"])
        if find and change["change"]["actions"] == ["create"]:
            # Not there, or nothing that these credentials may look at: then Terraform meets it.
            with suppress(ClientError):
                if identifier := find(clients, change["change"]["after"]):
                    yield Orphan(change["address"], identifier)


Finder = Callable[[Clients, Wanted], str | None]


def _named(service: str, operation: str, parameter: str, name: str) -> Finder:
    """A thing that is asked for by its name, and imported by it too."""

    def find(clients: Clients, wanted: Wanted) -> str:
        getattr(clients(service), operation)(**{parameter: wanted[name]})
        return str(wanted[name])

    return find


def _listed(service: str, operation: str, key: str, name: str, identifier: str) -> Finder:
    """A thing whose name may be given twice: there is no other way than to go through all."""

    def find(clients: Clients, wanted: Wanted) -> str | None:
        pages = clients(service).get_paginator(operation).paginate()
        things = [thing for page in pages for thing in page[key] if thing[name] == wanted["name"]]
        alive = [thing for thing in things if thing.get("state") != "TERMINATED"]
        return str(alive[0][identifier]) if alive else None

    return find


def _database(clients: Clients, wanted: Wanted) -> str:
    database = clients("glue").get_database(Name=wanted["name"])["Database"]
    return f"{database['CatalogId']}:{wanted['name']}"


def _registry(clients: Clients, wanted: Wanted) -> str:
    clients("ecr").describe_repositories(repositoryNames=[wanted["name"]])
    return str(wanted["name"])


def _schedule(clients: Clients, wanted: Wanted) -> str:
    place = {"GroupName": wanted["group_name"], "Name": wanted["name"]}
    clients("scheduler").get_schedule(**place)
    return "/".join(place.values())


def _log_group(clients: Clients, wanted: Wanted) -> str | None:
    answer = clients("logs").describe_log_groups(logGroupNamePrefix=wanted["name"])
    names = [group["logGroupName"] for group in answer["logGroups"]]
    return wanted["name"] if wanted["name"] in names else None


def _key(clients: Clients, wanted: Wanted) -> str | None:
    kms = clients("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for entry in page["Keys"]:
            about = kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
            if (about["Description"], about["KeyState"]) == (wanted["description"], "Enabled"):
                return str(entry["KeyId"])
    return None


def _mapping(clients: Clients, wanted: Wanted) -> str | None:
    # Both are unknown as long as they are not there themselves.
    if "event_source_arn" not in wanted or "function_name" not in wanted:
        return None
    answer = clients("lambda").list_event_source_mappings(
        EventSourceArn=wanted["event_source_arn"], FunctionName=wanted["function_name"]
    )
    mappings = [str(mapping["UUID"]) for mapping in answer["EventSourceMappings"]]
    return mappings[0] if mappings else None


def _network(operation: str, key: str, identifier: str) -> Finder:
    """A piece of the lake's own network, by its tag."""

    def find(clients: Clients, wanted: Wanted) -> str | None:
        named = {"Name": "tag:Name", "Values": [wanted["tags"]["Name"]]}
        things = getattr(clients("ec2"), operation)(Filters=[named])[key]
        return str(things[0][identifier]) if things else None

    return find


def _security_group(clients: Clients, wanted: Wanted) -> str | None:
    named = {"Name": "group-name", "Values": [wanted["name"]]}
    groups = clients("ec2").describe_security_groups(Filters=[named])["SecurityGroups"]
    return str(groups[0]["GroupId"]) if groups else None


def _arn(service: str, operation: str, parameter: str, path: tuple[str, ...]) -> Finder:
    """A thing that is asked for by its name and imported by its ARN."""

    def find(clients: Clients, wanted: Wanted) -> str:
        answer = getattr(clients(service), operation)(**{parameter: wanted["name"]})
        for step in path:
            answer = answer[step]
        return str(answer)

    return find


FINDERS: Mapping[str, Finder] = {
    "aws_athena_workgroup": _named("athena", "get_work_group", "WorkGroup", "name"),
    "aws_apigatewayv2_api": _listed("apigatewayv2", "get_apis", "Items", "Name", "ApiId"),
    "aws_cloudwatch_log_group": _log_group,
    "aws_dynamodb_table": _named("dynamodb", "describe_table", "TableName", "name"),
    "aws_ecr_repository": _registry,
    "aws_emrserverless_application": _listed(
        "emr-serverless", "list_applications", "applications", "name", "id"
    ),
    "aws_glue_catalog_database": _database,
    "aws_iam_role": _named("iam", "get_role", "RoleName", "name"),
    "aws_internet_gateway": _network(
        "describe_internet_gateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws_kinesis_firehose_delivery_stream": _arn(
        "firehose",
        "describe_delivery_stream",
        "DeliveryStreamName",
        ("DeliveryStreamDescription", "DeliveryStreamARN"),
    ),
    "aws_kinesis_stream": _named("kinesis", "describe_stream_summary", "StreamName", "name"),
    "aws_kms_alias": _named("kms", "describe_key", "KeyId", "name"),
    "aws_kms_key": _key,
    "aws_lambda_event_source_mapping": _mapping,
    "aws_lambda_function": _named(
        "lambda", "get_function_configuration", "FunctionName", "function_name"
    ),
    "aws_route_table": _network("describe_route_tables", "RouteTables", "RouteTableId"),
    "aws_s3_bucket": _named("s3", "head_bucket", "Bucket", "bucket"),
    "aws_scheduler_schedule": _schedule,
    "aws_scheduler_schedule_group": _named("scheduler", "get_schedule_group", "Name", "name"),
    "aws_secretsmanager_secret": _arn("secretsmanager", "describe_secret", "SecretId", ("ARN",)),
    "aws_security_group": _security_group,
    "aws_subnet": _network("describe_subnets", "Subnets", "SubnetId"),
    "aws_vpc": _network("describe_vpcs", "Vpcs", "VpcId"),
}
