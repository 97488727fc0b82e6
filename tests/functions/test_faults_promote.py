"""Faults 1 to 13 of the matrix, as far as promote answers for them, and kills between steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.promote.handler import PromoteSettings, connect, handler, sweep
from lake.events import landed_objects
from lake.records import FileRecord, iso
from tests.factories import (
    ARRIVALS_COLUMNS,
    LambdaContext,
    arrivals,
    eventbridge,
    failed_ids,
    header_row,
    notification,
    raw_workbook,
    sheet,
    sqs_event,
    workbook,
    zipped,
)
from tests.functions.lake import Lake
from tests.functions.wire import Killed, Wire

KEY = "emt/arrivals/arrivals-2025-08-29.xlsx"


def deliver(lake: Lake, *events: dict[str, Any]) -> list[str]:
    return failed_ids(handler(sqs_event(*events), LambdaContext()))


def landed(lake: Lake, key: str, version: str | None = None) -> dict[str, Any]:
    return eventbridge(lake.bucket("raw"), key, version)


def refused_file(lake: Lake, body: bytes, key: str = KEY) -> FileRecord:
    """Upload something bad: it must be quarantined with its message gone; gives its record."""
    version = lake.upload(key, body)
    assert deliver(lake, landed(lake, key, version)) == []
    receipt = lake.ledger.receipt(key, version)
    assert receipt is not None
    assert receipt.status == "quarantined"
    record = lake.ledger.file(receipt.source, receipt.sha256)
    assert record is not None
    assert (record.state, record.reason) == ("quarantined", receipt.reason)
    assert lake.objects("quarantine")[record.quarantine_key] == body
    assert lake.objects("bronze") == {}
    assert lake.versions("raw") == []
    assert lake.messages(lake.jobs) == []
    return record


def test_fault_01_the_same_event_twice_is_one_load(lake: Lake) -> None:
    version = lake.upload(KEY, arrivals())
    event = landed(lake, KEY, version)

    deliver(lake, event, event)
    before = lake.state()
    deliver(lake, event)

    assert lake.state() == before
    assert len(lake.messages(lake.jobs)) == 1
    (record,) = lake.files()
    assert record.seen == 1


def test_fault_01_the_same_event_at_the_same_time_is_one_load(lake: Lake, wire: Wire) -> None:
    """The twin event runs to its end, and so does the job, between one event's look and write."""
    version = lake.upload(KEY, arrivals())
    twin_has_run = False

    def run_the_twin(operation: str, request: dict[str, Any]) -> None:
        nonlocal twin_has_run
        if operation == "PutItem" and "first_receipt" in request["Item"] and not twin_has_run:
            twin_has_run = True
            deliver(lake, landed(lake, KEY, version))
            pretend(lake, "loaded")

    wire.before = run_the_twin
    deliver(lake, landed(lake, KEY, version))

    assert twin_has_run
    (record,) = lake.files()
    assert (record.seen, record.state) == (1, "loaded")
    assert [receipt.status for receipt in lake.receipts()] == ["accepted"]
    assert len(wire.named("SendMessage")) == 1


def pretend(lake: Lake, state: str) -> None:
    """The only file of the ledger has come to that end."""
    (record,) = lake.files()
    lake.table.update_item(
        Key={"pk": f"file#{record.source}", "sk": record.sha256},
        UpdateExpression="SET #state = :state REMOVE waiting_lane",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": state},
    )


def test_fault_02_an_older_version_that_comes_late_lands_with_its_own_time(lake: Lake) -> None:
    first, second = arrivals(stop=1), arrivals(stop=2)
    old = lake.upload(KEY, first)
    new = lake.upload(KEY, second)

    listed = lake.s3.list_object_versions(Bucket=lake.bucket("raw"))["Versions"]
    times = {entry["VersionId"]: iso(entry["LastModified"]) for entry in listed}
    # The clock of handling must show another second than that of landing.
    handled = listed[0]["LastModified"] + timedelta(seconds=1)
    time.sleep(max(0.0, (handled - datetime.now(UTC)).total_seconds()))
    deliver(lake, landed(lake, KEY, new))
    deliver(lake, landed(lake, KEY, old))

    assert sorted(lake.objects("bronze").values()) == sorted([first, second])
    by_hash = {record.sha256: record for record in lake.files()}
    older = by_hash[sha256(first).hexdigest()]
    newer = by_hash[sha256(second).hexdigest()]
    assert (older.received_at, newer.received_at) == (times[old], times[new])
    assert lake.ledger.waiting("emt-arrivals", 10)[0].received_at == older.received_at
    assert lake.versions("raw") == []


