"""What a job is asked to do: which manifests it takes, in which order, under which name."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from jobs import batch
from lake.errors import LakeError


def entry(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "uri": f"s3://bronze/{number}.xlsx",
        "source": "emt/stops",
        "sha256": f"{number:064}",
        "load_id": f"load-{number}",
        "received_at": f"2025-08-30T0{number}:00:00Z",
        "file_name": f"{number}.xlsx",
        **changes,
    }


def manifest(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"token": "t", "job": "tabular", "files": entries}).encode()


def test_a_batch_is_read_oldest_first_and_a_load_that_stands_twice_is_one() -> None:
    read = batch.from_manifest(manifest(entry(3), entry(1), entry(2), entry(1)))

    assert read.token == "t"
    assert [file.load_id for file in read.files] == ["load-1", "load-2", "load-3"]
    assert read.files[0] == batch.File(
        uri="s3://bronze/1.xlsx",
        source="emt/stops",
        sha256=f"{1:064}",
        load_id="load-1",
        received_at=datetime(2025, 8, 30, 1),
        file_name="1.xlsx",
    )


def test_a_batch_of_nothing_or_of_two_sources_is_refused() -> None:
    with pytest.raises(LakeError, match="the batch names no file"):
        batch.from_manifest(manifest())
    with pytest.raises(LakeError, match="a batch is of one source"):
        batch.from_manifest(manifest(entry(1), entry(2, source="emt/lines")))


def test_a_batch_without_a_manifest_has_a_name_that_follows_its_loads_alone() -> None:
    one, two = batch.from_manifest(manifest(entry(1), entry(2))).files

    named = batch.of_files([two, one])

    # The first 32 digits of the SHA-256 of "load-1,load-2".
    assert named == batch.Batch("e9cedc06c3f293d43c1db398116db743", (one, two))
    assert batch.of_files([one]).token != named.token


@pytest.mark.parametrize(
    "moment", ["2025-08-30T06:00:00Z", "2025-08-30T08:00:00+02:00", "2025-08-30T06:00:00"]
)
def test_moments_are_kept_in_utc_without_a_zone(moment: str) -> None:
    assert batch.utc(moment) == datetime(2025, 8, 30, 6)


CALL = ["--warehouse=w", "--db=d"]


def test_a_call_names_one_workbook_or_one_batch(capsys: pytest.CaptureFixture[str]) -> None:
    asked = batch.arguments("tabular", None, ["--input=a", "--result=r", *CALL])

    assert asked == batch.Arguments("w", "d", input="a", batch=None, result="r")
    for wrong in (CALL, ["--input=a", "--batch=b", *CALL], ["--in=a", *CALL], ["--input=a"]):
        with pytest.raises(SystemExit):
            batch.arguments("tabular", None, wrong)
    assert "not allowed with argument --input" in capsys.readouterr().err
