"""`lake publish`: which snapshots there are, another one shown, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from lake import served
from lake.catalog import Catalog
from lake.objects import S3Objects
from lake.served import Manifest, ServedFile
from lake.shelf import Shelf
from lake_cli.app import app
from lake_cli.exits import Exit, Stop

RESULT = Catalog.bundled().results["emt_lines"]
DAYS = (28, 29, 30)
Ask = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-1")
        place = {"LocationConstraint": "eu-west-1"}
        for bucket in ("jobs", "served"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        compiled = (files("lake") / "catalog.json").read_bytes()
        client.put_object(Bucket="jobs", Key="catalog/catalog.json", Body=compiled)
        yield client


@pytest.fixture
def shelf(s3: Any) -> Shelf:
    return Shelf(S3Objects(s3, "served"), RESULT.id)


@pytest.fixture
def snapshots(s3: Any, shelf: Shelf) -> list[str]:
    """Three of them, as many rows as the day has; the last one is shown."""
    made = []
    for day in DAYS:
        sources = {"emt_gold.delay_weather_hourly": day}
        name = served.snapshot_name(datetime(2026, 8, day, 10, tzinfo=UTC), sources, "d")
        key = f"{served.snapshot_folder(RESULT.id, name)}a.parquet"
        s3.put_object(Bucket="served", Key=key, Body=b"PAR1")
        file = ServedFile(key, rows=day, bytes=4)
        shelf.keep(Manifest.of(RESULT, name, f"run-{day}", [file], sources))
        shelf.show(name, shelf.look())
        made.append(name)
    return made


@pytest.fixture
def ask(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command's exit code, its JSON and its complaint."""
    path = tmp_path / "dev.json"
    buckets = {"jobs": "jobs", "served": "served"}
    path.write_text(json.dumps({"region": "eu-west-1", "buckets": buckets}))
    monkeypatch.setenv("LAKE_DEPLOYMENT", str(path))
    monkeypatch.setenv("LAKE_ENV", "dev")

    def asked(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        done = CliRunner().invoke(app, ["publish", *words, "--json"])
        if isinstance(done.exception, Stop):
            said = f"{done.exception.message} {done.exception.hint}"
            return int(done.exception.code), [], said
        assert done.exception is None, done.exception
        return done.exit_code, json.loads(done.stdout), ""

    return asked


def test_the_list_names_every_snapshot_and_says_which_one_people_see(
    ask: Ask, snapshots: list[str], shelf: Shelf
) -> None:
    code, rows, _ = ask("--list", "emt_lines")

    assert code == Exit.OK
    assert [(row["snapshot"], row["rows"], row["status"]) for row in rows] == [
        (snapshots[2], 30, "shown"),
        (snapshots[1], 29, None),
        (snapshots[0], 28, None),
    ]
    assert (rows[0]["published_at"], rows[0]["bytes"]) == ("2026-08-30T10:00:00Z", 4)
    shelf.roll_back()
    assert [row["status"] for row in ask("--list", "emt_lines")[1]] == [None, "rolled back", None]


def test_a_rollback_shows_the_snapshot_before_at_once_and_changes_nothing_else(
    ask: Ask, snapshots: list[str], shelf: Shelf
) -> None:
    before = shelf.look().sizes

    code, rows, _ = ask("emt_lines", "--rollback")

    assert code == Exit.OK
    assert rows == [
        {
            "result": "emt_lines",
            "snapshot": snapshots[1],
            "published_at": "2026-08-29T10:00:00Z",
            "rolled_back": True,
            "before": snapshots[2],
        }
    ]
    assert (shelf.look().current, shelf.look().sizes) == (snapshots[1], before)


def test_any_snapshot_can_be_shown_by_its_name_the_newest_too(
    ask: Ask, snapshots: list[str], shelf: Shelf
) -> None:
    assert ask("emt_lines", "--rollback", "--to", snapshots[0])[1][0]["rolled_back"] is True
    assert shelf.look().current == snapshots[0]

    assert ask("emt_lines", "--rollback", "--to", snapshots[2])[1][0]["rolled_back"] is False
    assert shelf.look().current == snapshots[2]


REFUSALS = [
    (("emt_linse", "--rollback"), Exit.FAILED, "did you mean 'emt_lines'?"),
    (("emt_linse", "--list"), Exit.FAILED, "no result is called 'emt_linse'"),
    (
        ("emt_lines", "--rollback", "--to", "20260828T100000Z-3f3584ff"),
        Exit.FAILED,
        "(did you mean '20260828T100000Z-3f3584fe'?)",
    ),
    (("emt_lines", "--rollback", "--to", "../../raw"), Exit.FAILED, "there are 20260830T"),
    (("emt_stops", "--rollback"), Exit.FAILED, "nothing has been published of emt_stops yet"),
    (("emt_lines",), Exit.USAGE, "`lake run`"),
    (("emt_lines", "--list", "--rollback"), Exit.USAGE, "say --list, or --rollback"),
    (("emt_lines", "--list", "--to", "x"), Exit.USAGE, "say --list, or --rollback"),
]


def test_what_cannot_be_done_is_refused_and_nothing_moves(
    ask: Ask, snapshots: list[str], shelf: Shelf
) -> None:
    for words, code, said in REFUSALS:
        answer = ask(*words)

        assert answer[0] == code
        assert said in answer[2]
    assert shelf.look().current == snapshots[2]


def test_the_first_snapshot_has_none_before_it(
    ask: Ask, snapshots: list[str], shelf: Shelf
) -> None:
    shelf.roll_back(snapshots[0])

    code, _, said = ask("emt_lines", "--rollback")

    assert (code, said.strip()) == (
        Exit.FAILED,
        f"emt_lines has no snapshot before {snapshots[0]}",
    )


def test_nothing_published_is_an_empty_list(ask: Ask) -> None:
    assert ask("emt_lines", "--list")[:2] == (Exit.OK, [])
