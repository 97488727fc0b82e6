"""Where the results API's bounds lie: pure, and each one met from both sides."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.results_api import cursors, forms, keys
from functions.results_api.answers import matches, stale
from functions.results_api.cursors import Cursor, NoCursor
from functions.results_api.descriptions import brief
from functions.results_api.forms import packed, takes_gzip, wanted, weight
from functions.results_api.keys import KEPT_SECONDS, KEPT_WHILE_AWAY_SECONDS, Bucket, Keys
from functions.results_api.problems import Problem, away, unknown, wrong
from functions.results_api.questions import Asked, question
from functions.results_api.remembered import Away, Remembered, Seen
from functions.results_api.snapshots import (
    LIST_SECONDS,
    POINTER_SECONDS,
    STATE_SECONDS,
    Snapshots,
)
from functions.results_api.values import parse
from functions.results_api.views import View
from lake.api_keys import ApiKey
from lake.catalog import Catalog, Column
from lake.served import Manifest

LINES = View.of(Catalog.bundled().results["emt_lines"])
SNAPSHOT = "20260830T101500Z-1a2b3c4d"


def asked(*pairs: tuple[str, str]) -> Asked:
    return Asked.of(urlencode(pairs))


def refusal(said: str) -> str:
    with pytest.raises(Problem) as refused:
        question(LINES, Asked.of(said))
    return refused.value.kind


# What is asked


def test_a_page_has_from_one_row_to_as_many_as_are_declared() -> None:
    assert LINES.page == 1000
    assert question(LINES, asked()).limit == 100
    for limit in (1, 1000):
        assert question(LINES, asked(("limit", str(limit)))).limit == limit
    for outside in ("0", "1001", "-1", "01", "1.0", "", " 1"):
        assert refusal(urlencode({"limit": outside})) == "wrong-limit"


def test_a_filter_takes_fifty_values_and_a_question_a_hundred_parameters() -> None:
    fifty = [("line", str(n)) for n in range(50)]
    more = [("line.ne", str(n)) for n in range(50)]

    found = question(LINES, asked(*fifty, *more))

    assert [len(condition.values) for condition in found.conditions] == [50, 50]
    assert refusal(urlencode([*fifty, ("line", "50")])) == "too-many-values"
    with pytest.raises(Problem, match="at most 100 parameters"):
        asked(*fifty, *more, ("limit", "1"))


@pytest.mark.parametrize(
    ("kind", "good", "wrong"),
    [
        ("string", ["", "x" * 500], ["x" * 501]),
        ("int", ["-2147483648", "2147483647", "-0"], ["-2147483649", "2147483648", "+1", "1 "]),
        (
            "long",
            ["-9223372036854775808", "9223372036854775807"],
            ["-9223372036854775809", "9223372036854775808", "1" * 20],
        ),
        ("double", ["0", "-1.5e3", "1E308"], ["1e309", "NaN", "inf", ".5", "1.", "0x1", "1_0"]),
        ("boolean", ["true", "false"], ["True", "1", "", "yes"]),
        ("date", ["2024-02-29"], ["2025-02-29", "2025-2-9", "20250209", "2025-02-09T00:00"]),
        ("timestamp", ["2025-08-30", "2025-08-30T10:15:00+02:00"], ["2025-08-30T25:00", "now"]),
    ],
)
def test_a_value_is_of_its_columns_type_to_the_last_one(
    kind: str, good: list[str], wrong: list[str]
) -> None:
    for text in good:
        parse(kind, text)
    for text in wrong:
        with pytest.raises(ValueError, match=r".*"):
            parse(kind, text)


def test_a_value_means_what_it_says() -> None:
    assert (parse("boolean", "true"), parse("boolean", "false")) == (True, False)
    assert (parse("int", "-7"), parse("double", "-1.5e3"), parse("string", " a ")) == (
        *(-7, -1500.0),
        " a ",
    )
    assert parse("date", "2024-02-29") == date(2024, 2, 29)
    for text in ("2025-08-30T08:15:00Z", "2025-08-30T10:15:00+02:00", "2025-08-30 08:15"):
        assert parse("timestamp", text) == datetime(2025, 8, 30, 8, 15)
    assert parse("timestamp", "2025-08-30") == datetime(2025, 8, 30)
    assert parse("timestamp", "2025-08-30t10:15:00 02:00") == datetime(2025, 8, 30, 8, 15)
    assert parse("timestamp", "2025-08-30T06:15-02:00") == datetime(2025, 8, 30, 8, 15)
    exact = datetime(2025, 8, 30, 8, 15, 0, 123_456)
    assert parse("timestamp", "2025-08-30T08:15:00.1234567z") == exact


def test_the_keys_own_order_is_no_order_to_sort_by() -> None:
    """Rows lie in it already: one page less to compute, and one cursor for both ways of asking."""
    hours = View.of(Catalog.bundled().results["emt_delays_by_hour"])
    assert hours.key == ("event_hour", "line")

    orders = {
        said: question(hours, asked(("sort", said))).order
        for said in (
            *("event_hour", "event_hour,line"),
            *("line", "line,event_hour", "-event_hour", "event_hour,-line"),
            "event_hour,line,delay_rate",
        )
    }

    assert orders == {
        "event_hour": (),
        "event_hour,line": (),
        "line": (("line", False),),
        "line,event_hour": (("line", False), ("event_hour", False)),
        "-event_hour": (("event_hour", True),),
        "event_hour,-line": (("event_hour", False), ("line", True)),
        "event_hour,line,delay_rate": (
            *(("event_hour", False), ("line", False)),
            ("delay_rate", False),
        ),
    }


def test_a_word_that_was_sent_is_repeated_up_to_eighty_characters() -> None:
    assert wrong("kind", "detail", "x" * 80).parameter == "x" * 80
    assert wrong("kind", "detail", "x" * 81).parameter == f"{'x' * 80}..."
    long = unknown("kind", "result", "x" * 81, ["b", "a"])
    assert (long.status, long.parameter, long.allowed) == (404, None, ["a", "b"])
    assert str(long).startswith(f"no result is called '{'x' * 80}...'")
    assert unknown("kind", "format", "y", ["a"], "format").status == 400


def test_a_problem_says_what_there_is_to_say_and_no_more() -> None:
    assert json.loads(away("nobody is there").body()) == {
        "type": "urn:albufera:problem:unavailable",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "nobody is there",
    }
    assert away("nobody is there").headers == {"Retry-After": "5"}
    assert json.loads(wrong("kind", "detail", "limit", []).body()) == {
        "type": "urn:albufera:problem:kind",
        "title": "Bad Request",
        "status": 400,
        "detail": "detail",
        "parameter": "limit",
        "allowed": [],
    }


def test_a_result_is_fresh_to_the_minute_that_was_promised() -> None:
    result = Catalog.bundled().results["emt_lines"]
    assert result.fresh_within_minutes == 2880
    manifest = Manifest.of(result, SNAPSHOT, "run", [], {})
    two_days_on = datetime(2026, 9, 1, 10, 15, 59, tzinfo=UTC)

    at_the_end = brief(result, manifest, two_days_on)
    too_late = brief(result, manifest, two_days_on + timedelta(seconds=1))

    assert (at_the_end["age_minutes"], at_the_end["fresh"]) == (2880, True)
    assert (too_late["age_minutes"], too_late["fresh"]) == (2881, False)


# Cursors


def test_a_cursor_that_is_given_back_is_the_one_that_was_given() -> None:
    # A text of a row may be longer than one that people may ask for.
    given = Cursor(SNAPSHOT, "abc", ("ñ" * 501, None, 0.5), 2**62 - 1)

    assert cursors.loads(given.dumps(), ["string", "string", "double"]) == given
    assert cursors.SPELLING.fullmatch(given.dumps())
    with pytest.raises(NoCursor):
        cursors.loads(Cursor(SNAPSHOT, "abc", (), 2**62).dumps(), [])
    with pytest.raises(NoCursor):
        cursors.loads(Cursor(SNAPSHOT, "abc", (), -1).dumps(), [])
    with pytest.raises(NoCursor):
        cursors.loads(urlsafe_b64encode(b"[" * 3000).decode(), [])
    with pytest.raises(NoCursor):
        cursors.loads(Cursor("latest", "abc", (), 1).dumps(), [])


def test_a_cursor_is_no_longer_than_an_address_may_be() -> None:
    assert cursors.SPELLING.fullmatch("a" * 4000)
    assert not cursors.SPELLING.fullmatch("a" * 4001)
    assert refusal(f"cursor={'a' * 4001}") == "no-cursor"


# Forms


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        (" ", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV", "csv"),
        ("text/*", "csv"),
        ("application/*;q=0.5, text/csv;q=0.4", "json"),
        ("*/*, text/csv", "csv"),
        ("text/csv;q=0, */*", "json"),
        ("text/csv;q=many, application/json;q=0.1", "json"),
        ("application/json;q=0.9, application/vnd.apache.parquet", "parquet"),
        ("text/csv;q=0.5, application/json;q=0.5", "csv"),
    ],
)
def test_the_form_that_is_liked_best_is_given(accept: str | None, form: str) -> None:
    assert wanted(accept) == form


@pytest.mark.parametrize("accept", ["text/html", "text/csv;q=0", "application/json;q=0.0"])
def test_a_form_that_nobody_has_is_refused(accept: str) -> None:
    with pytest.raises(Problem) as refused:
        wanted(accept)

    assert (refused.value.status, refused.value.parameter) == (406, "Accept")
    assert refused.value.allowed == [
        "application/json",
        "text/csv",
        "application/vnd.apache.parquet",
    ]


def test_rows_are_written_without_what_only_the_cursor_needs() -> None:
    assert forms.csv_text(("a", "b"), [("ñ", True, 7), (None, ["x", "=1"], 8)]) == (
        'a,b\r\nñ,true\r\n,"[""x"",""=1""]"\r\n'
    )
    rows = forms.json_rows(("a",), [("ñ", 7)])
    assert forms.json_text(rows) == '[{"a":"ñ"}]', "as short as it gets"


@pytest.mark.parametrize(
    ("said", "takes"),
    [
        (None, False),
        ("", False),
        ("br", False),
        ("gzip", True),
        ("br, GZIP;q=0.1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("x-gzip", False),
    ],
)
def test_gzip_is_sent_to_who_says_so(said: str | None, takes: bool) -> None:
    assert takes_gzip(said) is takes


def test_an_answer_is_packed_from_sixteen_kilobytes_on() -> None:
    assert forms.WORTH_PACKING == 16_384
    assert packed(b"x" * 16_383, "gzip") is None
    assert packed(b"x" * 16_384, "gzip") is not None
    assert packed(b"x" * 16_384, None) is None
    assert packed(b"x" * 16_384, "gzip") == packed(b"x" * 16_384, "gzip"), "no clock in it"


def test_a_text_weighs_what_lambda_makes_of_it() -> None:
    most = forms.MOST_BYTES // 6

    assert weight('"' * most) == most, "whatever is in it, it fits"
    assert weight('"' * (most + 1)) == 2 * (most + 1) + 2
    assert weight("\x01" * (most + 1)) == 6 * (most + 1) + 2


def test_an_etag_matches_in_every_way_in_which_it_may_be_held() -> None:
    for held in ('"a"', 'W/"a"', '"b", "a"', ' "a" ', "*"):
        assert matches('"a"', held)
    for other in (None, "", '"b"', "a", '"a', 'W/"b"'):
        assert not matches('"a"', other)


def test_an_answer_says_how_old_it_is_where_it_is_old() -> None:
    assert stale(None) == {}
    assert stale(0.9) == {"Age": "0", "Warning": '110 results-api "Response is Stale"'}
    assert stale(61.9)["Age"] == "61"


# What is remembered, and for how long


class Source:
    """Somebody who is read, or away."""

    def __init__(self) -> None:
        self.now, self.reads, self.away = 0.0, 0, False

    def read(self) -> int:
        self.reads += 1
        if self.away:
            raise Away("nobody there")
        return self.reads


def test_a_value_is_read_anew_when_its_seconds_are_over() -> None:
    source = Source()
    known: Remembered[int] = Remembered(10, stale_for=300, clock=lambda: source.now)

    assert known.get("a", source.read) == Seen(1)
    source.now = 9.999
    assert known.get("a", source.read) == Seen(1)
    source.now = 10.0
    assert known.get("a", source.read) == Seen(2)


def test_what_cannot_be_read_any_more_stays_for_its_time_and_is_not_asked_for_each_time() -> None:
    source = Source()
    known: Remembered[int] = Remembered(10, stale_for=300, clock=lambda: source.now)
    known.get("a", source.read)
    source.away = True

    source.now = 10.0
    assert known.get("a", source.read) == Seen(1, None)
    source.now = 10.1
    assert known.get("a", source.read) == Seen(1, 10.1)
    assert source.reads == 2, "asked once in ten seconds"
    source.now = 300.0
    assert known.get("a", source.read) == Seen(1, 300.0)
    source.now = 310.1
    with pytest.raises(Away):
        known.get("a", source.read)
    with pytest.raises(Away):
        known.get("b", source.read)


def test_of_many_values_the_longest_unused_goes() -> None:
    source = Source()
    known: Remembered[int] = Remembered(10, most=2, clock=lambda: source.now)
    for name in ("a", "b", "a", "c"):
        known.get(name, source.read)

    assert known.get("a", source.read).value == 1
    assert known.get("b", source.read).value == 4, "it had gone"


def test_the_seconds_are_those_that_the_documents_promise() -> None:
    assert (POINTER_SECONDS, LIST_SECONDS, STATE_SECONDS) == (2.0, 10.0, 5.0)
    assert (KEPT_SECONDS, KEPT_WHILE_AWAY_SECONDS) == (10.0, 300.0)


def test_a_bucket_gives_what_it_holds_and_fills_up_to_its_brim() -> None:
    key = ApiKey.of("lake_k", "k", 2.0, 3)
    bucket = Bucket(key.burst, 0.0)

    assert [bucket.take(key, 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(key, 0.0) == 0.5
    assert bucket.take(key, 0.25) == 0.25
    assert bucket.take(key, 0.5) == 0.0
    assert [bucket.take(key, 1_000.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    none = ApiKey.of("lake_n", "n", 0.0, 1)
    empty = Bucket(1, 0.0)
    assert [empty.take(none, 0.0), empty.take(none, 9.0)] == [0.0, 3600.0]


class Table:
    """A table of keys that has each of some names, each for so many requests at once."""

    def __init__(self, *names: str, burst: int) -> None:
        self.items = {
            key.hash: key.item() for key in (ApiKey.of(name, name, 0.001, burst) for name in names)
        }

    def get_item(self, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Item": self.items[Key["hash"]["S"]]}


def test_of_more_keys_than_are_kept_the_longest_unused_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 2)
    admitting = Keys(Table("a", "b", "c", burst=2), "keys", clock=lambda: 0.0)

    def statuses(names: str) -> list[int]:
        found = []
        for name in names:
            try:
                admitting.admit(name)
                found.append(200)
            except Problem as refused:
                found.append(int(refused.status))
        return found

    assert statuses("aba") == [200, 200, 200]
    assert statuses("c") == [200], "b goes for it"
    assert statuses("a") == [429], "it had asked since"
    assert statuses("bbb") == [200, 200, 429], "it has all its requests again"


class Manifests:
    """A bucket that has every manifest and counts who looks."""

    def __init__(self) -> None:
        self.read_keys: list[str] = []

    def read(self, key: str) -> bytes:
        self.read_keys.append(key)
        result = Catalog.bundled().results["emt_lines"]
        return Manifest.of(result, key.split("/")[2], "run", [], {}).dumps()


def test_two_hundred_manifests_are_remembered(tmp_path: Path) -> None:
    bucket = Manifests()
    snapshots = Snapshots(bucket, tmp_path, 1)  # type: ignore[arg-type]
    every = [f"20260830T101500Z-{number:08x}" for number in range(201)]
    for snapshot in every:
        assert snapshots.manifest("emt_lines", snapshot).snapshot == snapshot
    assert len(bucket.read_keys) == 201

    for snapshot in every[1:]:
        snapshots.manifest("emt_lines", snapshot)
    assert len(bucket.read_keys) == 201
    snapshots.manifest("emt_lines", every[0])
    assert len(bucket.read_keys) == 202, "the first had gone"


# What a snapshot lets people ask


def test_of_a_snapshot_that_is_older_than_the_declaration_its_own_columns_count() -> None:
    result = Catalog.bundled().results["emt_lines"]
    manifest = Manifest(
        *("emt_lines", SNAPSHOT, "2026-08-30T10:15:00Z", "run", "job", 0, 0, (), {}, "definition"),
        (
            {"name": "line", "type": "string", "about": None},
            {"name": "pace", "type": "double", "unit": "km/h", "about": "How fast"},
        ),
        ("line", "pace"),
    )

    view = View.of(result, manifest)

    assert dict(view.columns) == {
        "line": Column("line", "string", ""),
        "pace": Column("pace", "double", "How fast", unit="km/h"),
    }
    assert (view.key, view.filters, view.sorts) == (("line", "pace"), ("line",), ("line", "pace"))
    assert view.operators("pace") == ()


def test_what_may_be_asked_of_a_value_depends_on_its_type() -> None:
    kinds = {"word": "string", "wet": "boolean", "words": "array<string>"}
    columns = {name: Column(name, kind, "") for name, kind in kinds.items()}
    view = View("made", columns, ("word",), tuple(columns), ("word",), 10)

    assert view.operators("word") == ("eq", "in", "ne", "ge", "gt", "le", "lt")
    assert view.operators("wet") == ("eq", "in", "ne")
    assert view.operators("words") == ()
