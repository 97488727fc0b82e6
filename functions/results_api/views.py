"""A result as the API shows it: what a snapshot holds, and what the catalogue lets people ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lake.catalog import Column, Result
from lake.served import Manifest

ORDERED: Final = ("eq", "in", "ne", "ge", "gt", "le", "lt")
UNORDERED: Final = ("eq", "in", "ne")


@dataclass(frozen=True)
class View:
    """The columns of one snapshot, and what may be asked of them."""

    result: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    filters: tuple[str, ...]
    sorts: tuple[str, ...]
    page: int

    @classmethod
    def of(cls, result: Result, manifest: Manifest | None = None) -> View:
        """The snapshot's own columns: it may be older than the declaration."""
        if manifest is None:
            columns = {column.name: column for column in result.columns}
            key = result.key
        else:
            columns = {
                one["name"]: Column(
                    one["name"], one["type"], one.get("about") or "", unit=one.get("unit")
                )
                for one in manifest.columns
            }
            key = manifest.key
        return cls(
            result=result.id,
            columns=columns,
            key=key,
            filters=tuple(name for name in result.filters if name in columns),
            # By the key people may always sort: it is the order that the rows lie in.
            sorts=tuple(dict.fromkeys(n for n in (*key, *result.sorts) if n in columns)),
            page=result.page,
        )

    def operators(self, column: str) -> tuple[str, ...]:
        """What may be asked of a column's values."""
        if column not in self.filters:
            return ()
        kind = self.columns[column].type
        if kind.startswith("array"):
            return ()
        return UNORDERED if kind == "boolean" else ORDERED
