"""What would go wrong in the middle of an apply, or after it, looked for before anything is made.

Terraform's plan says what is wanted, AWS what there is. Each problem is one sentence that says what
to do; all are told at once. What the credentials may not look at is a warning: Terraform will see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

from scripts.deployment.image import is_there
from scripts.deployment.progress import some

# Lambda keeps so many for functions that reserve none.
LAMBDA_UNRESERVED = 100
LAMBDA_QUOTA = "L-B99A9384"
SPARK_QUOTA = "L-D05C8A75"
# Firehose writes no Iceberg there, its manual says (apache-iceberg-destination.html, 2026-11).
NO_ICEBERG = ("cn-", "us-gov-", "ap-east-2", "ap-southeast-5", "ap-southeast-6", "mx-central-1")
DENIED = ("AccessDenied", "UnauthorizedOperation", "NotAuthorized")

Problems = Iterator[str]


class Plan:
    """A plan as `terraform show -json` tells it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._variables = document.get("variables", {})
        self._changes = [
            change for change in document.get("resource_changes", []) if change["mode"] == "managed"
        ]

    def variable(self, name: str) -> Any:
        """The value that a variable has in this plan."""
        return self._variables.get(name, {}).get("value")

    def changes(self, kind: str) -> list[dict[str, Any]]:
        """Each resource of a type with its `before` and `after`, also where nothing changes."""
        return [entry["change"] for entry in self._changes if entry["type"] == kind]

    def wanted(self, kind: str) -> list[dict[str, Any]]:
        """Each resource of a type as it is to be."""
        return [change["after"] for change in self.changes(kind) if change["after"] is not None]

    def made(self, kind: str) -> list[dict[str, Any]]:
        """Each resource of a type that is to be made where none was."""
        return [change["after"] for change in self.changes(kind) if change["actions"] == ["create"]]


@dataclass
class Place:
    """The account and region that a plan is for."""

    account: str
    region: str
    # An apply of this environment was cut off: what is there without being in the state is its own.
    cut_off: bool = False

    def client(self, service: str) -> Any:
        """A client that soon gives up on a service that is not there."""
        patience = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 3})
        return boto3.client(service, region_name=self.region, config=patience)

    def quotas_page(self, service: str, quota: str) -> str:
        """Where a person asks for more."""
        home = f"https://{self.region}.console.aws.amazon.com/servicequotas/home"
        return f"{home}/services/{service}/quotas/{quota}"


@dataclass
class Report:
    """What was noticed."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    # What is there and not in the state.
    leftovers: list[str] = field(default_factory=list)


def look(plan: Plan, place: Place) -> Report:
    """Everything that speaks against a plan."""
    report = Report()
    for about, check in CHECKS.items():
        try:
            check(plan, place, report)
        except exceptions.ClientError as error:
            code = str(error.response["Error"]["Code"])
            why = "not allowed" if code.startswith(DENIED) else code
            report.warnings.append(f"{about} could not be looked at ({why}).")
        except exceptions.BotoCoreError as error:
            report.warnings.append(f"{about} could not be looked at ({error}).")
    if report.leftovers and not place.cut_off:
        report.problems.append(
            f"{some(report.leftovers)}: there already, and not in this environment's state; either "
            "another lake of this account has it (then set another project, owner, master or, for "
            "databases, default_env in the tfvars), or the state was lost (then bring it back, or "
            "delete what is left)."
        )
    return report


def region(plan: Plan, place: Place, report: Report) -> None:
    """EMR Serverless answers there, and Firehose writes Iceberg where that is wanted."""
    try:
        place.client("emr-serverless").list_applications(maxResults=1)
    except exceptions.EndpointConnectionError:
        report.problems.append(
            f"{place.region} has no EMR Serverless (its endpoint does not answer): set another "
            "region in the environment's tfvars."
        )
    if plan.wanted("aws_kinesis_firehose_delivery_stream") and place.region.startswith(NO_ICEBERG):
        report.problems.append(
            f"Firehose writes no Iceberg tables in {place.region}: set stream_enabled = false, or "
            "another region, in the environment's tfvars."
        )


def lambdas(plan: Plan, place: Place, report: Report) -> None:
    """The account lets enough Lambdas run, and reserve, at once."""
    more = sum(
        _reserved(change["after"]) - _reserved(change["before"])
        for change in plan.changes("aws_lambda_function")
    )
    limits = place.client("lambda").get_account_settings()["AccountLimit"]
    every, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    page = place.quotas_page("lambda", LAMBDA_QUOTA)
    if more > 0 and free - more < LAMBDA_UNRESERVED:
        report.problems.append(
            f"the plan reserves {more} concurrent Lambdas more, and of the {every} of this account "
            f"{max(0, free - LAMBDA_UNRESERVED)} can be reserved: set reserved_concurrency = {{}} "
            f"in the environment's tfvars, or ask for more at {page}."
        )
    elif every < LAMBDA_UNRESERVED:
        report.warnings.append(
            f"this account runs {every} Lambdas at once: the lake works, and waits when many files "
            f"come; ask for 1,000 at {page}."
        )


def spark(plan: Plan, place: Place, report: Report) -> None:
    """What Spark may take fits into the account's quota; a job that gets less fails at night."""
    ceilings = [
        capacity["cpu"]
        for application in plan.wanted("aws_emrserverless_application")
        for capacity in application["maximum_capacity"]
    ]
    cores = sum(int(cpu.split()[0]) for cpu in ceilings)
    quotas, names = place.client("service-quotas"), {"ServiceCode": "emr-serverless"}
    try:
        quota = quotas.get_service_quota(**names, QuotaCode=SPARK_QUOTA)["Quota"]["Value"]
    except quotas.exceptions.NoSuchResourceException:
        quota = quotas.get_aws_default_service_quota(**names, QuotaCode=SPARK_QUOTA)["Quota"][
            "Value"
        ]
    if cores > quota:
        report.problems.append(
            f"Spark may take {cores} vCPU, and this account has {quota:.0f} in all: lower "
            "spark_maximum_capacity in the environment's tfvars, or ask for more at "
            f"{place.quotas_page('emr-serverless', SPARK_QUOTA)}."
        )


