"""What there is: each result with its meaning, its columns and how fresh it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.results_api.problems import unknown
from functions.results_api.remembered import Seen
from functions.results_api.snapshots import Snapshots
from functions.results_api.views import View
from lake.catalog import Catalog, Result
from lake.served import Manifest, age_minutes

Json = dict[str, Any]


def result_of(catalog: Catalog, name: str) -> Result:
    """The result of that name, or which there are."""
    if name not in catalog.results:
        raise unknown("unknown-result", "result", name, catalog.results)
    return catalog.results[name]


def listed(
    catalog: Catalog, snapshots: Snapshots, now: datetime
) -> tuple[list[Json], float | None]:
    """Every result, briefly; and how stale the oldest look at one is."""
    lines, stale = [], []
    for result in catalog.results.values():
        seen = snapshots.current(result.id)
        lines.append(brief(result, seen.value if seen else None, now))
        if seen is not None and seen.stale_seconds is not None:
            stale.append(seen.stale_seconds)
    return lines, max(stale, default=None)


def brief(result: Result, manifest: Manifest | None, now: datetime) -> Json:
    """One line of the list; nothing is published yet where it says null."""
    age = None if manifest is None else age_minutes(manifest.published_at, now)
    within = result.fresh_within_minutes
    return {
        "name": result.id,
        "about": result.about,
        "domain": result.domain,
        "rows": None if manifest is None else manifest.rows,
        "snapshot": None if manifest is None else manifest.snapshot,
        "published_at": None if manifest is None else manifest.published_at,
        "age_minutes": age,
        "fresh_within_minutes": within,
        "fresh": None if within is None else age is not None and age <= within,
        "href": f"v1/results/{result.id}",
    }


def described(result: Result, snapshots: Snapshots, now: datetime) -> tuple[Json, float | None]:
    """All about one result."""
    seen: Seen[Manifest] | None = snapshots.current(result.id)
    manifest = seen.value if seen else None
    pointer = snapshots.pointer(result.id).value
    view = View.of(result, manifest)
    said = brief(result, manifest, now) | {
        "rolled_back": bool(pointer and pointer.rolled_back),
        "columns": [
            {
                "name": column.name,
                "type": column.type,
                "unit": column.unit,
                "about": column.about,
                "filters": list(view.operators(column.name)),
                "sortable": column.name in view.sorts,
            }
            for column in view.columns.values()
        ],
        "key": list(view.key),
        "page": view.page,
        "keep_days": result.keep_days,
        "snapshots": snapshots.kept(result.id),
        "sources": {} if manifest is None else dict(manifest.sources),
        "bytes": None if manifest is None else manifest.bytes,
    }
    return said, None if seen is None else seen.stale_seconds


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)
