"""Write, audit, publish: computed rows beside what a table holds, shown only once they passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (as every Spark job calls it)

from jobs import merging
from jobs.lakeio import CommitConflict, LakeTable
from lake.catalog import Table

NEW, CHANGED, GONE = "inserted", "updated", "deleted"
_KIND: Final = "_kind"
_GONE: Final = "_gone"
_HELD: Final = "_held_"


@dataclass
class Staged:
    """What one table would become, beside what readers see."""

    table: Table
    target: LakeTable
    head: int | None
    branch: str | None = None  # none: nothing would change
    snapshot_id: int | None = None
    rows: dict[str, int] = field(default_factory=dict)

    def seen(self, where: str | None) -> DataFrame:
        """The rows as readers would see them."""
        if self.branch is not None:
            rows = self.target.staged(self.branch)
            return rows if where is None else rows.where(where)
        if self.head is None:
            raise ValueError("a table without rows or branch has nothing to see")
        return self.target.at(self.head, where)

    def publish(self) -> int | None:
        """Shows these rows, and only these: a run of the same work may have staged them anew."""
        if self.branch is None:
            return self.head
        if self.target.staged_snapshot(self.branch) != self.snapshot_id:
            raise CommitConflict(f"{self.table.id} was staged by somebody else")
        return self.target.publish(self.branch)

    def discard(self) -> None:
        """Leaves readers what they have."""
        if self.branch is not None:
            self.target.discard(self.branch)


def stage(
    table: Table,
    target: LakeTable,
    computed: DataFrame,
    where: tuple[str, str] | None,
    token: str,
    properties: Mapping[str, str],
    *,
    ignoring: frozenset[str] = frozenset(),
    marks: bool,
    ordered: bool = False,
) -> Staged:
    """Stages what differs between the rows computed and the rows held, and nothing else.

    `where` says in literals in which part of the table both lie, for its own columns and for
    those of `t`. `marks`: a commit is due even without a row that differs.
    """
    head = target.head()
    staged = Staged(table, target, head, rows={NEW: 0, CHANGED: 0, GONE: 0})
    held = None if head is None else target.at(head, where[0] if where else None)
    if held is None or held.isEmpty():
        # Nothing to compare with: each row is new, and no row needs to be looked for.
        before = target.rows_held()
        staged.branch = target.stage(
            computed, None, head, token, properties=properties, ordered=ordered
        )
        staged.rows[NEW] = target.rows_staged(staged.branch) - before
        if not staged.rows[NEW] and not marks:
            staged.discard()
            staged.branch = None
        return _known(staged)
    changes = differences(computed, held, table, ignoring).persist()
    try:
        staged.rows |= {row[0]: row[1] for row in changes.groupBy(_KIND).count().collect()}
        if any(staged.rows.values()):
            on = [f"t.`{name}` = s.`{name}`" for name in table.key]
            on += [f"({where[1]})"] if where else []
            merged = changes.drop(_KIND)
            condition = " AND ".join(on)
            staged.branch = target.stage(
                merged, condition, head, token, properties=properties, gone=_GONE
            )
        elif marks:
            staged.branch = target.stage(None, None, head, token, properties=properties)
    finally:
        changes.unpersist()
    return _known(staged)


def _known(staged: Staged) -> Staged:
    branch = staged.branch
    staged.snapshot_id = staged.head if branch is None else staged.target.staged_snapshot(branch)
    return staged


def differences(
    computed: DataFrame, held: DataFrame, table: Table, ignoring: frozenset[str] = frozenset()
) -> DataFrame:
    """The rows that are new, changed or gone, each with what it is."""
    names = merging.names(table)
    renamed = held.selectExpr(*(f"`{name}` AS `{_HELD}{name}`" for name in names))
    on = " AND ".join(f"`{name}` = `{_HELD}{name}`" for name in table.key)
    first = table.key[0]
    is_new, is_gone = f"`{_HELD}{first}` IS NULL", f"`{first}` IS NULL"
    values = [name for name in names if name not in table.key and name not in ignoring]
    same = " AND ".join(f"`{name}` <=> `{_HELD}{name}`" for name in values) or "true"
    kind = (
        f"CASE WHEN {is_new} THEN '{NEW}' WHEN {is_gone} THEN '{GONE}'"
        f" WHEN NOT ({same}) THEN '{CHANGED}' END"
    )
    return (
        computed.join(renamed, F.expr(on), "full_outer")
        .withColumn(_KIND, F.expr(kind))
        .where(F.col(_KIND).isNotNull())
        .selectExpr(
            *(f"IF({is_gone}, `{_HELD}{name}`, `{name}`) AS `{name}`" for name in names),
            f"{_KIND} = '{GONE}' AS {_GONE}",
            _KIND,
        )
    )
