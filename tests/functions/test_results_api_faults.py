"""What clients send that they should not, results that are too large, services that are away.

Faults 32 to 35 of the matrix: each test was seen failing without what defends it.
"""

from __future__ import annotations

import io
import json
import random
import shutil
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
import requests
from botocore.exceptions import EndpointConnectionError

from functions.results_api import forms
from functions.results_api import handler as results_api
from lake import served as names
from tests.factories import LambdaContext
from tests.functions.asking_results import ask, call, event
from tests.functions.served_results import BUCKET, KEY, Served, parquet
from tests.functions.wire import refused, wired

HOUR = datetime(2025, 8, 30, 8)
LAMBDA_TAKES = 6 * 1024 * 1024  # bytes of one answer, as it is handed over


def line(name: str, number: int = 1) -> tuple[Any, ...]:
    return (name, number, number, number, 0.5, None, HOUR, HOUR)


def weight(path: str, query: str) -> int:
    """What Lambda hands over for a request, in bytes."""
    answer = results_api.handler(event(path, query, headers={"x-api-key": KEY}), LambdaContext())
    assert answer["statusCode"] == 200
    return len(json.dumps(answer))


# --- 32: SQL and odd characters in parameters ----------------------------------------------------


STATEMENTS = (
    "' OR '1'='1",
    "1'; DROP TABLE rows; --",
    "x' UNION SELECT * FROM read_csv('/etc/passwd') --",
    '"; SELECT 1; --',
    "$1",
    "?",
    "\x00",
    "%",
    "\u202e27",
    "\uff07 OR 1=1",
    "\\",
)
UNDECLARED = (
    ("line%27%20OR%201%3D1=1", "line' OR 1=1"),
    ("1%3D1;--=1", "1=1;--"),
    ("l%C4%B1ne=1", "l\u0131ne"),  # a dotless i
    ("rowid=1", "rowid"),
    ("hours=1", "hours"),
    ("line.like=%25", "line.like"),
    ("sort=delay_rate;DROP%20TABLE%20rows", "sort"),
    ("sort=random()", "sort"),
    ("sort=(SELECT%201)", "sort"),
    ("fields=*", "fields"),
    ("fields=line,getenv('HOME')", "fields"),
    ("limit=1;--", "limit"),
    ("limit=1e9", "limit"),
    ("limit=100000000", "limit"),
    ("format=xlsx", "format"),
    ("snapshot=../../raw", "snapshot"),
    ("cursor='", "cursor"),
)


def test_sql_in_a_value_is_a_value(served: Served) -> None:
    served.publish("emt_lines", [line("27"), *map(line, STATEMENTS)])

    for text in STATEMENTS:
        assert [row["line"] for row in ask("emt_lines", line=text).rows] == [text]
        assert ask("emt_lines", line=f"{text} ").rows == []
    assert ask("emt_lines").json["count"] == len(STATEMENTS) + 1


def test_a_name_that_was_not_declared_is_refused_and_no_row_is_read(served: Served) -> None:
    served.publish("emt_lines", [line("27")])
    for item in served.s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        if item["Key"].endswith(".parquet"):
            served.s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    assert ask("emt_lines").status == 503, "whoever reads rows would be seen"

    for query, parameter in UNDECLARED:
        answer = call("/v1/results/emt_lines/rows", query)
        assert answer.status == 400, query
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["parameter"] == parameter


def test_more_parameters_than_anybody_needs_are_refused(served: Served) -> None:
    served.publish("emt_lines", [line("27")])

    answer = call("/v1/results/emt_lines/rows", "&".join(["line=27"] * 101))

    assert (answer.status, answer.json["type"]) == (400, "urn:albufera:problem:too-many-parameters")


# --- 33: paths that lead elsewhere ---------------------------------------------------------------


PATHS = (
    "/v1/results/..",
    "/v1/results/../../raw",
    "/v1/results/%2e%2e/rows",
    "/v1/results/..%2f..%2fraw/rows",
    "/v1/results/%252e%252e/rows",
    "/v1/results/emt_lines%00/rows",
    "/v1/results/emt_lines%00.json",
    "/v1/results/..\\..\\raw/rows",
    "/v1/results/_lake/rows",
    "/v1/results/emt_lines /rows",
    "/v1/results/EMT_LINES/rows",
    "/v1/results/emt_lines/rows/..",
    "//v1/results",
    "/assets/../handler.py",
    "/assets/%2e%2e/handler.py",
    "/assets/..%2f..%2fhandler.py",
    "/assets/%2e%2e%5chandler.py",
    "/assets//etc/passwd",
    "/assets/.hidden.js",
    "/docs/..%2fhandler.py",
    "/docs/../handler.py",
    "/docs/handler.py",
)


