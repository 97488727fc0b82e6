"""What Firehose does as its role before it writes: read the stream, call the transform."""

from __future__ import annotations

from contextlib import suppress

from local.firehose_iceberg_settings import Settings
from local.iam.decisions import AccessDenied, may
from local.iam.facts import CloudFacts, Facts
from local.iam.needs import Need, encryption_context, key_needs
from local.iam.sessions import Credentials, session

SERVICE = "firehose.amazonaws.com"
READS = ("DescribeStream", "GetShardIterator", "GetRecords", "ListShards")
WAY = "engine"


def as_its_role(settings: Settings) -> Credentials:
    """The role's session for one delivery, once it may take the records and have them made rows."""
    from ministack.core.responses import request_scope

    with request_scope(settings.account, settings.region):
        credentials = session(settings.role_arn, SERVICE, settings.arn, settings.name)
        may(credentials.access_key, *needs(settings, CloudFacts()))
    return credentials


def say_what_failed(settings: Settings, credentials: Credentials) -> None:
    """Check the right to the stream's error log; without it failures are set aside in silence."""
    if settings.log is not None:
        group, stream = settings.log
        place = f"log-group:{group}:log-stream:{stream}"
        arn = f"arn:aws:logs:{settings.region}:{settings.account}:{place}"
        with suppress(AccessDenied):
            may(credentials.access_key, Need("logs:PutLogEvents", arn, way=WAY))


def needs(settings: Settings, facts: Facts) -> list[Need]:
    """The rights of a delivery before it writes."""
    stream = settings.source_arn
    context = encryption_context(aws__kinesis__arn=stream)
    key = facts.stream_key(stream.rpartition("/")[2])
    asked = [Need(f"kinesis:{verb}", stream, way=WAY) for verb in READS]
    asked += key_needs(key, "kinesis", settings.region, "Decrypt", context=context)
    if settings.lambda_arn:
        for verb in ("GetFunctionConfiguration", "InvokeFunction"):
            asked.append(Need(f"lambda:{verb}", settings.lambda_arn, way=WAY))
    return asked
