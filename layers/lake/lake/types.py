"""The one place that maps the catalogue's types to everybody else's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TypeNames:
    """How one type of the catalogue is called elsewhere."""

    iceberg: str
    athena: str
    spark: str
    arrow: str
    json: str


TYPES: Final[dict[str, TypeNames]] = {
    "string": TypeNames("string", "string", "string", "string", "string"),
    "int": TypeNames("int", "int", "int", "int32", "integer"),
    "long": TypeNames("long", "bigint", "bigint", "int64", "integer"),
    "double": TypeNames("double", "double", "double", "float64", "number"),
    "boolean": TypeNames("boolean", "boolean", "boolean", "bool", "boolean"),
    # An instant. Athena knows no zone in Iceberg DDL: its timestamp is what Spark calls
    # TIMESTAMP_NTZ, so everybody stores UTC without a zone (docs/adr/0010).
    "timestamp": TypeNames(
        "timestamp", "timestamp", "timestamp_ntz", "timestamp[us]", "string:date-time"
    ),
    "date": TypeNames("date", "date", "date", "date32[day]", "string:date"),
    "array<string>": TypeNames(
        "list<string>", "array<string>", "array<string>", "list<string>", "array:string"
    ),
}


def names_of(kind: str) -> TypeNames:
    """The names of one catalogue type; a type nobody declared is a programming error."""
    return TYPES[kind]
