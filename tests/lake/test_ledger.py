"""The ledger: conditional writes, the lists that people ask for, and replay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lake.errors import LakeError
from lake.lanes import lease_of
from lake.ledger import Ledger, file_message
from lake.records import (
    ACCEPTED,
    FAILED,
    LOADED,
    LOADING,
    QUARANTINED,
    STATES,
    UNCHANGED,
    UNROUTED,
    WAITING,
    FileRecord,
    Load,
    Receipt,
    iso,
)
from tests.factories import ledger_schema

NOW = datetime(2025, 8, 29, 10, tzinfo=UTC)
FILE = FileRecord(
    source="emt/arrivals",
    sha256="a" * 64,
    file_name="a.xlsx",
    raw_key="emt/arrivals/a.xlsx",
    size=10,
    received_at="2025-08-29T10:00:00.000Z",
    first_seen="2025-08-29T10:00:01.000Z",
    last_seen="2025-08-29T10:00:01.000Z",
    state=WAITING,
    first_receipt="emt/arrivals/a.xlsx#v1",
    lane="emt-arrivals",
    job="emt_arrivals",
    load_id=f"{'a' * 16}-0",
    bronze_key="emt/arrivals/a.xlsx",
)
COUNTS = {"read": 3, "accepted": 2, "duplicate": 0, "rejected": 1, "empty": 0}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-2")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.resource("dynamodb").create_table(**ledger_schema("ledger"))


@pytest.fixture
def ledger(table: Any) -> Ledger:
    return Ledger(table)


def other(number: int, **changes: Any) -> FileRecord:
    sha256 = f"{number:064}"
    moment = f"2025-08-29T11:00:{number:02}.000Z"
    base = replace(FILE, sha256=sha256, load_id=f"{sha256[:16]}-0", received_at=moment)
    return replace(base, last_seen=moment, **changes)


def receipt(status: str, version: str = "v1", reason: str = "") -> Receipt:
    return Receipt(FILE.raw_key, version, status, FILE.source, FILE.sha256, iso(NOW), reason)


def load_of(record: FileRecord) -> Load:
    return Load(record.source, record.sha256, record.load_id)


def take(ledger: Ledger, *records: FileRecord, batch: str = "t1") -> bool:
    return ledger.take_lane(lease_of("emt-arrivals", "emt_arrivals", batch, records, "{}", NOW))


def now(ledger: Ledger, record: FileRecord = FILE) -> FileRecord:
    found = ledger.file(record.source, record.sha256)
    assert found is not None
    return found


def test_the_words_of_states_and_receipts_stay_as_they_lie_in_tables() -> None:
    states = ("waiting", "loading", "loaded", "failed", "quarantined")

    assert (WAITING, LOADING, LOADED, FAILED, QUARANTINED) == STATES == states
    assert (ACCEPTED, UNCHANGED, UNROUTED) == ("accepted", "unchanged", "_unrouted")


def test_items_lie_under_the_names_that_everybody_asks_for(ledger: Ledger, table: Any) -> None:
    ledger.admit(FILE)
    ledger.close(receipt(ACCEPTED))
    ledger.claim_bronze("emt/arrivals/a.xlsx", FILE.sha256)
    take(ledger, FILE)
    lease = ledger.lease("emt-arrivals")
    assert lease is not None
    ledger.record_run(lease, "run1")

    items = {(item["pk"], item["sk"]): item for item in table.scan()["Items"]}

    assert set(items) == {
        ("file#emt/arrivals", FILE.sha256),
        ("receipt#emt/arrivals/a.xlsx", "v1"),
        ("bronze#emt/arrivals/a.xlsx", "claim"),
        ("lane#emt-arrivals", "lease"),
        ("run#run1", "run"),
    }
    today = datetime.now(UTC).timestamp() / 86_400
    for pk, days in (("receipt#emt/arrivals/a.xlsx", 180), ("run#run1", 90)):
        (expires,) = (item["expires"] for place, item in items.items() if place[0] == pk)
        assert abs(float(expires) / 86_400 - today - days) < 1
    assert not any("expires" in item for place, item in items.items() if place[0][0] in "fbl")


def test_a_file_is_read_back_as_it_was_entered(ledger: Ledger) -> None:
    assert ledger.admit(FILE)

    assert ledger.file(FILE.source, FILE.sha256) == FILE
    assert ledger.file("emt/stops", FILE.sha256) is None


def test_a_file_is_entered_once(ledger: Ledger) -> None:
    assert ledger.admit(FILE)

    assert not ledger.admit(replace(FILE, file_name="late.xlsx"))
    assert now(ledger).file_name == "a.xlsx"


def test_a_bronze_key_belongs_to_its_first_content_for_ever(ledger: Ledger) -> None:
    assert ledger.claim_bronze("emt/arrivals/a.xlsx", "one")
    assert ledger.claim_bronze("emt/arrivals/a.xlsx", "one")
    assert not ledger.claim_bronze("emt/arrivals/a.xlsx", "two")


def test_a_receipt_keeps_its_first_word(ledger: Ledger) -> None:
    ledger.close(receipt(ACCEPTED))
    ledger.close(receipt(UNCHANGED))

    assert ledger.receipt(FILE.raw_key, "v1") == receipt(ACCEPTED)
    assert ledger.receipt(FILE.raw_key, "v2") is None


def test_a_sight_is_counted_once_for_each_receipt(ledger: Ledger) -> None:
    ledger.admit(FILE)

    for _ in range(3):
        ledger.see_again(FILE, receipt(UNCHANGED, "v2"))

    assert (now(ledger).seen, now(ledger).last_seen) == (2, iso(NOW))


def test_a_refusal_is_entered_with_its_receipt_and_again_counts_again(ledger: Ledger) -> None:
    refused = replace(FILE, state=QUARANTINED, reason="no", bronze_key="", load_id="")

    ledger.refuse(refused, receipt(QUARANTINED, "v1", "no"))
    ledger.refuse(refused, receipt(QUARANTINED, "v1", "no"))
    ledger.refuse(replace(refused, reason="still no"), receipt(QUARANTINED, "v2", "still no"))

    assert (now(ledger).seen, now(ledger).reason) == (2, "still no")
    assert ledger.waiting("emt-arrivals", 10) == []


def test_a_refusal_never_touches_a_file_that_is_on_its_way(ledger: Ledger) -> None:
    ledger.admit(FILE)

    ledger.refuse(replace(FILE, state=QUARANTINED), receipt(QUARANTINED, "v2", "no"))

    assert now(ledger) == FILE
    told = ledger.receipt(FILE.raw_key, "v2")
    assert told is not None
    assert told.status == QUARANTINED


def test_files_are_listed_by_state_last_seen_first(ledger: Ledger) -> None:
    for number in range(5):
        ledger.admit(other(number))
    ledger.admit(replace(FILE, state=FAILED))

    assert [file.sha256[-1] for file in ledger.files(WAITING)] == ["4", "3", "2", "1", "0"]
    assert len(list(ledger.files(WAITING, limit=2))) == 2
    assert [file.sha256 for file in ledger.files(FAILED)] == [FILE.sha256]
    with pytest.raises(LakeError, match="no state is called 'lost'"):
        list(ledger.files("lost"))


def test_a_list_longer_than_a_page_is_told_whole(ledger: Ledger, table: Any) -> None:
    """A page of DynamoDB ends at 1 MB."""
    for number in range(8):
        table.put_item(
            Item={
                **other(number).attributes(),
                "pk": "file#emt/arrivals",
                "sk": f"{number}",
                "padding": "x" * 300_000,
            }
        )

    assert len(list(ledger.files(WAITING))) == 8


def test_waiting_files_come_oldest_first_and_only_while_they_wait(ledger: Ledger) -> None:
    records = [other(number) for number in (3, 1, 2)]
    for record in records:
        ledger.admit(record)
    assert [file.sha256[-1] for file in ledger.waiting("emt-arrivals", 10)] == ["1", "2", "3"]
    assert len(ledger.waiting("emt-arrivals", 2)) == 2

    take(ledger, *records)

    assert ledger.waiting("emt-arrivals", 10) == []


def test_a_lane_is_taken_with_all_its_files_or_not_at_all(ledger: Ledger) -> None:
    ledger.admit(FILE)

    assert not take(ledger, FILE, other(1))  # nobody entered the other

    assert ledger.lease("emt-arrivals") is None
    assert now(ledger).state == WAITING


def test_fault_24_a_lane_that_is_held_is_not_taken_with_other_files(ledger: Ledger) -> None:
    ledger.admit(FILE)
    ledger.admit(other(1))
    assert take(ledger, FILE)

    assert not take(ledger, other(1), batch="t2")

    assert now(ledger, other(1)).state == WAITING


def test_a_file_of_an_old_generation_is_not_taken(ledger: Ledger) -> None:
    ledger.admit(FILE)

    assert not take(ledger, replace(FILE, load_id=f"{'a' * 16}-9"))


def test_fault_24_of_many_that_saw_a_free_lane_one_gets_it(ledger: Ledger) -> None:
    """One after the other: moto's transactions, unlike DynamoDB's, undo each other's writes."""
    ledger.admit(FILE)
    assert ledger.lease("emt-arrivals") is None  # what each of them saw

    won = [batch for batch in ("t0", "t1", "t2", "t3") if take(ledger, FILE, batch=batch)]

    assert won == ["t0"]
    lease = ledger.lease("emt-arrivals")
    assert lease is not None
    assert lease.token == now(ledger).token == "t0"


