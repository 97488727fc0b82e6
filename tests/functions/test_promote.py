"""promote: from raw to bronze or quarantine."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

from functions.promote.handler import handler
from lake.errors import FileRefused
from lake.records import FileRecord
from tests.factories import (
    SWEEP,
    LambdaContext,
    arrivals,
    eventbridge,
    failed_ids,
    notification,
    sqs_event,
    workbook,
)
from tests.functions.lake import Lake
from tests.functions.test_faults_promote import pretend
from tests.functions.wire import Wire, refused

KEY = "emt/arrivals/arrivals-2025-08-29.xlsx"


def promote(lake: Lake, *keys: str) -> list[str]:
    """Deliver one event a key, without versions; gives the messages that came back."""
    events = [eventbridge(lake.bucket("raw"), key) for key in keys]
    return failed_ids(handler(sqs_event(*events), LambdaContext()))


def only_file(lake: Lake) -> FileRecord:
    (record,) = lake.files()
    return record


def test_a_good_workbook_moves_to_bronze_and_its_job_is_asked_for(lake: Lake) -> None:
    body = arrivals()
    version = lake.upload(KEY, body)

    assert promote(lake, KEY) == []

    assert lake.objects("bronze") == {KEY: body}
    assert lake.versions("raw") == []
    record = only_file(lake)
    digest = sha256(body).hexdigest()
    assert (record.state, record.sha256, record.bronze_key) == ("waiting", digest, KEY)
    assert (record.lane, record.job, record.attempts) == ("emt-arrivals", "emt_arrivals", 0)
    assert record.load_id == f"{digest[:16]}-0"
    assert (record.raw_key, record.file_name, record.size) == (
        KEY,
        KEY.rsplit("/", 1)[1],
        len(body),
    )
    assert (record.seen, record.generation) == (1, 0)
    assert record.received_at <= record.first_seen == record.last_seen
    receipt = lake.ledger.receipt(KEY, version)
    assert receipt is not None
    assert (receipt.status, receipt.sha256, receipt.source) == ("accepted", digest, "emt/arrivals")
    assert lake.messages(lake.jobs) == [
        {
            "kind": "file",
            "source": "emt/arrivals",
            "sha256": digest,
            "load_id": record.load_id,
            "lane": "emt-arrivals",
        }
    ]
    assert [file.sha256 for file in lake.ledger.waiting("emt-arrivals", 10)] == [digest]


def test_one_bad_file_does_not_hold_back_the_good_one(lake: Lake) -> None:
    good, bad = "emt/arrivals/a b.xlsx", "emt/arrivals/bad.xlsx"
    lake.upload(good, arrivals())
    lake.upload(bad, b"{not a workbook")

    assert promote(lake, bad, good) == []

    assert list(lake.objects("bronze")) == [good]
    assert len(lake.objects("quarantine")) == 2


def test_an_error_of_aws_gives_only_its_message_back(lake: Lake, wire: Wire) -> None:
    one, two = "emt/arrivals/one.xlsx", "emt/arrivals/two.xlsx"
    lake.upload(one, arrivals(stop=1))
    lake.upload(two, arrivals(stop=2))
    wire.fail = lambda operation, request: (
        refused(operation) if operation == "CopyObject" and request["Key"] == one else None
    )

    assert promote(lake, one, two) == ["m0"]

    wire.fail = None
    assert promote(lake, one) == []
    assert set(lake.objects("bronze")) == {one, two}


def test_other_bytes_under_a_taken_name_get_a_name_of_their_own(lake: Lake) -> None:
    first, second = arrivals(stop=1), arrivals(stop=2)
    lake.upload(KEY, first)
    promote(lake, KEY)
    lake.upload(KEY, second)
    promote(lake, KEY)

    digest = sha256(second).hexdigest()
    assert lake.objects("bronze") == {
        KEY: first,
        f"emt/arrivals/arrivals-2025-08-29~{digest[:8]}.xlsx": second,
    }
    assert len(lake.versions("bronze")) == 2


def test_versions_of_one_second_are_taken_in_the_order_in_which_they_came(lake: Lake) -> None:
    bodies = [arrivals(stop=stop) for stop in range(6)]
    for body in bodies:
        lake.upload(KEY, body)

    promote(lake, KEY)

    assert [message["sha256"] for message in lake.messages(lake.jobs)] == [
        sha256(body).hexdigest() for body in bodies
    ]


def test_a_key_of_no_source_goes_to_quarantine_with_the_nearest_source(lake: Lake) -> None:
    version = lake.upload("emt/arivals/x.xlsx", arrivals())

    promote(lake, "emt/arivals/x.xlsx")

    receipt = lake.ledger.receipt("emt/arivals/x.xlsx", version)
    assert receipt is not None
    assert receipt.status == "quarantined"
    assert "did you mean 'emt/arrivals'" in receipt.reason
    (reason_key,) = [key for key in lake.objects("quarantine") if key.endswith("reason.json")]
    assert reason_key.startswith("_unrouted/")
    said = json.loads(lake.objects("quarantine")[reason_key])
    assert (said["code"], said["reason"]) == ("unrouted", receipt.reason)
    assert lake.versions("raw") == []
    assert [file.source for file in lake.ledger.files("quarantined")] == ["_unrouted"]


def test_a_folder_that_a_console_made_is_left_alone(lake: Lake) -> None:
    lake.upload("emt/arrivals/", b"")

    assert promote(lake, "emt/arrivals/") == []

    assert lake.receipts() == []
    assert lake.objects("quarantine") == {}


def test_a_message_about_another_bucket_or_a_test_event_does_nothing(lake: Lake) -> None:
    lake.upload(KEY, arrivals())
    events = [
        eventbridge("somebody-else", KEY),
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": lake.bucket("raw")},
    ]

    assert failed_ids(handler(sqs_event(*events), LambdaContext())) == []

    assert lake.files() == []


def test_a_refused_upload_of_a_file_named_reason_json_keeps_both_files(lake: Lake) -> None:
    lake.upload("emt/arrivals/reason.json", b'{"not": "a workbook"}')

    promote(lake, "emt/arrivals/reason.json")

    bodies = list(lake.objects("quarantine").values())
    assert b'{"not": "a workbook"}' in bodies
    assert len(bodies) == 2


def test_bytes_that_were_refused_are_examined_again_when_they_come_again(
    lake: Lake, monkeypatch: Any
) -> None:
    body = workbook(["timestamp", "Arrive"])
    lake.upload(KEY, body)
    promote(lake, KEY)
    assert only_file(lake).state == "quarantined"
    lake.upload(KEY, body)
    promote(lake, KEY)
    refused_twice = only_file(lake)
    assert (refused_twice.state, refused_twice.seen) == ("quarantined", 2)

    lake.upload("emt/lines/x.xlsx", body)  # other source, same bytes: an entry of its own
    promote(lake, "emt/lines/x.xlsx")
    assert len(lake.files()) == 2


def test_bytes_that_an_older_declaration_refused_are_a_new_load_when_they_come_again(
    lake: Lake, monkeypatch: Any
) -> None:
    body = arrivals()

    def refuse(*_: Any) -> None:
        raise FileRefused("sheet_missing", "The sheet 'Hoja1' is missing")

    with monkeypatch.context() as patch:
        patch.setattr("functions.promote.promotion.vet", refuse)
        lake.upload(KEY, body)
        promote(lake, KEY)
    refused_once = only_file(lake)
    assert (refused_once.state, refused_once.lane) == ("quarantined", "emt-arrivals")
    assert (refused_once.job, refused_once.size) == ("emt_arrivals", len(body))
    assert lake.messages(lake.jobs) == []

    lake.upload(KEY, body)
    promote(lake, KEY)

    again = only_file(lake)
    assert (again.state, again.seen, again.generation) == ("waiting", 2, 1)
    assert (again.quarantine_key, again.reason, again.bronze_key) == ("", "", KEY)
    assert again.first_seen == refused_once.first_seen
    (message,) = lake.messages(lake.jobs)
    assert message["load_id"] == again.load_id == f"{sha256(body).hexdigest()[:16]}-1"


def test_a_failed_file_that_is_uploaded_again_is_a_new_load(lake: Lake) -> None:
    body = arrivals()
    lake.upload(KEY, body)
    promote(lake, KEY)
    lake.messages(lake.jobs)
    first = only_file(lake)
    pretend(lake, "failed")

    lake.upload("emt/arrivals/again.xlsx", body)
    promote(lake, "emt/arrivals/again.xlsx")

    again = only_file(lake)
    assert (again.state, again.generation, again.bronze_key) == ("waiting", 1, KEY)
    assert (again.seen, again.first_seen) == (2, first.first_seen)
    assert len(lake.versions("bronze")) == 1, "it lies there already"
    assert again.last_seen > first.last_seen
    assert [message["load_id"] for message in lake.messages(lake.jobs)] == [again.load_id]


def test_a_notification_of_s3_itself_is_understood_too(lake: Lake) -> None:
    key = "emt/arrivals/año 1+2.xlsx"
    lake.upload(key, arrivals())

    handler(sqs_event(notification(lake.bucket("raw"), key)), LambdaContext())

    assert list(lake.objects("bronze")) == [key]


def test_a_sweep_with_nothing_late_sends_nothing(lake: Lake) -> None:
    lake.upload(KEY, arrivals())

    handler(sqs_event(SWEEP), LambdaContext())

    assert lake.messages(lake.uploads) == []


def test_a_sweep_finds_what_no_event_told_of_and_its_message_lands_it(
    lake: Lake, monkeypatch: Any
) -> None:
    lake.upload(KEY, arrivals())
    lake.upload("emt/arrivals/", b"")
    monkeypatch.setattr("functions.promote.handler.LOST_AFTER", timedelta(minutes=-5))

    assert failed_ids(handler(sqs_event(SWEEP), LambdaContext())) == []

    assert lake.objects("bronze") == {}, "a sweep tells, and lands nothing itself"
    (message,) = lake.messages(lake.uploads)
    assert failed_ids(handler(sqs_event(message), LambdaContext())) == []
    assert list(lake.objects("bronze")) == [KEY]


def test_metrics_tell_what_became_of_each_file(lake: Lake, capsys: Any) -> None:
    lake.upload(KEY, arrivals())
    promote(lake, KEY)
    capsys.readouterr()
    lake.upload("emt/arrivals/b.xlsx", arrivals())
    lake.upload("emt/arrivals/c.xlsx", b"no")

    promote(lake, "emt/arrivals/b.xlsx", "emt/arrivals/c.xlsx")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metrics,) = [line for line in lines if "_aws" in line]
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Albufera"
    assert metrics["service"] == "promote"
    assert metrics["FilesAccepted"] == [0.0]
    assert metrics["FilesUnchanged"] == [1.0]
    assert metrics["FilesQuarantined"] == [1.0]
