"""Keys of the results API, as `lake api-key` makes, lists, revokes and rotates them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from lake.api_keys import ApiKey, hash_of, new_key
from lake_cli import api_keys
from lake_cli.app import app
from lake_cli.deployment import Deployment
from lake_cli.exits import Stop

TABLE, REGION = "lake-api-keys", "eu-south-2"


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """A lake with an empty table of keys."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        boto3.client("dynamodb", region_name=REGION).create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "hash", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "hash", "AttributeType": "S"}],
        )
        yield Deployment("dev", {"region": REGION, "api_keys_table": TABLE})


def items(deployed: Deployment) -> list[dict[str, Any]]:
    """What lies in the table."""
    found: list[dict[str, Any]] = deployed.client("dynamodb").scan(TableName=TABLE)["Items"]
    return found


def test_a_key_is_long_random_and_safe_in_an_address() -> None:
    made = {new_key() for _ in range(100)}

    assert len(made) == 100
    assert all(re.fullmatch(r"lake_[A-Za-z0-9_-]{32}", key) for key in made)


def test_of_a_key_only_the_hash_is_kept(deployed: Deployment) -> None:
    text = api_keys.make(deployed, "dashboards", rate=20, burst=40, days=None)

    (item,) = items(deployed)
    assert text not in json.dumps(item)
    assert item["hash"]["S"] == hash_of(text)
    assert ApiKey.from_item(item).rate == 20
    assert ApiKey.from_item(item).burst == 40
    assert "expires" not in item


def test_a_name_is_given_once(deployed: Deployment) -> None:
    api_keys.make(deployed, "dashboards", 20, 40, None)

    with pytest.raises(Stop, match="already"):
        api_keys.make(deployed, "dashboards", 20, 40, None)

    assert len(items(deployed)) == 1


def test_the_list_shows_names_and_no_key(deployed: Deployment) -> None:
    text = api_keys.make(deployed, "b", 20, 40, days=2)
    api_keys.make(deployed, "a", 0.5, 1, None)

    rows = [api_keys.row(key) for key in api_keys.listed(deployed)]

    assert [row["name"] for row in rows] == ["a", "b"]
    assert [row["rate"] for row in rows] == [0.5, 20]
    assert rows[0]["expires"] is None
    assert rows[1]["expires"] > rows[1]["created_at"]
    assert text not in json.dumps(rows)
    assert rows[1]["hash"] == hash_of(text)[:12]


def test_a_revoked_key_is_gone_and_an_unknown_name_gets_a_hint(deployed: Deployment) -> None:
    api_keys.make(deployed, "dashboards", 20, 40, None)

    with pytest.raises(Stop, match="did you mean 'dashboards'"):
        api_keys.called(deployed, "dashbords")
    api_keys.end(deployed, api_keys.called(deployed, "dashboards"))

    assert items(deployed) == []


def test_a_rotated_key_keeps_its_limits_and_the_old_one_may_open_for_a_while(
    deployed: Deployment,
) -> None:
    old = api_keys.make(deployed, "dashboards", 7, 9, None)

    new = api_keys.rotate(deployed, "dashboards", minutes=30)

    kept = {key.hash: key for key in api_keys.called(deployed, "dashboards")}
    assert set(kept) == {hash_of(old), hash_of(new)}
    assert (kept[hash_of(new)].rate, kept[hash_of(new)].burst) == (7, 9)
    assert kept[hash_of(new)].expires is None
    ends = kept[hash_of(old)].expires
    assert ends is not None
    assert 0 < ends - time.time() <= 1800
    last = api_keys.rotate(deployed, "dashboards", minutes=0)
    assert [key.hash for key in api_keys.called(deployed, "dashboards")] == [hash_of(last)]


def test_a_key_whose_time_is_over_is_not_listed_though_it_lies_there_yet(
    deployed: Deployment,
) -> None:
    ended = ApiKey("0" * 64, "old", "2026-01-01", expires=int(time.time()) - 5)
    deployed.client("dynamodb").put_item(TableName=TABLE, Item=ended.item())

    assert api_keys.listed(deployed) == []


def test_the_address_and_the_laptops_key_are_one_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deployment.json"
    url = "http://127.0.0.1:4566/_aws/execute-api/0a1b2c3d/"
    file.write_text(json.dumps({"results_url": url, "region": REGION}))
    (tmp_path / "api-key").write_text("lake_x\n")
    monkeypatch.setenv("LAKE_DEPLOYMENT", str(file))
    monkeypatch.delenv("LAKE_API_KEY", raising=False)
    runner = CliRunner()

    laptop = runner.invoke(app, ["api", "--json"])
    other = runner.invoke(app, ["api", "--json", "--env", "dev"])
    people = runner.invoke(app, ["api"])

    assert json.loads(laptop.stdout) == {"url": url, "key": "lake_x"}
    assert json.loads(other.stdout) == {"url": url, "key": None}
    assert f"{url}#key=lake_x" in people.stdout
    assert f"{url}docs" in people.stdout
