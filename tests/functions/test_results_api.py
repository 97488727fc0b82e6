"""The results API as a client meets it: events of the gateway in, answers out."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from functions.results_api import handler as results_api
from lake import served as names
from lake.api_keys import ApiKey
from tests.factories import LambdaContext
from tests.functions.asking_results import Answer, ask, call, event
from tests.functions.served_results import BUCKET, KEY, KEYS, Served

HOUR = datetime(2025, 8, 30, 8)
LINES = [
    # line, hours, rated, delayed, rate, by weather, first, last
    ("1", 24, 100, 10, 0.1, 1, HOUR, HOUR + timedelta(hours=23)),
    ("10", 20, 50, 25, 0.5, None, HOUR, HOUR),
    ("=2+5", 3, 0, 0, None, None, HOUR, HOUR),
    ("C1", 5, 8, -2, -0.25, 0, HOUR, HOUR),
]
FIRST = {
    "line": "1",
    "hours": 24,
    "rated_preds": 100,
    "delayed_preds": 10,
    "delay_rate": 0.1,
    "weather_attrib_delays": 1,
    "first_hour": "2025-08-30T08:00:00Z",
    "last_hour": "2025-08-31T07:00:00Z",
}


@pytest.fixture
def snapshot(served: Served) -> str:
    return served.publish("emt_lines", LINES[:2], LINES[2:])


def walk(name: str, **said: Any) -> list[Answer]:
    """Every page, by following `Link`, as a stranger's client would."""
    pages = [ask(name, **said)]
    while link := pages[-1].headers.get("link"):
        found = re.fullmatch(r'<rows\?(.*)>; rel="next"', link)
        assert found, link
        pages.append(call(f"/v1/results/{name}/rows", found.group(1)))
    return pages


def test_rows_are_what_was_published(snapshot: str) -> None:
    answer = ask("emt_lines")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    found = answer.json
    assert found["rows"][0] == FIRST
    assert [row["line"] for row in found["rows"]] == ["1", "10", "=2+5", "C1"]
    assert found["rows"][2]["delay_rate"] is None
    del found["rows"]
    assert found == {
        "result": "emt_lines",
        "snapshot": snapshot,
        "published_at": "2026-08-30T10:15:00Z",
        "count": 4,
        "next": None,
    }


def test_the_list_says_what_there_is_and_how_fresh(served: Served) -> None:
    now = datetime.now(UTC)
    served.publish("emt_lines", LINES, at=now - timedelta(minutes=30))
    served.publish("emt_stops", [], at=now - timedelta(days=30))

    found = {one["name"]: one for one in call("/v1/results").json["results"]}

    assert set(found) == set(served.catalog.results)
    lines, stops, never = found["emt_lines"], found["emt_stops"], found["emt_weather"]
    assert lines["about"] == served.catalog.results["emt_lines"].about
    assert (lines["rows"], lines["fresh"]) == (4, True)
    assert 29 <= lines["age_minutes"] <= 31
    assert lines["href"] == "v1/results/emt_lines"
    assert (stops["rows"], stops["fresh"]) == (0, False)
    assert (never["rows"], never["snapshot"], never["fresh"]) == (None, None, False)
    unpromised = found["openweather_best_days"]
    assert (unpromised["fresh_within_minutes"], unpromised["fresh"]) == (None, None)


def test_a_result_says_what_its_columns_mean_and_what_may_be_asked(
    served: Served, snapshot: str
) -> None:
    newer = served.publish("emt_lines", LINES, minutes=5)
    served.point("emt_lines", snapshot, rolled_back=True)
    served.s3.put_object(Bucket=BUCKET, Key="served/emt_lines/no-snapshot/a.parquet", Body=b"1")

    found = call("/v1/results/emt_lines").json

    columns = {column["name"]: column for column in found["columns"]}
    assert list(columns) == list(FIRST)
    assert columns["line"]["filters"] == ["eq", "in", "ne", "ge", "gt", "le", "lt"]
    assert columns["hours"] == {
        "name": "hours",
        "type": "long",
        "unit": None,
        "about": "Hours in which it was seen",
        "filters": [],
        "sortable": False,
    }
    assert columns["delay_rate"]["sortable"]
    assert columns["line"]["sortable"], "rows lie in its order anyway"
    assert (found["key"], found["page"], found["snapshot"]) == (["line"], 1000, snapshot)
    assert found["snapshots"] == [newer, snapshot]
    assert found["rolled_back"]
    assert set(found["sources"]) == set(served.catalog.results["emt_lines"].reads)


