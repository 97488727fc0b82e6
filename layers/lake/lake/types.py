"""The one place that maps the catalogue's types to everybody else's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TypeNames:
    """How one type of the catalogue is called elsewhere."""

    athena: str
    spark: str


TYPES: Final[dict[str, TypeNames]] = {
    "string": TypeNames("string", "string"),
    "int": TypeNames("int", "int"),
    "long": TypeNames("bigint", "bigint"),
    "double": TypeNames("double", "double"),
    "boolean": TypeNames("boolean", "boolean"),
    # An instant. Athena knows no zone in Iceberg DDL: its timestamp is what Spark calls
    # TIMESTAMP_NTZ, so everybody stores UTC without a zone (docs/adr/0010).
    "timestamp": TypeNames("timestamp", "timestamp_ntz"),
    "date": TypeNames("date", "date"),
    "array<string>": TypeNames("array<string>", "array<string>"),
}


def names_of(kind: str) -> TypeNames:
    """The names of one catalogue type; a type nobody declared is a programming error."""
    return TYPES[kind]