def test_only_its_batch_may_move_a_file_or_free_a_lane(ledger: Ledger) -> None:
    ledger.admit(FILE)
    take(ledger, FILE)

    assert not ledger.mark_loaded(load_of(FILE), "stranger", COUNTS, 5, {})
    assert not ledger.release("emt-arrivals", "stranger")
    assert ledger.mark_loaded(load_of(FILE), "t1", COUNTS, 5, {"emt_silver.stops": COUNTS})
    assert not ledger.mark_failed(load_of(FILE), "t1", 1, "late word")
    assert ledger.release("emt-arrivals", "t1")

    loaded = now(ledger)
    assert (loaded.state, loaded.sheet_rows, loaded.counts) == (LOADED, 5, COUNTS)
    assert loaded.tables == {"emt_silver.stops": COUNTS}
    assert ledger.lease("emt-arrivals") is None


def test_a_run_is_found_by_its_id_and_written_down_only_for_its_lease(ledger: Ledger) -> None:
    ledger.admit(FILE)
    take(ledger, FILE)
    lease = ledger.lease("emt-arrivals")
    assert lease is not None

    assert not ledger.record_run(replace(lease, token="t0"), "run9")
    assert ledger.record_run(lease, "run1")

    assert ledger.lane_of_run("run1") == "emt-arrivals"
    assert ledger.lane_of_run("run9") is None
    assert now(ledger).job_run_id == "run1"


