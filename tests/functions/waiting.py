"""Files that wait for a job, and job results, without going through promote and Spark."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from lake import keys
from lake.catalog import Catalog
from lake.ledger import file_message
from lake.records import WAITING, FileRecord
from tests.functions.lake import Lake


def waiting_file(
    lake: Lake, name: str = "a.xlsx", source: str = "emt/arrivals", second: int = 0
) -> FileRecord:
    """A file in bronze that waits for its job."""
    declared = Catalog.bundled().source(source)
    digest = sha256(f"{source}/{name}".encode()).hexdigest()
    moment = f"2025-08-29T10:00:{second:02}.000Z"
    record = FileRecord(
        source=source,
        sha256=digest,
        file_name=name,
        raw_key=keys.raw(declared, name),
        size=4,
        received_at=moment,
        first_seen=moment,
        last_seen=moment,
        state=WAITING,
        first_receipt=f"{keys.raw(declared, name)}#v1",
        lane=declared.lane,
        job=declared.job,
        load_id=keys.load_id(digest),
        bronze_key=keys.bronze(declared, name),
    )
    lake.s3.put_object(Bucket=lake.bucket("bronze"), Key=record.bronze_key, Body=b"data")
    assert lake.ledger.admit(record)
    return record


def message(record: FileRecord) -> dict[str, Any]:
    """The message that promote sent about it."""
    return dict(file_message(record))


def state_of(lake: Lake, record: FileRecord) -> FileRecord:
    """The file as the ledger has it now."""
    found = lake.ledger.file(record.source, record.sha256)
    assert found is not None
    return found


def loaded(record: FileRecord, **changes: Any) -> dict[str, Any]:
    """What a job says of a file that it loaded."""
    counts = {"read": 10, "accepted": 7, "duplicate": 1, "rejected": 1, "empty": 1}
    return {
        "load_id": record.load_id,
        "source": record.source,
        "sha256": record.sha256,
        "status": "loaded",
        "reason": None,
        "sheet_rows": 5,
        "counts": counts,
        "tables": {"emt_silver.arrivals_predictions": {**counts, "derived": False}},
        **changes,
    }


def write_result(lake: Lake, token: str, *loads: dict[str, Any]) -> None:
    """What a job writes at its very end."""
    result = {"token": token, "job": "emt_arrivals", "loads": list(loads)}
    lake.s3.put_object(
        Bucket=lake.bucket("jobs"), Key=f"runs/{token}.json", Body=json.dumps(result)
    )
