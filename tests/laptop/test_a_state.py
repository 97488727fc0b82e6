"""The lake's own state: written soon after something happened, and what the command says too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lake.served import STATE_KEY
from tests.laptop.journey import Lake, eventually


def state(lake: Lake) -> dict[str, Any]:
    """What the page reads."""
    bucket = lake.deployment.bucket("served")
    found: dict[str, Any] = json.loads(
        lake.client("s3").get_object(Bucket=bucket, Key=STATE_KEY)["Body"].read()
    )
    return found


def test_a_refused_file_shows_within_a_minute_with_what_to_do(lake: Lake, tmp_path: Path) -> None:
    bad = tmp_path / "no workbook of mine.xlsx"
    bad.write_text("nobody would call this a workbook")
    (refused,) = lake.upload("emt/stops", bad, code=1)

    def shown() -> Any:
        found = state(lake)
        return (
            found if refused["sha256"] in {one["sha256"] for one in found["quarantine"]} else None
        )

    seen = eventually(shown, seconds=60)

    told = {row["source"]: row for row in lake.ask("status") if row["kind"] == "source"}
    assert seen["errors"] == []
    for row in seen["sources"]:
        counts = row["counts"]
        assert counts["read"] == sum(counts.values()) - counts["read"], row
        names = ("status", "waiting", "loading", "failed", "quarantined", "last_load")
        assert {name: row[name] for name in names} == {
            name: told[row["source"]][name] for name in names
        }
    commands = [row["command"] for row in seen["advice"]]
    assert "lake quarantine --source emt/stops" in commands