def test_a_path_that_leads_elsewhere_leads_nowhere(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])

    with wired(monkeypatch) as wire:
        for path in PATHS:
            answer = call(path)
            assert answer.status == 404, path
            assert answer.headers["content-type"] == "application/problem+json"

    assert wire.named("GetObject") == []


# --- 34: more than fits into an answer -----------------------------------------------------------


def test_a_page_that_is_too_large_has_fewer_rows_and_goes_on(served: Served) -> None:
    # Quotes and control characters weigh up to six times what they are.
    rows = [line(f'{n:04}"\\"\x01' + '"\x01' * 1500) for n in range(1000)]
    served.publish("emt_lines", rows)

    query, found, counts = "limit=1000&fields=line", [], []
    while query:
        assert weight("/v1/results/emt_lines/rows", query) < LAMBDA_TAKES
        page = call("/v1/results/emt_lines/rows", query)
        found += [row["line"] for row in page.rows]
        counts.append(len(page.rows))
        query = f"limit=1000&fields=line&cursor={page.json['next']}" if page.json["next"] else ""

    assert found == [row[0] for row in rows]
    assert len(counts) > 2
    assert max(counts) < 1000


@pytest.mark.parametrize(
    ("length", "count", "pages"),
    [(80_000, 100, [61, 39]), (3_800_000, 2, [1, 1])],
)
def test_a_page_that_is_half_too_large_again_is_cut_as_well(
    served: Served, length: int, count: int, pages: list[int]
) -> None:
    """Eight megabytes where 5.5 fit: nine tenths of what fits are 61.8 of a hundred rows."""
    served.publish("emt_lines", [line(f"{n:03}{'x' * length}") for n in range(count)])

    query, found = "limit=1000&fields=line", []
    while query:
        assert weight("/v1/results/emt_lines/rows", query) < LAMBDA_TAKES
        page = call("/v1/results/emt_lines/rows", query)
        found.append([row["line"][:3] for row in page.rows])
        query = f"limit=1000&fields=line&cursor={page.json['next']}" if page.json["next"] else ""

    assert [len(page) for page in found] == pages
    assert [name for page in found for name in page] == [f"{n:03}" for n in range(count)]


def test_csv_and_parquet_that_are_too_large_go_on_by_their_link(served: Served) -> None:
    noise = random.Random(1)  # noqa: S311 - noise
    rows = [line(f"{n:04}{noise.randbytes(3000).hex()}") for n in range(1000)]
    served.publish("emt_lines", rows)

    for form in ("csv", "parquet"):
        query = f"limit=1000&fields=line&format={form}"
        answer = call("/v1/results/emt_lines/rows", query)
        assert weight("/v1/results/emt_lines/rows", query) < LAMBDA_TAKES
        assert 'rel="next"' in answer.headers["link"]
        assert answer.status == 200


def test_a_whole_result_that_is_too_large_lies_at_another_address_for_a_while(
    served: Served,
) -> None:
    noise = random.Random(2)  # noqa: S311 - noise
    served.publish("emt_lines", [line(f"{n:04}{noise.randbytes(4000).hex()}") for n in range(1000)])

    answer = ask("emt_lines", format="parquet")

    assert (answer.status, answer.content) == (303, b"")
    address = urlsplit(answer.headers["location"])
    assert address.netloc == "lake-served.s3.eu-south-2.amazonaws.com"
    assert address.path.startswith("/served/emt_lines/")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in address.query
    assert "X-Amz-Expires=300" in address.query
    file = served.folder / "found.parquet"
    file.write_bytes(requests.get(answer.headers["location"], timeout=10).content)
    assert pq.read_table(file).num_rows == 1000
    assert file.stat().st_size > forms.MOST_BINARY