def test_a_description_says_what_there_is_of_a_result_and_what_is_not_there_yet(
    served: Served, snapshot: str
) -> None:
    files = served.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"served/emt_lines/{snapshot}/")
    sizes = [one["Size"] for one in files["Contents"] if one["Key"].endswith(".parquet")]

    lines, stops = call("/v1/results/emt_lines").json, call("/v1/results/emt_stops").json

    assert (lines["rolled_back"], lines["bytes"], len(sizes)) == (False, sum(sizes), 2)
    nothing = {name: stops[name] for name in ("rows", "bytes", "sources", "snapshots")}
    assert nothing == {"rows": None, "bytes": None, "sources": {}, "snapshots": []}
    assert stops["rolled_back"] is False
    assert stops["columns"][0]["name"] == "stop_id"


def test_filters_sort_and_fields_do_what_they_say(snapshot: str) -> None:
    answer = ask(
        "emt_lines",
        ("line", "1"),
        ("line", "10"),
        ("line", "C1"),
        ("delay_rate.ge", "-0.25"),
        sort="-delay_rate",
        fields="line,delay_rate",
        limit=2,
    )

    assert answer.rows == [
        {"line": "10", "delay_rate": 0.5},
        {"line": "1", "delay_rate": 0.1},
    ]
    assert answer.json["next"]


def test_a_walk_sees_one_snapshot_though_another_is_published_meanwhile(served: Served) -> None:
    old = [(f"{n:03}", n, n, n, n / 10, n, HOUR, HOUR) for n in range(30)]
    first = served.publish("emt_lines", old[:11], old[11:])
    pages = [ask("emt_lines", limit=7, sort="-delay_rate", fields="line")]
    second = served.publish("emt_lines", [("new", 1, 1, 1, 99.0, 1, HOUR, HOUR)], minutes=1)
    results_api.service().snapshots._pointers._entries.clear()  # as some seconds later
    assert ask("emt_lines").json["snapshot"] == second

    while cursor := pages[-1].json["next"]:
        pages.append(ask("emt_lines", limit=7, sort="-delay_rate", fields="line", cursor=cursor))

    assert {page.json["snapshot"] for page in pages} == {first}
    lines = [row["line"] for page in pages for row in page.rows]
    assert lines == [f"{n:03}" for n in reversed(range(30))]
    assert ask("emt_lines", snapshot=first, limit=1).json["snapshot"] == first


