"""openweather/*: the weather of one place now, as one row of Parquet such as Airbyte would write.

A destination that others read already: their columns stand beside the reply's own, nested as they
came. Each poll lands, also what is known: whoever reads tells doubles apart by their moment.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from functions.ingest.errors import Unreadable
from functions.ingest.found import Found, NothingNew, Question
from functions.ingest.transport import ShapeError

_LARGEST_REPLY: Final = 64 << 20
_NAMES: Final = uuid.UUID("6b3f1f0e-8d5c-4f5e-9d0e-0f6f2f9b7a10")


def ask(question: Question) -> Found | NothingNew:
    """One reply, one row."""
    answer = question.keyed.get("/weather", question.query, _check)
    at = question.now().astimezone(UTC)
    return Found(f"{int(at.timestamp() * 1000)}_part_0.parquet", parquet(answer, at), 1)


def parquet(answer: dict[str, Any], at: datetime) -> bytes:
    """The reply as a Snappy Parquet file of one row, under Airbyte's own columns."""
    import duckdb  # 40 MB that no other source pays for

    said = json.dumps(answer, sort_keys=True)
    row = {
        "_airbyte_raw_id": str(uuid.uuid5(_NAMES, f"{at.isoformat()} {said}")),
        "_airbyte_extracted_at": int(at.timestamp() * 1000),
        "_airbyte_generation_id": 0,
        "_airbyte_meta": {"sync_id": 0, "changes": []},
        **answer,
    }
    with TemporaryDirectory(prefix="openweather-") as folder, duckdb.connect() as writer:
        source, target = Path(folder, "row.json"), Path(folder, "row.parquet")
        source.write_text(json.dumps(row), encoding="utf-8")
        timed = "* REPLACE (epoch_ms(_airbyte_extracted_at) AS _airbyte_extracted_at)"
        try:
            rows = writer.read_json(str(source), maximum_object_size=_LARGEST_REPLY)
            rows.project(timed).write_parquet(str(target), compression="snappy")
        except duckdb.Error as error:
            kind = type(error).__name__
            raise Unreadable(f"the reply fits no Parquet file ({kind})") from None
        return target.read_bytes()


def _check(answer: Any) -> None:
    if not isinstance(answer, dict) or not isinstance(answer.get("dt"), int):
        raise ShapeError("an answer without its moment (dt)")
    main = answer.get("main")
    if not isinstance(main, dict) or main.get("temp") is None:
        raise ShapeError("an answer without main.temp")
