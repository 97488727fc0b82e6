"""What caches may keep of an answer, and what the function's own disk keeps: exact headers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from functions.results_api import forms
from functions.results_api import handler as results_api
from lake import served as names
from tests.functions.asking_results import Answer, ask, call
from tests.functions.served_results import BUCKET, Served
from tests.functions.wire import wired

HOUR = datetime(2025, 8, 30, 8)
ROWS = "/v1/results/emt_lines/rows"
LATEST = "private, no-cache"
PINNED = "private, max-age=31536000, immutable"
NEVER = "no-store"
VARIES = "Accept, Accept-Encoding, x-api-key"


def line(name: str) -> tuple[Any, ...]:
    return (name, 1, 1, 1, 0.5, None, HOUR, HOUR)


@pytest.fixture
def snapshot(served: Served) -> str:
    return served.publish("emt_lines", [line("1"), line("2")], [line("3")])


def kept(answer: Answer) -> tuple[int, str | None, str | None]:
    return answer.status, answer.headers.get("cache-control"), answer.headers.get("vary")


def test_the_newest_rows_are_asked_for_again_and_a_snapshots_never(snapshot: str) -> None:
    """An answer that is kept for a year although it is the newest would hide all that follow."""
    latest = ask("emt_lines", limit=1)
    by_cursor = ask("emt_lines", limit=1, cursor=latest.json["next"])
    by_name = ask("emt_lines", limit=1, snapshot=snapshot)

    assert kept(latest) == (200, LATEST, VARIES)
    assert kept(by_cursor) == kept(by_name) == (200, PINNED, VARIES)
    for form in ("csv", "parquet"):
        assert kept(ask("emt_lines", format=form)) == (200, LATEST, VARIES)


def test_who_is_told_that_nothing_changed_may_keep_it_as_long_as_before(snapshot: str) -> None:
    for query, expected in (("limit=1", LATEST), (f"limit=1&snapshot={snapshot}", PINNED)):
        etag = call(ROWS, query).headers["etag"]
        again = call(ROWS, query, headers={"If-None-Match": etag})
        assert kept(again) == (304, expected, VARIES)
        assert again.headers["etag"] == etag
        assert again.headers["x-content-type-options"] == "nosniff"


def test_an_etag_is_of_one_snapshot_question_page_and_form(served: Served, snapshot: str) -> None:
    cursor = ask("emt_lines", limit=1).json["next"]
    asked: list[dict[str, Any]] = [
        {},
        {"limit": 1},
        {"limit": 1, "cursor": cursor},
        {"fields": "line"},
        {"fields": "line,hours"},
        {"sort": "-line"},
        {"sort": "delay_rate"},
        {"line": "1"},
        {"line": "2"},
        {"line.ne": "1"},
        {"format": "csv"},
        {"format": "parquet"},
    ]
    etags = [ask("emt_lines", **said).headers["etag"] for said in asked]

    assert len(set(etags)) == len(asked)
    for etag in etags:
        assert re.fullmatch(rf'"{snapshot}\.[0-9a-f]{{12}}"', etag)
    assert etags == [ask("emt_lines", **said).headers["etag"] for said in asked]
    assert ask("emt_lines", limit=100).headers["etag"] == etags[0], "the same answer"
    newer = served.publish("emt_lines", [line("1")], minutes=5)
    results_api.service.cache_clear()
    assert ask("emt_lines").headers["etag"].startswith(f'"{newer}.')


@pytest.mark.parametrize(
    ("path", "query", "status", "expected"),
    [
        ("/v1/health", "", 200, NEVER),
        ("/v1/results", "", 200, LATEST),
        ("/v1/results/emt_lines", "", 200, LATEST),
        ("/v1/tables", "", 200, LATEST),
        ("/v1/status", "", 200, LATEST),
        ("/extract-trusted-info", "", 200, NEVER),
        ("/openapi.json", "", 200, "no-cache"),
        (ROWS, "limit=0", 400, NEVER),
        (ROWS, "snapshot=20200101T000000Z-00000000", 404, NEVER),
        ("/v1/results/emt_line", "", 404, NEVER),
        ("/nowhere", "", 404, NEVER),
    ],
)
def test_every_kind_of_answer_says_how_long_it_may_be_kept(
    snapshot: str, path: str, query: str, status: int, expected: str
) -> None:
    answer = call(path, query)

    assert (answer.status, answer.headers["cache-control"]) == (status, expected)


def test_who_may_not_ask_and_who_asks_too_often_leaves_nothing_to_keep(
    served: Served, snapshot: str
) -> None:
    served.let_in("lake_busy", "busy", rate=0.001, burst=1)
    refusals = [call(ROWS, key=None), call(ROWS, key="lake_wrong"), call(ROWS, method="POST")]
    call(ROWS, key="lake_busy")
    refusals.append(call(ROWS, key="lake_busy"))

    assert [kept(answer)[:2] for answer in refusals] == [
        (status, NEVER) for status in (401, 403, 405, 429)
    ]


def test_an_address_that_opens_for_five_minutes_is_kept_by_nobody(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = served.publish("emt_lines", [line("1")])
    file = served.s3.list_objects_v2(
        Bucket=BUCKET, Prefix=names.snapshot_folder("emt_lines", snapshot)
    )
    size = max(item["Size"] for item in file["Contents"] if item["Key"].endswith(".parquet"))

    monkeypatch.setattr(forms, "MOST_BINARY", size)
    whole = ask("emt_lines", format="parquet")
    monkeypatch.setattr(forms, "MOST_BINARY", size - 1)
    elsewhere = ask("emt_lines", format="parquet", snapshot=snapshot)

    assert kept(whole) == (200, LATEST, VARIES)
    assert kept(elsewhere) == (303, NEVER, VARIES)


def test_an_older_answer_in_place_of_the_newest_is_asked_for_again(
    served: Served, snapshot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("emt_lines").status == 200
    september = datetime(2026, 9, 1, tzinfo=UTC)
    served.publish_files("emt_lines", [(1, b"no parquet")], at=september)
    results_api.service().snapshots._pointers._entries.clear()  # as some seconds later

    answer = ask("emt_lines")

    assert (answer.status, answer.json["snapshot"]) == (200, snapshot)
    assert kept(answer) == (200, LATEST, VARIES)
    assert answer.headers["etag"].startswith(f'"{snapshot}.')
    assert answer.headers["warning"] == '110 results-api "Response is Stale"'
    assert answer.headers["age"] == "0"


def test_a_cursor_with_the_name_of_another_snapshot_is_refused(
    served: Served, snapshot: str
) -> None:
    cursor = ask("emt_lines", limit=1).json["next"]
    newer = served.publish("emt_lines", [line("9")], minutes=5)

    refused = ask("emt_lines", limit=1, cursor=cursor, snapshot=newer)
    agreed = ask("emt_lines", limit=1, cursor=cursor, snapshot=snapshot)

    assert refused.status == 400
    assert refused.json["type"] == "urn:albufera:problem:cursor-of-another-snapshot"
    assert (refused.json["parameter"], refused.json["allowed"]) == ("snapshot", [snapshot])
    assert (agreed.status, agreed.json["snapshot"]) == (200, snapshot)
    assert [row["line"] for row in agreed.rows] == ["2"]


def left_on_disk() -> list[str]:
    """Files that a failed fetch left in the function's folder."""
    folder = results_api.service().snapshots._folder
    return [str(path) for path in folder.rglob("*") if path.is_file()]