def lake_formation(plan: Plan, place: Place, report: Report) -> None:
    """IAM decides about new databases and tables, as the lake's roles need it."""
    if not plan.made("aws_glue_catalog_database"):
        return
    settings = place.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    kinds = ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions")
    if not all(settings.get(kind) for kind in kinds):
        report.problems.append(
            "Lake Formation decides about new databases and tables of this account, and would let "
            "nobody in: switch on both 'Use only IAM access control' in Lake Formation under "
            "Data Catalog settings, then deploy."
        )


def buckets(plan: Plan, place: Place, report: Report) -> None:
    """Names of buckets are the whole world's."""
    s3 = place.client("s3")
    for bucket in plan.made("aws_s3_bucket"):
        name = bucket["bucket"]
        try:
            s3.head_bucket(Bucket=name, ExpectedBucketOwner=place.account)
        except exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status != 404:
                report.problems.append(
                    f"the bucket name {name} is taken by somebody else: set another project, owner "
                    "or master in the environment's tfvars."
                )
            continue
        report.leftovers.append(f"the bucket {name}")


def databases(plan: Plan, place: Place, report: Report) -> None:
    """No other lake of this account and region has the same databases."""
    glue = place.client("glue")
    for database in plan.made("aws_glue_catalog_database"):
        try:
            glue.get_database(Name=database["name"])
        except glue.exceptions.EntityNotFoundException:
            continue
        report.leftovers.append(f"the Glue database {database['name']}")


def secrets(plan: Plan, place: Place, report: Report) -> None:
    """A secret that was deleted keeps its name for up to 30 days."""
    manager = place.client("secretsmanager")
    for secret in plan.made("aws_secretsmanager_secret"):
        try:
            known = manager.describe_secret(SecretId=secret["name"])
        except manager.exceptions.ResourceNotFoundException:
            continue
        if "DeletedDate" in known:
            report.problems.append(
                f"the secret {secret['name']} was deleted and keeps its name for some days: free "
                f"it with `aws secretsmanager delete-secret --secret-id {known['ARN']} "
                f"--force-delete-without-recovery --region {place.region}`."
            )
        else:
            report.leftovers.append(f"the secret {secret['name']}")


def images(plan: Plan, place: Place, report: Report) -> None:
    """Each container that is to run has an image to run."""
    if not any(service["desired_count"] for service in plan.wanted("aws_ecs_service")):
        return
    for task in plan.wanted("aws_ecs_task_definition"):
        # Unknown as long as the registry is: it is to be made by this very plan.
        containers = json.loads(task.get("container_definitions") or "[]")
        missing = [c["image"] for c in containers if not is_there(place.client("ecr"), c["image"])]
        if missing or not containers:
            env = plan.variable("env")
            report.problems.append(
                f"the stream is on and its container has no image yet: deploy once with "
                f"stream_enabled = false where there is no registry, then `make image ENV={env}`, "
                "then deploy."
            )
            return


def _reserved(function: Mapping[str, Any] | None) -> int:
    # The provider writes -1 for a function that reserves none.
    return max(0, int((function or {}).get("reserved_concurrent_executions") or 0))


Check = Callable[[Plan, Place, Report], None]
CHECKS: Mapping[str, Check] = {
    "the region's services": region,
    "Lambda's quota": lambdas,
    "EMR Serverless' quota": spark,
    "Lake Formation's settings": lake_formation,
    "names of buckets": buckets,
    "names of databases": databases,
    "names of secrets": secrets,
    "the registry of images": images,
}
