"""What stands in the way of promote and start_job: never overwritten nor guessed, tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.promote.handler import PromoteSettings, connect
from functions.promote.handler import handler as promote
from functions.start_job.handler import StartJobSettings
from functions.start_job.handler import connect as pump_of
from lake import keys
from lake.catalog import Catalog
from lake.errors import LakeError
from lake.lanes import lease_of
from lake.ledger import Ledger
from tests.factories import LambdaContext, arrivals, eventbridge, failed_ids, sqs_event
from tests.functions.lake import Lake
from tests.functions.waiting import waiting_file
from tests.functions.wire import Wire, refused

KEY = "emt/arrivals/a.xlsx"
LANE = "emt-arrivals"


def upload(lake: Lake) -> str:
    """A good file lands, and promote hears of it; gives its hash."""
    body = arrivals()
    lake.upload(KEY, body)
    return sha256(body).hexdigest()


def deliver(lake: Lake) -> list[str]:
    event = sqs_event(eventbridge(lake.bucket("raw"), KEY))
    return failed_ids(promote(event, LambdaContext()))


def refused_writes(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """Let somebody else be quicker at each of these writes; gives what was tried."""
    tried: list[Any] = []

    def refuse(_: Ledger, wanted: Any) -> bool:
        tried.append(wanted)
        return False

    monkeypatch.setattr(Ledger, name, refuse)
    return tried


def test_other_bytes_that_somebody_put_under_a_bronze_key_are_never_overwritten(
    lake: Lake, wire: Wire
) -> None:
    upload(lake)
    lake.s3.put_object(
        Bucket=lake.bucket("bronze"), Key=KEY, Body=b"by hand", Metadata={"sha256": "other"}
    )

    assert deliver(lake) == ["m0"]

    assert lake.objects("bronze") == {KEY: b"by hand"}
    assert wire.named("CopyObject") == []
    assert len(lake.versions("raw")) == 1, "the upload waits where it is"


@pytest.mark.parametrize("status", [403, 500, 503])
def test_bronze_that_does_not_say_whether_it_holds_a_key_is_asked_again_later(
    lake: Lake, wire: Wire, status: int
) -> None:
    """Without the right to list, S3 answers 403 for what is not there: that is no 404."""
    upload(lake)
    wire.fail = lambda operation, request: (
        refused(operation, str(status), status)
        if operation == "HeadObject" and request["Bucket"] == lake.bucket("bronze")
        else None
    )

    assert deliver(lake) == ["m0"]
    assert wire.named("CopyObject") == []

    wire.fail = None
    assert deliver(lake) == []
    assert list(lake.objects("bronze")) == [KEY]


def test_a_file_for_which_no_name_is_free_waits_for_a_person(lake: Lake) -> None:
    digest = upload(lake)
    source = Catalog.bundled().source("emt/arrivals")
    for key in (keys.bronze(source, "a.xlsx"), keys.bronze(source, "a.xlsx", digest)):
        assert lake.ledger.claim_bronze(key, "somebody else's")
    promotion = connect(PromoteSettings.from_env())

    with pytest.raises(LakeError, match=r"^bronze has no free key for emt/arrivals/a\.xlsx"):
        promotion.promote(promotion.inbox.versions(KEY)[0])

    assert lake.objects("bronze") == {}
    assert len(lake.versions("raw")) == 1


def test_a_ledger_that_changes_at_every_look_is_given_up_after_four(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(lake)
    tried = refused_writes(monkeypatch, "admit")
    promotion = connect(PromoteSettings.from_env())

    with pytest.raises(LakeError, match="the ledger keeps changing, to be tried again"):
        promotion.promote(promotion.inbox.versions(KEY)[0])

    assert len(tried) == 4
    assert len(lake.versions("raw")) == 1


def test_a_longer_key_that_begins_alike_is_another_upload(lake: Lake) -> None:
    lake.upload(KEY, b"1")
    lake.upload(f"{KEY}.bak", b"2")
    inbox = connect(PromoteSettings.from_env()).inbox

    assert [landed.key for landed in inbox.versions(KEY)] == [KEY]
    assert [landed.key for landed in inbox.versions(f"{KEY}.bak")] == [f"{KEY}.bak"]


# start_job


def test_a_lane_that_somebody_else_takes_each_time_is_given_up_after_six_turns(
    lake: Lake, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_file(lake)
    tried = refused_writes(monkeypatch, "take_lane")

    with pytest.raises(LakeError, match="lane emt-arrivals keeps changing, to be tried again"):
        pump_of(StartJobSettings.from_env()).pump(LANE)

    assert len(tried) == 6
    assert wire.named("StartJobRun") == []


def test_a_batch_whose_file_the_ledger_lost_is_said_and_no_job_is_started(
    lake: Lake, wire: Wire
) -> None:
    record = waiting_file(lake)
    lease = lease_of(LANE, record.job, "t1", [record], "{}", datetime.now(UTC))
    assert lake.ledger.take_lane(lease)
    lake.table.delete_item(Key={"pk": f"file#{record.source}", "sk": record.sha256})

    with pytest.raises(LakeError, match=f"the ledger lost emt/arrivals {record.sha256}"):
        pump_of(StartJobSettings.from_env()).pump(LANE)

    assert wire.named("StartJobRun") == []


def test_a_file_of_a_source_that_is_not_declared_any_more_holds_up_no_other(
    lake: Lake, wire: Wire
) -> None:
    old = replace(waiting_file(lake, "old.xlsx"), source="emt/gone", sha256="0" * 64)
    assert lake.ledger.admit(old)
    good = waiting_file(lake, "good.xlsx", second=5)

    assert pump_of(StartJobSettings.from_env()).pump(LANE) == "started"

    (request,) = wire.named("StartJobRun")
    lease = lake.ledger.lease(LANE)
    assert lease is not None
    assert [load.source for load in lease.batch] == ["emt/arrivals"] * 2
    assert good.load_id in {load.load_id for load in lease.batch}
    assert request["name"] == "emt_arrivals"


@pytest.mark.parametrize(
    ("code", "definite"),
    [
        ("ValidationException", True),
        ("AccessDeniedException", True),
        ("ResourceNotFoundException", True),
        ("InternalServerException", False),
        ("ServiceUnavailableException", False),
    ],
)
def test_a_refusal_for_good_frees_the_lane_and_any_other_keeps_its_request(
    lake: Lake, wire: Wire, code: str, definite: bool
) -> None:
    record = waiting_file(lake)
    wire.emr.refuse_with = code

    with pytest.raises(ClientError, match=code):
        pump_of(StartJobSettings.from_env()).pump(LANE)

    lease = lake.ledger.lease(LANE)
    assert (lease is None) is definite
    known: Mapping[str, Any] = vars(lake.ledger.file(record.source, record.sha256))
    assert (known["state"], known["attempts"]) == ("waiting" if definite else "loading", 0)
