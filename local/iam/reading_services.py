"""What requests of the other services need beyond what ministack reads of them."""

from __future__ import annotations

import re
from collections.abc import Callable

from local.iam.facts import Facts
from local.iam.needs import Need, Reading, Request, encryption_context, key_needs

EMR_PATH = re.compile(r"/applications/([^/]+)(?:/jobruns(?:/([^/]+))?)?(?:/(?:start|stop))?")
# A part of a batch is authorised as if it came alone.
ALONE = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
}


def emr_serverless(request: Request, _action: str, reading: Reading, _facts: Facts) -> None:
    """Applications and their job runs by ARN; ministack does not know the service."""
    tagged = request.path.partition("/tags/")[2]
    match = EMR_PATH.fullmatch(request.path)
    if tagged:
        reading.resource = tagged
    elif match is None:
        reading.resource = request.arn("/*")
    else:
        run = f"/jobruns/{match[2]}" if match[2] else ""
        reading.resource = request.arn(f"/applications/{match[1]}{run}")
    if request.method == "POST" and request.json.get("tags"):
        # An application that is to be made has no id yet, and is tagged as one that has.
        made = request.arn("/applications/*") if match is None else reading.resource
        reading.more.append(Need("emr-serverless:TagResource", made, way="tags"))


def glue(request: Request, action: str, reading: Reading, _facts: Facts) -> None:
    """The catalogue, the database and the table: each must be granted."""
    body = request.json
    database = body.get("DatabaseName")
    table = body.get("TableName") or (body.get("TableInput") or {}).get("Name")
    if database:
        table = table or body.get("Name") or ("*" if request.target == "GetTables" else None)
    elif request.target.endswith("Database"):
        database = body.get("Name") or (body.get("DatabaseInput") or {}).get("Name")
    reading.resource = request.arn("catalog")
    if database:
        reading.more.append(Need(action, request.arn(f"database/{database}")))
    if database and table:
        reading.more.append(Need(action, request.arn(f"table/{database}/{table}")))


def athena(request: Request, _action: str, reading: Reading, facts: Facts) -> None:
    """The work group of a query, which later calls name by the query alone."""
    body = request.json
    if execution := body.get("QueryExecutionId"):
        reading.resource = request.arn(f"workgroup/{facts.work_group(str(execution))}")
    elif request.target == "StartQueryExecution":
        group = str(body.get("WorkGroup") or "primary")
        reading.resource = request.arn(f"workgroup/{group}")
        asked = (body.get("ResultConfiguration") or {}).get("OutputLocation")
        bucket = str(facts.output_location(group) or asked or "").removeprefix("s3://")
        if bucket:
            # Athena looks where the bucket is before it takes a query.
            place = f"arn:aws:s3:::{bucket.partition('/')[0]}"
            reading.more.append(Need("s3:GetBucketLocation", place, way="Athena for its caller"))


def scheduler(request: Request, _action: str, reading: Reading, _facts: Facts) -> None:
    """A schedule within its group."""
    name = request.path.partition("/schedules/")[2]
    if name:
        group = request.json.get("GroupName") or request.param("groupName") or "default"
        reading.resource = request.arn(f"schedule/{group}/{name}")


def logs(request: Request, _action: str, reading: Reading, _facts: Facts) -> None:
    """Groups and streams as CloudWatch Logs names them when it refuses."""
    if request.target in ("TagResource", "UntagResource", "ListTagsForResource"):
        return
    body = request.json
    group = body.get("logGroupName") or body.get("logGroupNamePrefix") or ""
    if group or request.target.startswith("Describe"):
        stream = body.get("logStreamName") or ""
        reading.resource = request.arn(f"log-group:{group}:log-stream:{stream}")


def sqs(request: Request, action: str, reading: Reading, facts: Facts) -> None:
    """An encrypted queue's key, for its senders and receivers."""
    verbs = {
        "sqs:SendMessage": ("GenerateDataKey", "Decrypt"),
        "sqs:ReceiveMessage": ("Decrypt",),
    }.get(action, ())
    context = encryption_context(aws__sqs__arn=reading.resource)
    key = facts.queue_key(reading.resource) if verbs else None
    reading.more += key_needs(key, "sqs", request.region, *verbs, context=context)


def sns(request: Request, action: str, reading: Reading, facts: Facts) -> None:
    """An encrypted topic's key, for its publishers."""
    if action == "sns:Publish":
        context = encryption_context(aws__sns__topicArn=reading.resource)
        verbs = ("GenerateDataKey", "Decrypt")
        key = facts.topic_key(reading.resource)
        reading.more += key_needs(key, "sns", request.region, *verbs, context=context)


def kinesis(request: Request, action: str, reading: Reading, facts: Facts) -> None:
    """An encrypted stream's key, for its producers."""
    if action in ("kinesis:PutRecord", "kinesis:PutRecords"):
        context = encryption_context(aws__kinesis__arn=reading.resource)
        key = facts.stream_key(reading.resource.rpartition("/")[2])
        needs = key_needs(key, "kinesis", request.region, "GenerateDataKey", context=context)
        reading.more += needs


def secretsmanager(request: Request, action: str, reading: Reading, facts: Facts) -> None:
    """A secret's key, for who reads or writes its value."""
    verbs = {
        "secretsmanager:GetSecretValue": ("Decrypt",),
        "secretsmanager:PutSecretValue": ("GenerateDataKey", "Decrypt"),
    }.get(action, ())
    context = encryption_context(SecretARN=reading.resource)
    key = facts.secret_key(str(request.json.get("SecretId", ""))) if verbs else None
    reading.more += key_needs(key, "secretsmanager", request.region, *verbs, context=context)


READERS: dict[str, Callable[[Request, str, Reading, Facts], None]] = {
    "athena": athena,
    "emr-serverless": emr_serverless,
    "glue": glue,
    "kinesis": kinesis,
    "logs": logs,
    "scheduler": scheduler,
    "secretsmanager": secretsmanager,
    "sns": sns,
    "sqs": sqs,
}
