"""One request, read as AWS would: the resource it names and everything else it needs."""

from __future__ import annotations

from local.iam import reading_control, reading_dynamodb, reading_s3
from local.iam.facts import Facts
from local.iam.needs import Reading, Request
from local.iam.passed_roles import passed_roles
from local.iam.reading_services import READERS


def read(request: Request, action: str, resource: str, facts: Facts) -> Reading:
    """Correct ministack's reading (`action` on `resource`) and complete it."""
    reading = Reading(resource)
    if request.service == "s3":
        reading_s3.read(request, action, reading, facts)
    elif request.service == "dynamodb":
        reading_dynamodb.read(request, reading, facts)
    elif request.service in READERS:
        READERS[request.service](request, action, reading, facts)
    reading_control.read(request, action, reading)
    reading.more += passed_roles(request, action)
    return reading