def test_a_file_that_goes_back_waits_again_with_its_attempts(ledger: Ledger) -> None:
    ledger.admit(FILE)
    take(ledger, FILE)

    ledger.mark_retry(load_of(FILE), "t1", 1, "boom", "emt-arrivals")

    (waiting,) = ledger.waiting("emt-arrivals", 10)
    assert (waiting.attempts, waiting.reason, waiting.load_id) == (1, "boom", FILE.load_id)


def test_a_file_for_which_there_was_no_room_waits_with_its_moment(ledger: Ledger) -> None:
    ledger.admit(FILE)
    take(ledger, FILE)

    assert ledger.mark_later(load_of(FILE), "t1", 2, iso(NOW), "no room", "emt-arrivals")
    assert not ledger.mark_later(load_of(FILE), "t1", 3, iso(NOW), "late word", "emt-arrivals")

    (waiting,) = ledger.waiting("emt-arrivals", 10)
    assert (waiting.state, waiting.waits, waiting.not_before) == (WAITING, 2, iso(NOW))
    assert (waiting.attempts, waiting.reason) == (0, "no room")


def test_a_file_that_a_job_refused_keeps_what_was_counted(ledger: Ledger) -> None:
    ledger.admit(FILE)
    take(ledger, FILE)

    told = {"counts": COUNTS, "sheet_rows": 3, "tables": {"emt_silver.stops": COUNTS}}
    assert ledger.mark_refused(load_of(FILE), "t1", "too many bad rows", "q/a.xlsx", told)

    refused = now(ledger)
    assert (refused.state, refused.reason) == (QUARANTINED, "too many bad rows")
    assert refused.quarantine_key == "q/a.xlsx"
    assert (refused.counts, refused.sheet_rows, refused.tables) == (COUNTS, 3, None)
    assert ledger.waiting("emt-arrivals", 10) == []