def test_fault_02_an_event_without_a_version_brings_in_every_version_of_its_key(
    lake: Lake,
) -> None:
    bodies = [arrivals(stop=stop) for stop in (1, 2, 3)]
    for body in bodies:
        lake.upload(KEY, body)

    deliver(lake, landed(lake, KEY))

    assert sorted(lake.objects("bronze").values()) == sorted(bodies)
    assert lake.versions("raw") == []


def test_fault_03_a_lost_event_is_found_by_the_sweep_and_loaded_once(lake: Lake) -> None:
    lake.upload(KEY, arrivals())  # and no event comes
    promotion = connect(PromoteSettings.from_env())
    soon = datetime.now(UTC) + timedelta(seconds=30)
    later = datetime.now(UTC) + timedelta(minutes=6)

    assert sweep(promotion, lake.uploads, soon) == 0
    assert sweep(promotion, lake.uploads, later) == 1
    assert sweep(promotion, lake.uploads, later) == 1  # the clock may tick twice
    deliver(lake, *lake.messages(lake.uploads))

    assert list(lake.objects("bronze")) == [KEY]
    assert len(lake.messages(lake.jobs)) == 1
    assert sweep(promotion, lake.uploads, later) == 0


def test_fault_04_the_same_bytes_under_other_names_are_unchanged_and_start_nothing(
    lake: Lake,
) -> None:
    body = arrivals()
    lake.upload(KEY, body)
    deliver(lake, landed(lake, KEY))
    assert len(lake.messages(lake.jobs)) == 1

    again = lake.upload(KEY, body)
    renamed = lake.upload("emt/arrivals/copy of arrivals.xlsx", body)
    deliver(lake, landed(lake, KEY), landed(lake, "emt/arrivals/copy of arrivals.xlsx"))

    for key, version in ((KEY, again), ("emt/arrivals/copy of arrivals.xlsx", renamed)):
        receipt = lake.ledger.receipt(key, version)
        assert receipt is not None
        assert receipt.status == "unchanged"
    (record,) = lake.files()
    assert (record.seen, record.generation, record.file_name) == (3, 0, KEY.rsplit("/", 1)[1])
    assert lake.messages(lake.jobs) == []
    assert list(lake.objects("bronze")) == [KEY]
    assert lake.versions("raw") == []


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "The file is empty (0 bytes)", id="empty"),
        pytest.param(arrivals()[:2000], "The file is cut off", id="truncated"),
        pytest.param(
            OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password", id="password"
        ),
        pytest.param(OLE + "Workbook".encode("utf-16-le"), "old Excel 97 file (.xls)", id="xls"),
        pytest.param(b"<!DOCTYPE html><html>login</html>", "a web page", id="web page"),
        pytest.param(b"timestamp;Arrive\n1;2\n", "separated values (CSV)", id="csv"),
        pytest.param(b"%PDF-1.7 ...", "a PDF document", id="pdf"),
        pytest.param(zipped({"a.txt": "x"}), "a zip archive without a workbook", id="zip"),
        pytest.param(zipped({"word/document.xml": "<w/>"}), "a Word document", id="docx"),
        pytest.param(bytes(3000), "a run of zero bytes", id="zeros"),
    ],
)
def test_fault_05_a_file_that_is_no_workbook_is_refused_once_and_not_retried(
    lake: Lake, body: bytes, reason: str
) -> None:
    assert reason in refused_file(lake, body).reason


def test_fault_05_a_damaged_workbook_is_refused(lake: Lake) -> None:
    body = bytearray(arrivals(polls=200))
    middle = body.index(b"xl/worksheets/sheet1.xml") + 300
    body[middle : middle + 40] = b"\xff" * 40

    assert "damaged" in refused_file(lake, bytes(body)).reason


def test_fault_06_a_missing_sheet_is_refused_with_the_sheets_that_are_there(lake: Lake) -> None:
    record = refused_file(lake, workbook(ARRIVALS_COLUMNS, sheet="Hoja1"))

    assert record.reason == "The sheet 'Sheet1' is missing; the file has 'Hoja1'"