def test_a_snapshot_that_is_fetched_by_half_leaves_nothing_on_the_disk(
    served: Served, snapshot: str
) -> None:
    """Its disk is what the function has least of: tries of a broken snapshot must not fill it."""
    prefix = names.snapshot_folder("emt_lines", snapshot)
    served.s3.delete_object(Bucket=BUCKET, Key=f"{prefix}part-00001.parquet")

    statuses = {ask("emt_lines").status, ask("emt_lines", snapshot=snapshot).status}

    assert statuses == {503, 410}
    assert left_on_disk() == []


@pytest.mark.parametrize("content", [b"no parquet", None])
def test_a_snapshot_that_cannot_be_opened_leaves_nothing_on_the_disk(
    served: Served, snapshot: str, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    part = f"{names.snapshot_folder('emt_lines', snapshot)}part-00001.parquet"
    with wired(monkeypatch) as wire:
        if content is None:
            wire.fail = lambda _, request: (
                ReadTimeoutError(endpoint_url="s3") if request.get("Key") == part else None
            )
        else:
            served.s3.put_object(Bucket=BUCKET, Key=part, Body=content)
        assert ask("emt_lines").status == 503

    assert left_on_disk() == []


def state_of(at: datetime) -> Mapping[str, Any]:
    return {"at": at.isoformat(), "tables": [], "loads": [], "quality": []}


def test_a_state_that_is_none_is_503_and_an_older_one_says_that_it_is_stale(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for body in (b"{not json", b'{"tables": []}', b'{"at": "yesterday"}', b'{"at": 5}'):
        served.s3.put_object(Bucket=BUCKET, Key=names.STATE_KEY, Body=body)
        results_api.service.cache_clear()
        assert call("/v1/tables").status == 503, body
    ahead = {"at": (datetime.now(UTC) + timedelta(seconds=30)).isoformat()}
    served.s3.put_object(Bucket=BUCKET, Key=names.STATE_KEY, Body=json.dumps(ahead))
    results_api.service.cache_clear()
    early = call("/v1/loads")
    assert (early.headers["age"], early.json) == ("0", {"loads": [], **ahead})
    state = state_of(datetime.now(UTC) - timedelta(seconds=30))
    served.s3.put_object(Bucket=BUCKET, Key=names.STATE_KEY, Body=json.dumps(state))
    results_api.service.cache_clear()
    clock = [1000.0]
    states = results_api.service().snapshots._states
    monkeypatch.setattr(states, "_clock", lambda: clock[0])
    fresh = call("/v1/tables")

    clock[0] += 60
    with wired(monkeypatch) as wire:
        wire.fail = lambda operation, _: (
            ReadTimeoutError(endpoint_url="s3") if operation == "GetObject" else None
        )
        stale = call("/v1/tables")

    assert "warning" not in fresh.headers
    assert stale.status == 200
    assert stale.headers["warning"] == '110 results-api "Response is Stale"'
    assert stale.json == fresh.json