def test_a_file_whose_last_attempt_failed_says_how_many_there_were(ledger: Ledger) -> None:
    ledger.admit(FILE)
    take(ledger, FILE)

    assert ledger.mark_failed(load_of(FILE), "t1", 3, "boom")

    assert (now(ledger).state, now(ledger).attempts, now(ledger).reason) == (FAILED, 3, "boom")


def test_a_load_that_succeeds_forgets_why_the_one_before_it_did_not(ledger: Ledger) -> None:
    ledger.admit(FILE)
    take(ledger, FILE)
    ledger.mark_retry(load_of(FILE), "t1", 1, "boom", "emt-arrivals")
    ledger.release("emt-arrivals", "t1")
    take(ledger, FILE, batch="t2")

    assert ledger.mark_loaded(load_of(FILE), "t2", COUNTS, 3, {})

    assert (now(ledger).state, now(ledger).reason, now(ledger).attempts) == (LOADED, "", 1)


def cancelled(ledger: Ledger, code: str) -> Exception:
    error: Exception = ledger._errors.TransactionCanceledException(
        {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": "None"}, {"Code": code}],
        },
        "TransactWriteItems",
    )
    return error


@pytest.mark.parametrize(("conflicts", "done"), [(0, True), (1, True), (3, True), (4, False)])
def test_a_write_in_the_way_of_another_is_tried_four_times(
    ledger: Ledger, table: Any, monkeypatch: pytest.MonkeyPatch, conflicts: int, done: bool
) -> None:
    write, calls = table.meta.client.transact_write_items, []

    def busy(**call: Any) -> Any:
        calls.append(call)
        if len(calls) <= conflicts:
            raise cancelled(ledger, "TransactionConflict")
        return write(**call)

    monkeypatch.setattr("lake.items.sleep", lambda _: None)
    monkeypatch.setattr(table.meta.client, "transact_write_items", busy)
    ledger.admit(FILE)

    assert take(ledger, FILE) is done
    assert len(calls) == min(conflicts + 1, 4)
    assert now(ledger).state == (LOADING if done else WAITING)


