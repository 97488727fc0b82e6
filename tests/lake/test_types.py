"""How the catalogue's types are called by everybody else, as each of them documents its own."""

from __future__ import annotations

import pytest

from lake.types import TYPES, names_of

# In the DDL of Athena for Iceberg tables, and in that of Spark.
EXPECTED = {
    "string": ("string", "string"),
    "int": ("int", "int"),
    "long": ("bigint", "bigint"),
    "double": ("double", "double"),
    "boolean": ("boolean", "boolean"),
    "timestamp": ("timestamp", "timestamp_ntz"),
    "date": ("date", "date"),
    "array<string>": ("array<string>", "array<string>"),
}


def test_every_type_has_its_names() -> None:
    called = {kind: (names.athena, names.spark) for kind, names in TYPES.items()}

    assert called == EXPECTED


def test_a_type_that_nobody_declared_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        names_of("decimal")
