"""Which snapshots of a result there are, which one people see, and how another one is shown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lake.objects import S3Objects
from lake.shelf import Shelf
from lake_cli.deployment import Deployment

Row = dict[str, Any]
# Which snapshots are shown, in words that a table colours.
SHOWN, ROLLED_BACK = "shown", "rolled back"


def shelf(deployment: Deployment, result_id: str) -> Shelf:
    """The snapshots of a declared result; an unknown one is answered with the nearest known."""
    result = deployment.catalog.result(result_id)
    return Shelf(S3Objects(deployment.client("s3"), deployment.bucket("served")), result.id)


def snapshots(deployment: Deployment, result_id: str) -> list[Row]:
    """Every snapshot that can be shown, newest first."""
    found = shelf(deployment, result_id)
    seen = found.look()
    newest_first = seen.whole[::-1]
    with ThreadPoolExecutor(8) as pool:
        manifests = list(pool.map(found.manifest, newest_first))
    rolled_back = seen.pointer is not None and seen.pointer.rolled_back
    return [
        {
            "result": one.result,
            "snapshot": one.snapshot,
            "status": (ROLLED_BACK if rolled_back else SHOWN)
            if one.snapshot == seen.current
            else None,
            "published_at": one.published_at,
            "rows": one.rows,
            "bytes": one.bytes,
            "run": one.run,
        }
        for one in manifests
    ]


def roll_back(deployment: Deployment, result_id: str, to: str | None) -> Row:
    """Shows another snapshot at once; nothing is computed and nothing is deleted."""
    before, after = shelf(deployment, result_id).roll_back(to)
    return {
        "result": result_id,
        "snapshot": after.snapshot,
        "published_at": after.published_at,
        "rolled_back": after.rolled_back,
        "before": None if before is None else before.snapshot,
    }