@pytest.mark.parametrize("region", ["eu-south-2", "eu-west-1"])
def test_an_address_is_signed_in_every_region_as_objects_under_a_key_of_kms_need_it(
    served: Served, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    """In the older regions boto3 would sign it in the old way, which S3 refuses for these."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)

    address = urlsplit(results_api.service().snapshots.address("served/a", 300))

    assert address.netloc == f"lake-served.s3.{region}.amazonaws.com"
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in address.query
    assert "X-Amz-Expires=300" in address.query


def test_one_row_that_is_larger_than_an_answer_is_refused_with_what_to_do(served: Served) -> None:
    large = "\x01" * 1_200_000
    served.publish("emt_lines", [line(large), line(f"{large}2", 2)])

    alone, first_of_two = ask("emt_lines", limit=1), ask("emt_lines")

    for answer in (alone, first_of_two):
        assert (answer.status, answer.json["parameter"]) == (400, "fields")
        assert answer.json["type"] == "urn:albufera:problem:row-too-large"
    assert ask("emt_lines", fields="hours").rows == [{"hours": 1}, {"hours": 2}]


def test_the_legacy_map_names_what_does_not_fit(served: Served) -> None:
    served.publish("emt_lines", [line(f"{n:05}" + "x" * 900) for n in range(7000)])
    served.publish("emt_weather", [("rain", 5, 5, 2, 0.4, True)])

    assert weight("/extract-trusted-info", "") < LAMBDA_TAKES
    answer = call("/extract-trusted-info")

    assert list(answer.json) == ["emt_weather"]
    assert answer.headers["x-left-out"] == "emt_lines"
    # Relative: it holds behind any gateway.
    assert answer.headers["link"] == (
        '<v1/results/emt_lines/rows?format=csv>; rel="item"; title="emt_lines"'
    )


def test_a_disk_that_is_full_lets_the_longest_unused_snapshot_go(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])
    served.publish("emt_weather", [("rain", 5, 5, 2, 0.4, True)])
    snapshots = results_api.service().snapshots
    monkeypatch.setattr(snapshots, "_most_bytes", 1)

    for _ in range(2):
        assert ask("emt_lines").json["count"] == 1
        assert ask("emt_weather").json["count"] == 1

    assert len(snapshots._databases) == 1
    folders = [path for path in snapshots._folder.iterdir() if path.is_dir()]
    assert len(folders) == 1
    left = [path.name for path in snapshots._folder.rglob("*") if path.is_file()]
    assert left == ["rows.duckdb"], "what was fetched is not kept beside what was made of it"


def test_of_the_snapshots_that_have_room_the_longest_unused_goes_first(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {
        "emt_lines": line("27"),
        "emt_weather": ("rain", 5, 5, 2, 0.4, True),
        "emt_stops": ("70", "Cibeles", 40.4, -3.7, 3, 5, 2, 0.4),
    }
    for name, row in rows.items():
        served.publish(name, [row])
    snapshots = results_api.service().snapshots
    monkeypatch.setattr(snapshots, "_taken", lambda: len(snapshots._databases))
    monkeypatch.setattr(snapshots, "_most_bytes", 2)

    for name in ("emt_lines", "emt_weather", "emt_lines", "emt_stops"):
        assert ask(name).json["count"] == 1

    assert [name for name, _ in snapshots._databases] == ["emt_lines", "emt_stops"]


# --- 35: services that are away ------------------------------------------------------------------


def unreachable() -> Exception:
    """What botocore raises where nobody is."""
    error: Exception = EndpointConnectionError(endpoint_url="https://aws")
    return error


def away(*operations: str) -> Any:
    """Lets nobody reach these operations."""

    def fail(operation: str, _request: dict[str, Any]) -> Exception | None:
        return unreachable() if operation in operations else None

    return fail


@pytest.fixture
def hours_pass(served: Served, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of all that is remembered; the first second is now."""
    clock = [1000.0]
    service = results_api.service()
    for remembered in (
        service.keys._known,
        service.snapshots._pointers,
        service.snapshots._states,
        service.snapshots._lists,
    ):
        monkeypatch.setattr(remembered, "_clock", lambda: clock[0])
    return clock


def test_while_s3_is_away_the_last_answer_is_given_with_its_age(
    served: Served, hours_pass: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])
    assert ask("emt_lines").status == 200

    with wired(monkeypatch) as wire:
        wire.fail = away("GetObject", "ListObjectsV2")
        hours_pass[0] += 120
        answer, described = ask("emt_lines"), call("/v1/results/emt_lines")

    assert answer.status == 200
    assert [row["line"] for row in answer.rows] == ["27"]
    assert answer.headers["age"] == "120"
    assert answer.headers["warning"].startswith("110 ")
    assert described.status == 503, "its list of snapshots was never read"
    hours_pass[0] += 3
    fresh = ask("emt_lines")
    assert "warning" not in fresh.headers