def test_a_rollback_is_seen_within_five_seconds(
    served: Served, snapshot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = served.publish("emt_lines", LINES[:1], minutes=5)
    clock = [100.0]
    monkeypatch.setattr(results_api.service().snapshots._pointers, "_clock", lambda: clock[0])
    assert ask("emt_lines").json["snapshot"] == newer

    served.point("emt_lines", snapshot, rolled_back=True)
    clock[0] += 4.9

    assert ask("emt_lines").json["snapshot"] == snapshot


def test_who_holds_the_answer_is_told_so_and_nothing_is_read(served: Served, snapshot: str) -> None:
    first = ask("emt_lines", limit=2)
    results_api.service.cache_clear()
    for item in served.s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        if item["Key"].endswith(".parquet"):
            served.s3.delete_object(Bucket=BUCKET, Key=item["Key"])  # a query would be seen

    path, etag = "/v1/results/emt_lines/rows", first.headers["etag"]
    for held in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = call(path, "limit=2", headers={"If-None-Match": held})
        assert (again.status, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    for query in ("limit=3", "limit=2&format=csv", "limit=2&line=1", "limit=2&fields=line"):
        other = call(path, query, headers={"If-None-Match": etag})
        assert other.status == 503, "another answer, and it cannot be made"


def test_csv_is_safe_for_a_spreadsheet_and_its_numbers_stay_numbers(snapshot: str) -> None:
    answer = call("/v1/results/emt_lines/rows", headers={"Accept": "text/csv"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("line,hours,rated_preds,")
    assert answer.text.count("\r\n") == 5
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["line"] for row in rows] == ["1", "10", "'=2+5", "C1"]
    assert rows[3]["delayed_preds"] == "-2"
    assert rows[3]["delay_rate"] == "-0.25"
    assert rows[2]["delay_rate"] == ""
    assert rows[0]["first_hour"] == "2025-08-30T08:00:00Z"


def test_a_text_that_a_spreadsheet_would_run_is_marked_as_text(served: Served) -> None:
    starts = ["=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20"]
    served.publish("emt_lines", [(f"{start}1", *LINES[0][1:]) for start in starts])

    answer = ask("emt_lines", format="csv", fields="line")

    rows = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert [row["line"] for row in rows] == [f"'{start}1" for start in starts]


def test_parquet_is_the_same_rows(snapshot: str, served: Served) -> None:
    answer = ask("emt_lines", format="parquet", sort="-delay_rate", fields="line,delay_rate")

    file = served.folder / "answer.parquet"
    file.write_bytes(answer.content)
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    found = [tuple(row.values()) for row in pq.read_table(file).to_pylist()]
    assert found == [("10", 0.5), ("1", 0.1), ("C1", -0.25), ("=2+5", None)]
    left = results_api.service().snapshots._folder.rglob("*")
    assert [file.name for file in left if file.is_file()] == ["rows.duckdb"]


def test_a_part_of_a_snapshot_in_one_file_is_that_part(served: Served) -> None:
    served.publish("emt_lines", LINES)

    for said, rows, columns in (({}, 4, 8), ({"limit": 1}, 1, 8), ({"fields": "line"}, 4, 1)):
        answer = ask("emt_lines", format="parquet", **said)
        table = pq.read_table(io.BytesIO(answer.content))
        assert (table.num_rows, table.num_columns) == (rows, columns)


def test_the_form_follows_accept_unless_it_is_named(snapshot: str) -> None:
    path = "/v1/results/emt_lines/rows"
    for accept, kind in (
        ("*/*", "application/json"),
        ("text/csv;q=0.9, application/json;q=0.5", "text/csv; charset=utf-8"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
    ):
        answer = call(path, headers={"Accept": accept})
        assert answer.headers["content-type"] == kind
        assert "Accept" in answer.headers["vary"]
    named = call(path, "format=csv", headers={"Accept": "application/json"})
    assert named.headers["content-type"] == "text/csv; charset=utf-8"
    named = call(path, "format=json", headers={"Accept": "text/csv"})
    assert named.headers["content-type"] == "application/json"
    refused = call(path, headers={"Accept": "application/xml"})
    assert refused.status == 406
    assert "text/csv" in refused.json["allowed"]


def test_a_long_answer_is_packed_for_who_takes_it(served: Served) -> None:
    rows = [(f"{n:04}", n, n, n, 0.5, n, HOUR, HOUR) for n in range(500)]
    served.publish("emt_lines", rows)

    short = call("/v1/results/emt_lines/rows", "limit=500", headers={"Accept-Encoding": "gzip"})
    plain = ask("emt_lines", limit=500)

    assert short.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(short.content) == plain.content


def test_the_lakes_state_is_what_was_written_with_its_age(served: Served) -> None:
    at = datetime.now(UTC) - timedelta(seconds=90)
    state = {
        "at": at.isoformat(),
        "sources": [{"source": "emt/arrivals"}],
        "tables": [{"table": "emt_gold.x"}] * 1000,
        "loads": [{"load_id": "1"}],
        "quality": [{"check": "unique"}],
    }
    assert call("/v1/tables").json == {"tables": [], "at": None}, "nobody looked yet"
    results_api.service.cache_clear()
    served.s3.put_object(Bucket=BUCKET, Key=names.STATE_KEY, Body=json.dumps(state))

    for name in ("tables", "loads", "quality"):
        answer = call(f"/v1/{name}")
        assert answer.json == {name: state[name], "at": state["at"]}
        assert 90 <= int(answer.headers["age"]) <= 95
    assert "content-encoding" not in call("/v1/status").headers
    packed = call("/v1/status", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    whole = call("/v1/status").json
    assert json.loads(gzip.decompress(packed.content)) == whole
    assert whole["sources"] == state["sources"]
    assert {one["name"] for one in whole["results"]} == set(served.catalog.results)


def test_without_a_key_only_the_page_its_description_and_health_answer(served: Served) -> None:
    lake = ("/v1/tables", "/v1/loads", "/v1/quality", "/v1/status", "/extract-trusted-info")
    results = ("/v1/results", "/v1/results/emt_lines", "/v1/results/emt_lines/rows")
    for path in (*results, *lake):
        without, wrong = call(path, key=None), call(path, key="lake_wrong")
        assert (without.status, wrong.status) == (401, 403), path
        assert without.headers["www-authenticate"] == 'ApiKey header="x-api-key"'
        assert without.json["status"] == 401
    for path in ("/v1/health", "/openapi.json", "/docs"):
        assert call(path, key=None).status == 200, path


def test_a_missing_and_a_wrong_key_take_the_same_way(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.functions.wire import wired

    with wired(monkeypatch) as wire:
        call("/v1/results", key=None)
        call("/v1/results", key="lake_wrong")

    asked = [request["Key"]["hash"]["S"] for request in wire.named("GetItem")]
    assert len(asked) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in asked)
    assert wire.named("GetObject") == []


def test_a_key_that_was_revoked_or_has_ended_opens_nothing_soon(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(results_api.service().keys._known, "_clock", lambda: clock[0])
    served.let_in("lake_soon_gone", "guest")
    ended = ApiKey("", "old", "", expires=int(datetime.now(UTC).timestamp()) - 1).item()
    from lake.api_keys import hash_of

    served.dynamodb.put_item(TableName=KEYS, Item=ended | {"hash": {"S": hash_of("lake_ended")}})
    assert call("/v1/results", key="lake_soon_gone").status == 200
    assert call("/v1/results", key="lake_ended").status == 403

    served.dynamodb.delete_item(TableName=KEYS, Key={"hash": {"S": hash_of("lake_soon_gone")}})
    clock[0] += 30

    assert call("/v1/results", key="lake_soon_gone").status == 403


def test_a_key_that_asks_too_often_waits_and_others_do_not(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(results_api.service().keys, "_clock", lambda: clock[0])
    served.let_in("lake_busy", "busy", rate=0.5, burst=3)

    found = [call("/v1/results", key="lake_busy").status for _ in range(4)]
    refused = call("/v1/results", key="lake_busy")

    assert found == [200, 200, 200, 429]
    assert refused.headers["retry-after"] == "2"
    assert call("/v1/results").status == 200
    clock[0] += 2
    assert call("/v1/results", key="lake_busy").status == 200


def test_head_is_get_without_a_body_and_other_methods_are_refused(snapshot: str) -> None:
    path = "/v1/results/emt_lines/rows"
    got, head = call(path), call(path, method="HEAD")

    assert (head.status, head.content) == (200, b"")
    assert head.headers == got.headers
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
        refused = call(path, method=method)
        assert refused.status == 405
        assert refused.headers["allow"] == "GET, HEAD, OPTIONS"
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json["type"] == "urn:albufera:problem:no-such-method"
        assert refused.json["allowed"] == ["GET", "HEAD", "OPTIONS"]
    asked = event(path, "format=parquet", "HEAD", {"x-api-key": KEY})
    bare = results_api.handler(asked, LambdaContext())
    assert (bare["body"], bare["isBase64Encoded"]) == ("", False)
    options = call(path, method="OPTIONS", key=None)
    assert (options.status, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    nowhere = call("/nowhere", method="POST")
    assert (nowhere.status, nowhere.json["type"]) == (404, "urn:albufera:problem:no-such-path")


def test_what_was_not_published_yet_is_said_so(served: Served) -> None:
    answer = ask("emt_lines")

    assert (answer.status, answer.json["type"]) == (404, "urn:albufera:problem:not-published")


def test_a_snapshot_that_is_not_kept_any_more_is_gone_for_a_cursor(
    served: Served, snapshot: str
) -> None:
    cursor = ask("emt_lines", limit=1).json["next"]
    served.publish("emt_lines", LINES, minutes=5)
    served.forget("emt_lines", snapshot)
    results_api.service.cache_clear()

    gone = ask("emt_lines", limit=1, cursor=cursor)
    named = ask("emt_lines", snapshot=snapshot)

    assert (gone.status, gone.json["parameter"]) == (410, "cursor")
    assert snapshot in gone.json["detail"]
    assert "without a cursor" in gone.json["detail"]
    assert named.status == 404
    assert len(named.json["allowed"]) == 1


def test_every_answer_tells_browsers_to_run_nothing_of_it(snapshot: str) -> None:
    for path in ("/v1/health", "/v1/results/emt_lines/rows", "/nowhere", "/docs"):
        headers = call(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]


def test_the_legacy_client_of_the_published_project_draws_its_charts(served: Served) -> None:
    """`api_requester.py` asked for the map and read each CSV; `main.py` drew from it."""
    assert call("/extract-trusted-info").json == {}
    results_api.service.cache_clear()
    served.publish("emt_lines", LINES)
    served.publish("emt_weather", [("rain", 5, 5, 2, 0.4, True), ("unknown", 1, 1, 0, 0.0, False)])

    answer = call("/extract-trusted-info")

    import pandas as pd

    frames = {name: pd.read_csv(io.StringIO(text)) for name, text in answer.json.items()}
    assert answer.headers["content-type"] == "application/json"
    assert list(frames) == ["emt_lines", "emt_weather"]
    assert frames["emt_lines"]["delay_rate"].tolist()[:2] == [0.1, 0.5]
    assert frames["emt_lines"]["hours"].sum() == 52
    assert frames["emt_weather"].set_index("weather_severity")["delay_rate"]["rain"] == 0.4


def test_the_description_names_its_address_and_every_filter(served: Served) -> None:
    answer = call("/openapi.json", key=None)
    packed = call("/openapi.json", key=None, headers={"Accept-Encoding": "gzip"})
    found = answer.json

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.content) == answer.content
    assert found["openapi"] == "3.1.0"
    assert found["servers"] == [{"url": "https://abc.execute-api.eu-south-2.amazonaws.com"}]
    rows = found["paths"]["/v1/results/emt_lines/rows"]["get"]
    assert {one["name"] for one in rows["parameters"]} == {
        *(
            f"{c}{o}"
            for c in ("line", "delay_rate", "rated_preds")
            for o in ("", ".ne", ".ge", ".gt", ".le", ".lt")
        ),
        *("sort", "fields", "limit", "cursor", "snapshot", "format"),
    }
    for result in served.catalog.results:
        assert f"/v1/results/{result}/rows" in found["paths"]


def test_many_pages_are_the_whole_result_by_the_links_alone(served: Served) -> None:
    rows = [(f"{n:04}", n, n, n, (n * 7 % 13) / 13, n, HOUR, HOUR) for n in range(250)]
    served.publish("emt_lines", rows[:100], rows[100:200], rows[200:])

    pages = walk("emt_lines", limit=99, sort="delay_rate")

    assert [len(page.rows) for page in pages] == [99, 99, 52]
    found = [(row["delay_rate"], row["line"]) for page in pages for row in page.rows]
    assert found == sorted((row[4], row[0]) for row in rows)


@pytest.mark.parametrize(
    "path", ["results", "results/emt_lines", "tables", "loads", "quality", "status"]
)
def test_a_parameter_that_nobody_would_read_is_refused(snapshot: str, path: str) -> None:
    """Who filters a list that takes no filter would take it for what was asked."""
    refused = call(f"/v1/{path}", "line=27")

    assert call(f"/v1/{path}").status == 200
    assert (refused.status, refused.json["parameter"]) == (400, "line")
    assert refused.json["type"] == "urn:albufera:problem:unknown-parameter"
    assert refused.json["allowed"] == []


@pytest.mark.parametrize(
    ("asked_by", "address"),
    [
        ("results.example", "https://results.example"),
        ("abc.execute-api.example", "https://abc.execute-api.eu-south-2.amazonaws.com"),
        ("abd.execute-api.example", "https://abd.execute-api.example"),
        ("", "https://abc.execute-api.eu-south-2.amazonaws.com"),
    ],
)
def test_the_description_names_the_address_by_which_it_was_asked(
    served: Served, asked_by: str, address: str
) -> None:
    asked = event("/openapi.json")
    asked["requestContext"]["domainName"] = asked_by

    answer = results_api.handler(asked, LambdaContext())

    assert json.loads(answer["body"])["servers"] == [{"url": address}]


def test_the_services_that_an_answer_needs_are_given_up_before_the_gateway_gives_up(
    served: Served,
) -> None:
    service = results_api.service()

    for client in (service.snapshots._bucket._s3, service.keys._dynamodb):
        config = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (2, 5)
        assert config.retries == {"mode": "standard", "total_max_attempts": 2}


def test_each_answer_is_noted_with_who_asked_and_no_key_stays_for_the_next(
    snapshot: str, logged: io.StringIO
) -> None:
    call("/v1/results/emt_lines/rows", "limit=0", method="HEAD")
    call("/v1/health", key=None)

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    rows, health = (line for line in lines if line["message"] == "answered")
    assert (rows["method"], rows["path"], rows["status"]) == (
        *("HEAD", "/v1/results/emt_lines/rows"),
        400,
    )
    assert (rows["key"], rows["correlation_id"]) == ("tests", "id")
    assert (health["path"], health["status"]) == ("/v1/health", 200)
    assert "key" not in health
