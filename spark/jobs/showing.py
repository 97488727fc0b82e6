"""The end of every gold job: what was staged and audited is shown as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from jobs import lakeio, quality
from jobs.lakeio import CommitConflict
from jobs.publish import Staged

_TRIES: Final = 3
T = TypeVar("T")


def tried(work: Callable[[], T]) -> T:
    """Does the work, and looks again when somebody else has changed a table meanwhile."""
    for _ in range(_TRIES - 1):
        try:
            return work()
        except CommitConflict:
            continue
    return work()


def show(
    staged: Mapping[str, Staged], verdicts: Sequence[quality.Verdict], told: Mapping[str, Any]
) -> dict[str, Any]:
    """What each table became; a verdict that stops one stops all."""
    if any(one.stops for one in verdicts):
        _discard(staged)
        failed = "; ".join(str(one.reason) for one in verdicts if one.stops)
        raise quality.QualityFailed(f"nothing is published: {failed}", told)
    shown: dict[str, Any] = {}
    for table_id, one in staged.items():
        try:
            snapshot_id = one.publish()
        except CommitConflict:
            _discard(staged)
            raise
        lakeio.kill_point("published")
        shown[table_id] = {**one.rows, "snapshot_id": snapshot_id}
    return shown


def changed(staged: Mapping[str, Staged]) -> bool:
    """Whether a row of any table came, went or changed."""
    return any(any(one.rows.values()) for one in staged.values())


def _discard(staged: Mapping[str, Staged]) -> None:
    for one in staged.values():
        one.discard()