def test_while_s3_is_away_the_list_and_a_description_say_how_old_they_are(
    served: Served, hours_pass: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])
    served.publish("emt_weather", [("rain", 5, 5, 2, 0.4, True)])
    call("/v1/results")
    call("/v1/results/emt_lines")
    hours_pass[0] += 100
    call("/v1/results/emt_lines")  # looks at this one once more

    with wired(monkeypatch) as wire:
        wire.fail = away("GetObject", "ListObjectsV2")
        hours_pass[0] += 60
        listed, described = call("/v1/results"), call("/v1/results/emt_lines")

    assert (listed.status, described.status) == (200, 200)
    assert listed.headers["age"] == "160", "as old as the oldest look at one"
    assert described.headers["age"] == "60"
    for answer in (listed, described):
        assert answer.headers["warning"] == '110 results-api "Response is Stale"'


def test_a_bucket_that_refuses_is_away_and_not_empty(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])

    with wired(monkeypatch) as wire:
        wire.fail = lambda operation, _: (
            refused(operation, "AccessDenied", 403) if operation == "GetObject" else None
        )
        answer = ask("emt_lines")

    assert (answer.status, answer.json["type"]) == (503, "urn:albufera:problem:unavailable")
    assert answer.headers["retry-after"] == "5"


def test_a_disk_without_room_is_503_and_keeps_nothing_of_the_snapshot(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])

    def full(_source: object, target: Any, _size: int) -> None:
        target.write(b"PAR1")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        assert ask("emt_lines").status == 503

    assert list(results_api.service().snapshots._folder.iterdir()) == []
    assert ask("emt_lines").status == 200


