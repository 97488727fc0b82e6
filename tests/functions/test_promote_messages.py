"""Messages that promote cannot read, or that speak of more than one bucket."""

from __future__ import annotations

from functions.promote.handler import handler
from tests.factories import LambdaContext, arrivals, failed_ids, notification, sqs_event
from tests.functions.lake import Lake

KEY = "emt/arrivals/arrivals-2025-08-29.xlsx"


def test_where_every_message_of_a_batch_fails_each_of_them_goes_back(lake: Lake) -> None:
    """Raised as one error, the batch would be tried as one, and alarms would ring for a poison."""
    event = sqs_event({}, {})
    for message in event["Records"]:
        message["body"] = "{half"

    answer = handler(event, LambdaContext())

    assert failed_ids(answer) == [message["messageId"] for message in event["Records"]]


def test_an_event_of_another_bucket_hides_none_of_this_one_behind_it(lake: Lake) -> None:
    version = lake.upload(KEY, arrivals())
    records = [
        *notification("somebody-elses", "emt/arrivals/x.xlsx")["Records"],
        *notification(lake.bucket("raw"), KEY, version)["Records"],
    ]

    assert failed_ids(handler(sqs_event({"Records": records}), LambdaContext())) == []

    assert [record.file_name for record in lake.files()] == ["arrivals-2025-08-29.xlsx"]