def test_fault_07_a_missing_column_is_refused_by_name_with_the_nearest_one(lake: Lake) -> None:
    names = ["timestamp", "Arive", "StopInfo", "stopId", "line"]

    record = refused_file(lake, workbook(names))

    assert record.reason == (
        "In the sheet 'Sheet1' column 'Arrive' is missing (found 'Arive': did you mean that?)"
    )


def test_fault_08_an_extra_column_is_no_reason_to_refuse(lake: Lake) -> None:
    lake.upload(KEY, workbook(["note", *ARRIVALS_COLUMNS, "more"]))

    deliver(lake, landed(lake, KEY))

    assert list(lake.objects("bronze")) == [KEY]


def test_fault_09_wrong_values_are_left_to_the_job_that_rejects_row_by_row(lake: Lake) -> None:
    lake.upload(KEY, workbook(ARRIVALS_COLUMNS, [("31/08/2025", "1.234,56", "#N/A", 1, 2, 3, 4)]))

    deliver(lake, landed(lake, KEY))

    assert list(lake.objects("bronze")) == [KEY]


def test_fault_10_a_formula_without_a_value_is_refused_with_its_cell(lake: Lake) -> None:
    rows = [("2025-08-29 08:00:00", "[]", "=CONCAT(1,2)", "[]", "[]", 1, 2)]

    record = refused_file(lake, workbook(ARRIVALS_COLUMNS, rows))

    assert record.reason == (
        "Cell C2 holds a formula without a stored value: open the file in Excel and save it"
    )


def test_fault_11_a_workbook_without_rows_is_accepted(lake: Lake) -> None:
    lake.upload(KEY, workbook(ARRIVALS_COLUMNS))

    deliver(lake, landed(lake, KEY))

    assert list(lake.objects("bronze")) == [KEY]


def test_fault_12_an_oversized_file_is_refused_before_it_is_fetched(
    lake: Lake, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from lake.catalog import Catalog

    bundled = Catalog.bundled()
    source = bundled.source("emt/arrivals")
    small = replace(source, format=replace(source.format, max_bytes=1000))
    declared = replace(bundled, sources={**bundled.sources, source.id: small})
    monkeypatch.setattr(Catalog, "bundled", staticmethod(lambda: declared))
    body = arrivals()
    version = lake.upload(KEY, body)

    deliver(lake, landed(lake, KEY, version))

    assert not [call for call in wire.named("GetObject") if call["Bucket"] == lake.bucket("raw")]
    receipt = lake.ledger.receipt(KEY, version)
    assert receipt is not None
    assert "at most 0 MB are taken" in receipt.reason
    assert body in lake.objects("quarantine").values()


def test_fault_12_a_sparse_bomb_is_refused_and_the_next_file_works(lake: Lake) -> None:
    far = header_row() + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'

    assert "column XFD" in refused_file(lake, raw_workbook(sheet(far))).reason

    lake.upload(KEY, arrivals())
    deliver(lake, landed(lake, KEY))
    assert list(lake.objects("bronze")) == [KEY]


AWKWARD = [
    "a b.xlsx",
    "a+b.xlsx",
    "100%.xlsx",
    "%41%2F.xlsx",
    "año.xlsx",  # one character
    "an\u0303o.xlsx",  # two characters that look the same
    "🚌.xlsx",
    "..xlsx",
    "../../../etc/passwd",
    "..",
    "a//b.xlsx",
    "folder/2025/x.xlsx",
    "x.xlsx/",
    "no extension",
    ".hidden",
    "tab\there.xlsx",
    "a&b=c?d#e.xlsx",
    "quote'\"<>.xlsx",
]


def read_back(lake: Lake, shape: Callable[..., dict[str, Any]], name: str, body: bytes) -> None:
    """Upload under that name, tell by that shape of event: the very bytes must arrive."""
    key = f"emt/arrivals/{name}"
    version = lake.upload(key, body)

    deliver(lake, shape(lake.bucket("raw"), key, version))

    receipt = lake.ledger.receipt(key, version)
    assert receipt is not None
    assert lake.versions("raw") == []
    if name.endswith("/"):
        assert receipt.status == "quarantined"
        assert body in lake.objects("quarantine").values()
        return
    assert receipt.status == "accepted"
    record = lake.ledger.file("emt/arrivals", sha256(body).hexdigest())
    assert record is not None
    assert record.file_name == name
    assert record.bronze_key.startswith("emt/arrivals/")
    assert lake.objects("bronze")[record.bronze_key] == body


@pytest.mark.parametrize("shape", [eventbridge, notification])
def test_fault_13_an_awkward_key_is_read_back_as_it_was(
    lake: Lake, shape: Callable[..., dict[str, Any]]
) -> None:
    for number, name in enumerate(AWKWARD):
        read_back(lake, shape, name, arrivals(stop=number))


@pytest.mark.parametrize("shape", [eventbridge, notification])
def test_fault_13_a_key_of_1024_bytes_is_read_back_even_when_its_name_is_taken(
    lake: Lake, shape: Callable[..., dict[str, Any]]
) -> None:
    name = "ñ" * 500 + "x" * (1024 - len("emt/arrivals/") - 1000 - 5) + ".xlsx"
    assert len(f"emt/arrivals/{name}".encode()) == 1024

    read_back(lake, shape, name, arrivals(stop=1))
    read_back(lake, shape, name, arrivals(stop=2))

    assert all(len(key.encode()) <= 1024 for key in lake.objects("bronze"))


# moto writes its answers as XML 1.0, which has no word for control characters; S3 encodes them.
characters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    name=st.text(characters, min_size=1, max_size=60).filter(lambda name: name.strip("/")),
    shape=st.sampled_from([eventbridge, notification]),
    stop=st.integers(0, 10**9),
)
def test_fault_13_whatever_the_key_the_same_object_is_read(
    lake: Lake, name: str, shape: Callable[..., dict[str, Any]], stop: int
) -> None:
    empty(lake)  # hypothesis runs all its examples in one lake

    read_back(lake, shape, name, arrivals(stop=stop))


