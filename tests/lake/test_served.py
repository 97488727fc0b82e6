"""Results as they lie in the served bucket: names, pointer, manifest, and who moves what when."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lake import served
from lake.catalog import Column, Result
from lake.objects import FolderObjects, Objects, S3Objects
from lake.served import Manifest, Pointer, ServedError, ServedFile
from lake.shelf import Shelf

LINES = Result(
    id="emt_lines",
    domain="emt",
    name="lines",
    about="Lines.",
    job="emt_gold",
    query="SELECT line, n FROM {emt_gold.t}",
    reads=("emt_gold.t",),
    columns=(
        Column("line", "string", "Label"),
        Column("n", "long", "Buses", unit="bus"),
    ),
    key=("line",),
    filters=("line",),
    sorts=("n",),
    fresh_within_minutes=None,
    keep_days=7,
    page=1000,
)
SOURCES = {"emt_gold.t": 8_123_456_789_012_345_678}
NOW = datetime(2026, 8, 30, 10, 15, tzinfo=UTC)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="served")
        yield S3Objects(client, "served")


@pytest.fixture(params=["bucket", "folder"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "folder":
        return FolderObjects(tmp_path)
    found: Objects = request.getfixturevalue("bucket")
    return found


@pytest.fixture
def shelf(objects: Objects) -> Shelf:
    return Shelf(objects, "emt_lines")


def put(objects: Objects, at: datetime, *, whole: bool = True, show: bool = False) -> str:
    """A snapshot of one file of three bytes, made at a moment."""
    name = served.snapshot_name(at, SOURCES, "d")
    key = f"{served.snapshot_folder('emt_lines', name)}00000-1.parquet"
    assert objects.swap(key, b"abc", None)
    shelf = Shelf(objects, "emt_lines")
    if whole:
        file = ServedFile(key, rows=1, bytes=3)
        shelf.keep(Manifest.of(LINES, name, "run", [file], SOURCES))
    if show:
        assert shelf.show(name, shelf.look())
    return name


def put_days(objects: Objects, *days: int) -> list[str]:
    """Snapshots of these days of August, the last one shown."""
    return [put(objects, NOW.replace(day=day), show=day == days[-1]) for day in days]


# --- names -------------------------------------------------------------------------------------


def test_the_keys_are_those_that_everybody_reads() -> None:
    name = "20260830T101500Z-1a2b3c4d"

    assert served.STATE_KEY == "served/_lake/state.json"
    assert served.pointer_key("emt_lines") == "served/emt_lines/current.json"
    assert served.manifest_key("emt_lines", name) == f"served/emt_lines/{name}/manifest.json"
    assert served.snapshot_of(f"served/emt_lines/{name}/x.parquet") == name
    assert served.snapshot_of("served/emt_lines/current.json") is None
    assert served.snapshot_of("served/emt_lines/elsewhere/x.parquet") is None


def test_a_snapshot_is_named_by_its_moment_and_by_what_it_was_made_from() -> None:
    name = served.snapshot_name(NOW.astimezone(), SOURCES, "d")

    assert name.startswith("20260830T101500Z-")
    assert served.is_snapshot(name)
    assert served.published_at(name) == "2026-08-30T10:15:00Z"
    others = [
        served.snapshot_name(NOW, {"emt_gold.t": 1}, "d"),
        served.snapshot_name(NOW, SOURCES, "e"),
        served.snapshot_name(NOW + timedelta(seconds=1), SOURCES, "d"),
    ]
    assert len({name, *others}) == 4
    assert served.snapshot_name(NOW, dict(SOURCES), "d") == name


@pytest.mark.parametrize(
    "key",
    [
        "served/emt_lines/20260830T101500Z-1a2b3c4d",
        "served/emt_lines/x/20260830T101500Z-1a2b3c4d/a",
        "served/_lake/state.json",
    ],
)
def test_what_lies_elsewhere_is_of_no_snapshot(key: str) -> None:
    assert served.snapshot_of(key) is None


@pytest.mark.parametrize(
    "text", ["", "current", "../raw", "20260830T101500Z-1A2B3C4D", "20260830T101500Z-1a2b3c4d/.."]
)
def test_what_is_not_written_as_a_snapshot_is_none(text: str) -> None:
    assert not served.is_snapshot(text)


def test_the_age_of_a_moment_is_in_whole_minutes() -> None:
    assert served.age_minutes("2026-08-30T10:13:01Z", NOW) == 1
    assert served.age_minutes("2026-08-30T10:15:30Z", NOW) == 0  # a clock that is ahead


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"query": "SELECT line, 1 AS n FROM {emt_gold.t}"}, True),
        ({"key": ("line", "n")}, True),
        ({"columns": (LINES.columns[0], replace(LINES.columns[1], about="Coaches"))}, True),
        ({"filters": ()}, False),
        ({"page": 5}, False),
        ({"keep_days": 1}, False),
    ],
)
def test_a_result_is_another_one_when_its_rows_or_their_meaning_are(
    change: dict[str, Any], differs: bool
) -> None:
    changed = served.definition(replace(LINES, **change))

    assert (changed != served.definition(LINES)) is differs


def test_pointer_and_manifest_come_back_as_they_were_and_later_words_do_no_harm() -> None:
    name = "20260830T101500Z-1a2b3c4d"
    pointer = Pointer("emt_lines", name, "2026-08-30T10:15:00Z", rolled_back=True)
    file = ServedFile(f"served/emt_lines/{name}/part-00000.parquet", rows=2, bytes=900)
    manifest = Manifest.of(LINES, name, "r1", [file], SOURCES)

    assert Pointer.parse(pointer.dumps()) == pointer
    assert Manifest.parse(manifest.dumps()) == manifest
    assert Pointer.parse(json.dumps({**json.loads(pointer.dumps()), "later": 1})) == pointer
    said = json.loads(manifest.dumps())
    assert (said["rows"], said["bytes"], said["sources"]) == (2, 900, SOURCES)
    assert said["columns"][1] == {"name": "n", "type": "long", "unit": "bus", "about": "Buses"}
    assert len(said["definition"]) == 16


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "no JSON"),
        (b"[]", "no JSON object"),
        (b'{"result": "emt_lines"}', "without snapshot, published_at, rolled_back"),
        (
            b'{"result": "r", "snapshot": "../x", "published_at": "", "rolled_back": false}',
            "'../x', which is no snapshot",
        ),
    ],
)
def test_a_pointer_that_is_none_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ServedError, match=said):
        Pointer.parse(content)


@pytest.mark.parametrize("lacking", ["result", "files", "key", "sources", "definition"])
def test_a_manifest_without_one_of_its_words_is_refused(lacking: str) -> None:
    said = json.loads(Manifest.of(LINES, "20260830T101500Z-1a2b3c4d", "r", [], SOURCES).dumps())
    del said[lacking]

    with pytest.raises(ServedError, match=f"a manifest without {lacking}$"):
        Manifest.parse(json.dumps(said))


def test_a_manifest_names_no_file_outside_its_folder() -> None:
    name = "20260830T101500Z-1a2b3c4d"
    own = ServedFile(f"{served.snapshot_folder('emt_lines', name)}0.parquet", rows=1, bytes=1)
    stray = ServedFile("raw/emt/secret.parquet", rows=1, bytes=1)
    manifest = Manifest.of(LINES, name, "r1", [own, stray], SOURCES)

    with pytest.raises(ServedError, match="files that lie elsewhere"):
        Manifest.parse(manifest.dumps())


# --- objects -----------------------------------------------------------------------------------


def test_a_list_has_what_lies_below_its_prefix_and_nothing_else(objects: Objects) -> None:
    for key in ("served/a/1", "served/a/b/2", "served/other", "state/lake.json"):
        assert objects.swap(key, b"abc", None)

    assert sorted(objects.list("served/a/")) == [("served/a/1", 3), ("served/a/b/2", 3)]


def test_a_snapshot_that_is_not_there_has_no_manifest(shelf: Shelf) -> None:
    with pytest.raises(ServedError, match="emt_lines has no snapshot 20260830T101500Z-00000000"):
        shelf.manifest("20260830T101500Z-00000000")


def test_whoever_shows_a_snapshot_rolls_nothing_back_unless_that_is_said(
    objects: Objects, shelf: Shelf
) -> None:
    name = put(objects, NOW)

    assert shelf.show(name, shelf.look())

    pointer = shelf.look().pointer
    assert pointer == Pointer("emt_lines", name, served.published_at(name), rolled_back=False)


def test_of_two_who_saw_the_same_object_one_writes(objects: Objects) -> None:
    assert objects.get("a/b") is None
    assert objects.swap("a/b", b"1", None)
    assert not objects.swap("a/b", b"2", None)
    found = objects.get("a/b")
    assert found is not None

    assert objects.swap("a/b", b"3", found[1])
    assert not objects.swap("a/b", b"4", found[1])
    assert not objects.swap("a/gone", b"5", found[1])

    assert (objects.get("a/b") or (b"",))[0] == b"3"
    assert list(objects.list("a/")) == [("a/b", 1)]


def test_a_write_whose_answer_was_lost_is_seen_to_be_done(bucket: Objects) -> None:
    assert bucket.swap("a", b"1", None)

    assert bucket.swap("a", b"1", None)


class Refusing:
    """A bucket of one object that answers each write with an error."""

    class exceptions:  # noqa: N801 - as boto3 calls it
        ClientError = ClientError
        NoSuchKey = KeyError

    def __init__(self, code: str, content: bytes) -> None:
        self._code, self._content = code, content

    def put_object(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": self._code}}, "PutObject")

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._content), "ETag": "t"}


@pytest.mark.parametrize(
    "code",
    ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404"],
)
def test_a_write_that_was_too_late_is_none_unless_what_lies_there_is_its_own(code: str) -> None:
    for tag in (None, "seen"):
        assert not S3Objects(Refusing(code, b"another's"), "served").swap("a", b"1", tag)
        assert S3Objects(Refusing(code, b"1"), "served").swap("a", b"1", tag)


def test_a_write_that_is_denied_is_an_error_and_not_another_ones_win() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        S3Objects(Refusing("AccessDenied", b"1"), "served").swap("a", b"1", None)


def test_an_object_that_s3_did_not_delete_is_said() -> None:
    class Client:
        def delete_objects(self, **_: Any) -> dict[str, Any]:
            return {"Errors": [{"Key": "a", "Message": "Access Denied"}, {"Key": "b"}]}

    with pytest.raises(OSError, match="a was not deleted: Access Denied"):
        S3Objects(Client(), "served").delete(["a", "b"])


def test_what_is_written_is_json_to_whoever_opens_it(bucket: Objects) -> None:
    assert bucket.swap("a", b"{}", None)

    head = boto3.client("s3", region_name="us-east-1").head_object(Bucket="served", Key="a")
    assert head["ContentType"] == "application/json"


def test_more_objects_than_one_call_takes_are_deleted(
    objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.objects._MOST_DELETED", 2)
    keys = [f"many/{number}" for number in range(5)]
    for key in keys:
        objects.swap(key, b"", None)

    objects.delete([*keys, "many/never"])

    assert list(objects.list("many/")) == []


def test_no_call_deletes_more_than_s3_takes_of_one() -> None:
    """A thousand, says S3; moto takes any number."""
    calls: list[int] = []

    class Client:
        def delete_objects(self, **call: Any) -> dict[str, Any]:
            calls.append(len(call["Delete"]["Objects"]))
            return {}

    S3Objects(Client(), "served").delete(f"many/{number}" for number in range(2500))

    assert calls == [1000, 1000, 500]


# --- shelf -------------------------------------------------------------------------------------


def test_an_empty_shelf_shows_nothing_and_has_nothing_to_go_back_to(shelf: Shelf) -> None:
    seen = shelf.look()

    assert (seen.pointer, seen.current, seen.whole, seen.unfinished) == (None, None, (), ())
    with pytest.raises(ServedError, match="nothing has been published of emt_lines yet"):
        shelf.roll_back()


def test_a_snapshot_without_its_manifest_is_none_and_is_cleared_away(
    objects: Objects, shelf: Shelf
) -> None:
    whole = put(objects, NOW, show=True)
    dead = put(objects, NOW + timedelta(days=1), whole=False)

    seen = shelf.look()
    shelf.clear(seen)

    assert seen.whole == (whole,)
    assert seen.unfinished == (f"served/emt_lines/{dead}/00000-1.parquet",)
    left = {key for key, _ in objects.list("served/emt_lines/")}
    assert left == {
        "served/emt_lines/current.json",
        f"served/emt_lines/{whole}/00000-1.parquet",
        f"served/emt_lines/{whole}/manifest.json",
    }


def test_nothing_writes_a_manifest_twice(objects: Objects, shelf: Shelf) -> None:
    name = put(objects, NOW)
    other = Manifest.of(LINES, name, "another run", [], SOURCES)

    with pytest.raises(ServedError, match="somebody else publishes emt_lines"):
        shelf.keep(other)

    assert shelf.manifest(name).run == "run"


def test_of_a_rollback_and_a_publication_in_the_same_moment_the_second_learns_of_the_first(
    objects: Objects, shelf: Shelf
) -> None:
    older, shown = put_days(objects, 28, 29)
    fresh = put(objects, NOW)
    publisher = shelf.look()

    shelf.roll_back(older)

    assert not shelf.show(fresh, publisher)
    assert shelf.look().current == older
    person = shelf.look()
    assert shelf.show(fresh, person)
    assert not shelf.show(shown, person, rolled_back=True)
    assert shelf.look().current == fresh


def test_a_rollback_goes_one_back_and_says_from_where(objects: Objects, shelf: Shelf) -> None:
    first, second, third = put_days(objects, 27, 28, 29)

    before, after = shelf.roll_back()
    again = shelf.roll_back()[1]

    assert before is not None
    assert (before.snapshot, before.rolled_back) == (third, False)
    assert (after.snapshot, after.rolled_back) == (second, True)
    assert after.published_at == "2026-08-28T10:15:00Z"
    assert (again.snapshot, again.rolled_back) == (first, True)
    with pytest.raises(ServedError, match=f"no snapshot before {first}"):
        shelf.roll_back()
    assert shelf.roll_back(third)[1] == Pointer(
        "emt_lines", third, "2026-08-29T10:15:00Z", rolled_back=False
    )


def test_a_rollback_to_what_is_shown_changes_nothing(objects: Objects, shelf: Shelf) -> None:
    (shown,) = put_days(objects, 29)
    tag = shelf.look().tag

    shelf.roll_back(shown)

    assert shelf.look().tag == tag


def test_a_rollback_to_a_snapshot_that_is_not_there_names_those_that_are(
    objects: Objects, shelf: Shelf
) -> None:
    first, second = put_days(objects, 28, 29)
    dead = put(objects, NOW, whole=False)

    with pytest.raises(ServedError) as refused:
        shelf.roll_back(first[:-1] + "x")

    near = f"did you mean '{first}'?"
    assert near in str(refused.value)
    assert f"there are {second}, {first}" in str(refused.value)
    for text in (dead, "../../raw", ""):
        with pytest.raises(ServedError, match="has no snapshot"):
            shelf.roll_back(text)
    assert shelf.look().current == second


def test_a_pointer_that_cannot_be_read_is_mended_by_whoever_shows_a_snapshot(
    objects: Objects, shelf: Shelf
) -> None:
    first, second = put_days(objects, 28, 29)
    objects.swap(served.pointer_key("emt_lines"), b"{half", shelf.look().tag)

    assert (shelf.look().pointer, shelf.look().current) == (None, None)
    with pytest.raises(ServedError, match=f"name one of {second}, {first}"):
        shelf.roll_back()
    before, after = shelf.roll_back(first)

    assert (before, after.snapshot, shelf.look().current) == (None, first, first)


def test_what_is_older_than_its_time_goes_but_never_what_is_shown_nor_the_one_before_it(
    objects: Objects, shelf: Shelf
) -> None:
    oldest, old, before, shown = put_days(objects, 1, 2, 3, 4)

    assert shelf.expire(7, NOW) == [oldest, old]

    assert shelf.look().whole == (before, shown)
    gone = [key for key, _ in objects.list("served/emt_lines/") if oldest in key or old in key]
    assert gone == []
    assert shelf.expire(7, NOW) == []


def test_after_a_rollback_the_newest_is_spared_too(objects: Objects, shelf: Shelf) -> None:
    first, second, third, fourth, fifth = put_days(objects, 1, 2, 3, 4, 5)
    shelf.roll_back(third)

    assert shelf.expire(7, NOW) == [first, fourth]

    assert shelf.look().whole == (second, third, fifth)


def test_nothing_expires_while_it_is_not_known_what_people_see(
    objects: Objects, shelf: Shelf
) -> None:
    put_days(objects, 1, 2, 3)
    objects.delete([served.pointer_key("emt_lines")])

    assert shelf.expire(1, NOW) == []
    assert len(shelf.look().whole) == 3
