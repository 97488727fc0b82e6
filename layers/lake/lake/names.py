"""Names: logical (as people say them) and physical (as AWS carries them)."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from lake.errors import LakeError


def logical_database(domain: str, layer: str) -> str:
    """`emt_silver`; the operations domain has one layer of its own name: `ops`."""
    return domain if domain == layer else f"{domain}_{layer}"


def physical_database(prefix: str, logical: str) -> str:
    """`tfm_dgv_mbdde_` and `emt_silver` give `tfm_dgv_mbdde_emt_silver`."""
    return f"{prefix}{logical}"


def database_prefix(physical: str, logical: str) -> str:
    """The inverse: what a deployed database's name carries before its logical name."""
    if not physical.endswith(logical):
        raise LakeError(f"database '{physical}' does not end in '{logical}'")
    return physical[: len(physical) - len(logical)]


def table_location(bucket: str, database: str, table: str) -> str:
    """Where Iceberg's Glue catalogue would put the table by itself."""
    return f"s3://{bucket}/{database}.db/{table}"


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` or nothing: the tail of a friendly error."""
    close = get_close_matches(word, known)
    return f" (did you mean '{close[0]}'?)" if close else ""