@given(key=st.text(min_size=1), shape=st.sampled_from([eventbridge, notification]))
def test_fault_13_an_event_names_the_key_that_was_written(
    key: str, shape: Callable[..., dict[str, Any]]
) -> None:
    """Every character that JSON can carry, control characters too."""
    (told,) = landed_objects(shape("raw", key, "v1"))

    assert (told.key, told.version_id) == (key, "v1")


def test_an_upload_that_is_killed_after_any_call_ends_like_an_undisturbed_one(
    lake: Lake, wire: Wire
) -> None:
    good, bad, taken = arrivals(stop=1), b"no workbook", arrivals(stop=2)

    def journey() -> list[dict[str, Any]]:
        return [landed(lake, KEY), landed(lake, "emt/arrivals/bad.xlsx"), landed(lake, "x/y/z")]

    def upload() -> None:
        lake.upload(KEY, good)
        lake.upload(KEY, taken)
        lake.upload("emt/arrivals/bad.xlsx", bad)
        lake.upload("x/y/z", bad)

    upload()
    wire.calls.clear()
    deliver(lake, *journey())
    calls = len(wire.calls)
    undisturbed = forget_versions(lake.state())
    loads = announced(wire)
    assert calls > 30
    assert len(loads) == 2

    for kill_after in range(1, calls + 1):
        empty(lake)
        upload()
        wire.calls.clear()
        wire.kill_after = kill_after
        with pytest.raises(Killed):
            deliver(lake, *journey())
        wire.kill_after = None
        assert deliver(lake, *journey()) == []

        assert forget_versions(lake.state()) == undisturbed, f"killed after call {kill_after}"
        assert announced(wire) == loads


def announced(wire: Wire) -> set[str]:
    """The loads that the jobs queue was told of, however often."""
    return {call["MessageDeduplicationId"] for call in wire.named("SendMessage")}


def forget_versions(state: dict[str, Any]) -> dict[str, Any]:
    """Each round uploads anew, so S3 gives other version ids."""
    items = []
    for item in state["ledger"]:
        item = {name: value for name, value in item.items() if name != "first_receipt"}
        if item["pk"].startswith("receipt#"):
            item = {**item, "sk": "-", "version": "-"}
        items.append(item)
    objects = {
        role: {key: body for key, body in found.items() if not key.endswith("reason.json")}
        for role, found in state["objects"].items()
    }
    reasons = sum(key.endswith("reason.json") for key in state["objects"]["quarantine"])
    items.sort(key=lambda item: (item["pk"], item["sk"], item.get("sha256", "")))
    return {**state, "ledger": items, "objects": objects, "reasons": reasons}


def empty(lake: Lake) -> None:
    """An empty lake again, cheaper than a new one."""
    for role in ("raw", "bronze", "quarantine", "jobs"):
        for key, version in lake.versions(role):
            lake.s3.delete_object(Bucket=lake.bucket(role), Key=key, VersionId=version)
    for item in lake.items():
        lake.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