def test_what_was_let_go_of_and_cannot_be_fetched_is_asked_for_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last good snapshot is the same one: to try it again would cost as much patience again."""
    snapshot = served.publish("emt_lines", [line("27")])
    served.publish("emt_weather", [("rain", 5, 5, 2, 0.4, True)])
    monkeypatch.setattr(results_api.service().snapshots, "_most_bytes", 1)
    ask("emt_lines")
    ask("emt_weather")
    tried: list[str] = []

    def fail(_operation: str, request: dict[str, Any]) -> Exception | None:
        if not request.get("Key", "").endswith(".parquet"):
            return None
        tried.append(request["Key"])
        return unreachable()

    with wired(monkeypatch) as wire:
        wire.fail = fail
        answer = ask("emt_lines")
        assert len(tried) == 1
        named = ask("emt_lines", snapshot=snapshot)

    assert answer.status == 503
    assert named.status == 503, "it is not gone"


def file_of(name: str, snapshot: str) -> dict[str, str]:
    """Where the only file of a snapshot lies."""
    return {
        "Bucket": BUCKET,
        "Key": f"{names.snapshot_folder(name, snapshot)}part-00000.parquet",
    }


def test_a_whole_file_that_is_gone_is_gone_for_who_named_its_snapshot(served: Served) -> None:
    snapshot = served.publish("emt_lines", [line("27")])
    assert ask("emt_lines", format="parquet").status == 200
    served.s3.delete_object(**file_of("emt_lines", snapshot))

    named = ask("emt_lines", format="parquet", snapshot=snapshot)
    newest = ask("emt_lines", format="parquet")

    assert (named.status, named.json["type"]) == (410, "urn:albufera:problem:snapshot-gone")
    assert (newest.status, newest.headers["retry-after"]) == (503, "5")


def test_a_whole_file_that_cannot_be_read_leaves_the_older_rows_up(
    served: Served, hours_pass: list[float]
) -> None:
    old = served.publish("emt_lines", [line("27")])
    assert ask("emt_lines").json["snapshot"] == old
    newer = served.publish("emt_lines", [line("C1")], minutes=5)
    served.s3.delete_object(**file_of("emt_lines", newer))
    hours_pass[0] += 10

    answer = ask("emt_lines", format="parquet")

    assert answer.status == 200
    assert answer.headers["etag"].startswith(f'"{old}.')
    assert answer.headers["warning"] == '110 results-api "Response is Stale"'
    assert pq.read_table(io.BytesIO(answer.content)).column("line").to_pylist() == ["27"]


def test_a_pointer_that_is_none_leaves_the_snapshot_up_that_it_named_before(
    served: Served, hours_pass: list[float]
) -> None:
    snapshot = served.publish("emt_lines", [line("27")])
    assert ask("emt_lines").status == 200
    pointer = {"Bucket": BUCKET, "Key": names.pointer_key("emt_lines")}
    for body in (b"{cut off", b"[]", b'{"result": "emt_lines", "snapshot": "../raw"}'):
        served.s3.put_object(**pointer, Body=body)
        hours_pass[0] += 10
        answer = ask("emt_lines")
        assert (answer.status, answer.json["snapshot"]) == (200, snapshot), body
        assert answer.headers["warning"].startswith("110 ")

    results_api.service.cache_clear()
    assert ask("emt_lines").status == 503


def test_rows_that_are_not_as_many_as_were_said_are_not_shown(served: Served) -> None:
    result = served.catalog.results["emt_lines"]
    content = parquet(result, [line("27"), line("C1")])
    september = datetime(2026, 9, 1, tzinfo=UTC)

    served.publish_files("emt_lines", [(3, content)], at=september)

    assert ask("emt_lines").status == 503


def test_with_nothing_to_show_an_absent_s3_is_503_with_a_time_to_come_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])

    with wired(monkeypatch) as wire:
        wire.fail = away("GetObject", "ListObjectsV2")
        paths = ("/v1/results/emt_lines/rows", "/v1/results", "/v1/status", "/v1/loads")
        answers = {path: call(path) for path in paths}
        legacy = call("/extract-trusted-info")
        health = call("/v1/health", key=None)

    for path, answer in answers.items():
        assert answer.status == 503, path
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
        assert "lake-served" not in answer.text
    assert (legacy.status, list(legacy.json)) == (500, ["error"])
    assert legacy.headers["content-type"] == "application/json"
    assert health.status == 200


def test_a_new_snapshot_that_cannot_be_read_leaves_the_old_one_up(
    served: Served, hours_pass: list[float]
) -> None:
    old = served.publish("emt_lines", [line("27")])
    assert ask("emt_lines").json["snapshot"] == old

    september = datetime(2026, 9, 1, tzinfo=UTC)
    served.publish_files("emt_lines", [(1, b"no parquet")], at=september)
    hours_pass[0] += 10
    broken = ask("emt_lines")
    served.point("emt_lines", "20260902T000000Z-00000000")
    hours_pass[0] += 10
    missing = ask("emt_lines")

    for answer in (broken, missing):
        assert (answer.status, answer.json["snapshot"]) == (200, old)
        assert answer.headers["warning"].startswith("110 ")
        assert answer.headers["age"] == "0"
    results_api.service.cache_clear()
    assert ask("emt_lines").status == 503


def test_while_dynamodb_is_away_known_keys_open_and_unknown_ones_wait(
    served: Served, hours_pass: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])
    assert ask("emt_lines").status == 200

    with wired(monkeypatch) as wire:
        wire.fail = lambda operation, _: (
            refused(operation, "InternalServerError") if operation == "GetItem" else None
        )
        hours_pass[0] += 60
        known, unknown = ask("emt_lines"), call("/v1/results", key="lake_other")
        hours_pass[0] += 300
        later = ask("emt_lines")

    assert known.status == 200
    assert unknown.status == 503
    assert unknown.headers["retry-after"]
    assert later.status == 503, "five minutes without a look are too many"


def test_an_absent_service_is_not_asked_at_every_request(
    served: Served, hours_pass: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish("emt_lines", [line("27")])
    ask("emt_lines")
    tries: list[str] = []

    def fail(operation: str, request: dict[str, Any]) -> Exception | None:
        tries.append(operation)
        return unreachable()

    with wired(monkeypatch) as wire:
        wire.fail = fail
        hours_pass[0] += 60
        statuses = {ask("emt_lines").status for _ in range(20)}

    assert statuses == {200}
    assert sorted(tries) == ["GetItem", "GetObject"]


def test_an_error_of_our_own_tells_nothing_of_itself(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret words")

    with wired(monkeypatch) as wire:
        wire.before = broken
        answer = ask("emt_lines")

    assert answer.status == 500
    assert answer.json["type"] == "urn:albufera:problem:error"
    assert "secret words" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_is_never_written_to_the_log(
    served: Served, logged: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    served.publish("emt_lines", [line("27")])
    ask("emt_lines")
    call("/v1/results", key="lake_secret_but_wrong")

    out = capsys.readouterr()
    said = out.out + out.err + logged.getvalue()
    assert said.count('"answered"') == 2
    assert KEY not in said
    assert "lake_secret_but_wrong" not in said