def test_a_write_that_fails_for_another_reason_is_an_error(
    ledger: Ledger, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise cancelled(ledger, "ThrottlingError")

    monkeypatch.setattr(table.meta.client, "transact_write_items", refuse)

    with pytest.raises(ledger._errors.TransactionCanceledException):
        take(ledger, FILE)


def test_a_refusal_that_others_keep_writing_is_to_be_tried_again(
    ledger: Ledger, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload has no receipt, so it is handled anew."""
    monkeypatch.setattr("lake.items.sleep", lambda _: None)

    def refuse(**_: Any) -> None:
        raise cancelled(ledger, "TransactionConflict")

    monkeypatch.setattr(table.meta.client, "transact_write_items", refuse)

    with pytest.raises(LakeError, match=r"emt/arrivals/a\.xlsx: the ledger keeps changing"):
        ledger.refuse(replace(FILE, state=QUARANTINED), receipt(QUARANTINED))


def test_a_refusal_again_keeps_when_the_file_was_first_seen_and_its_load(ledger: Ledger) -> None:
    known = replace(FILE, state=FAILED, generation=2, load_id=f"{'a' * 16}-2", seen=3)
    ledger.admit(known)
    late = "2025-08-30T10:00:00.000Z"
    again = replace(FILE, state=QUARANTINED, reason="no", first_seen=late, last_seen=late)

    ledger.refuse(replace(again, load_id="", bronze_key=""), receipt(QUARANTINED, "v2", "no"))

    assert now(ledger) == replace(
        known, state=QUARANTINED, reason="no", last_seen=late, seen=4, attempts=0
    )


@pytest.mark.parametrize("state", [WAITING, LOADING, LOADED])
def test_a_refusal_leaves_a_file_that_the_lake_took_in_as_it_is(ledger: Ledger, state: str) -> None:
    ledger.admit(replace(FILE, state=state))

    ledger.refuse(replace(FILE, state=QUARANTINED, reason="no"), receipt(QUARANTINED, "v2", "no"))

    assert now(ledger) == replace(FILE, state=state)
    assert ledger.receipt(FILE.raw_key, "v2") == receipt(QUARANTINED, "v2", "no")


def test_a_limit_counts_over_pages(ledger: Ledger, table: Any) -> None:
    """A page of DynamoDB ends at 1 MB, whatever its limit."""
    for number in range(8):
        item = {**other(number).attributes(), "pk": "file#emt/arrivals", "sk": f"{number}"}
        table.put_item(Item={**item, "padding": "x" * 300_000})

    for limit in (0, 1, 3, 4, 7, 9):
        assert len(list(ledger.files(WAITING, limit))) == min(limit, 8)


@pytest.mark.parametrize("state", [LOADED, FAILED, QUARANTINED])
def test_a_replay_is_a_new_generation_that_carries_nothing_over(ledger: Ledger, state: str) -> None:
    ended = replace(FILE, state=state, attempts=3, reason="boom", counts=COUNTS, token="t1")
    ended = replace(ended, waits=2, not_before=iso(NOW), job_run_id="run1", quarantine_key="q")
    ended = replace(ended, tables={"emt_silver.stops": COUNTS}, sheet_rows=5)
    ledger.admit(ended)

    again = ledger.requeue(ended, "emt-arrivals", "emt_arrivals")

    assert again == now(ledger) == replace(FILE, generation=1, load_id=f"{'a' * 16}-1")
    assert (again.state, again.generation, again.load_id) == (WAITING, 1, f"{'a' * 16}-1")
    assert (again.attempts, again.reason, again.counts, again.token) == (0, "", None, "")
    assert file_message(again)["load_id"] == again.load_id
    assert [file.sha256 for file in ledger.waiting("emt-arrivals", 10)] == [FILE.sha256]


def test_a_replay_of_what_is_on_its_way_or_never_came_in_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LakeError, match=r"a\.xlsx is waiting"):
        ledger.requeue(FILE, "emt-arrivals", "emt_arrivals")
    with pytest.raises(LakeError, match="upload it again"):
        ledger.requeue(
            replace(FILE, state=QUARANTINED, bronze_key=""), "emt-arrivals", "emt_arrivals"
        )


def test_two_replays_at_once_are_one(ledger: Ledger) -> None:
    ended = replace(FILE, state=LOADED)
    ledger.admit(ended)
    ledger.requeue(ended, "emt-arrivals", "emt_arrivals")

    with pytest.raises(LakeError, match="moved on"):
        ledger.requeue(ended, "emt-arrivals", "emt_arrivals")

    assert now(ledger).generation == 1


def test_a_replay_of_an_older_generation_is_refused_though_the_file_failed_again(
    ledger: Ledger,
) -> None:
    """Somebody looked at the file before it was loaded anew: its state is the same, it is not."""
    seen = replace(FILE, state=FAILED)
    ledger.admit(seen)
    again = ledger.requeue(seen, "emt-arrivals", "emt_arrivals")
    take(ledger, again)
    ledger.mark_failed(load_of(again), "t1", 3, "boom")

    with pytest.raises(LakeError, match="moved on"):
        ledger.requeue(seen, "emt-arrivals", "emt_arrivals")

    assert (now(ledger).generation, now(ledger).state) == (1, FAILED)
    assert ledger.requeue(now(ledger), "emt-arrivals", "emt_arrivals").generation == 2
