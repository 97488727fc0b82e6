"""The types of Athena's DDL, to Iceberg and back."""

import re
from collections.abc import Callable

from pyiceberg import types as iceberg

from local.athena_errors import QueryFailed

_PLAIN: dict[str, Callable[[], iceberg.PrimitiveType]] = {
    "boolean": iceberg.BooleanType,
    "int": iceberg.IntegerType,
    "bigint": iceberg.LongType,
    "float": iceberg.FloatType,
    "double": iceberg.DoubleType,
    "date": iceberg.DateType,
    "timestamp": iceberg.TimestampType,
    "timestamptz": iceberg.TimestamptzType,
    "string": iceberg.StringType,
    "binary": iceberg.BinaryType,
}


# Read, but never declared: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
_NOT_IN_DDL = {"timestamptz"}
_MOST_DIGITS = 38


class _FieldIds:
    """Ids for new fields; the catalogue gives them anew, in order, when the table is made."""

    def __init__(self) -> None:
        self.last = 0

    def __call__(self) -> int:
        self.last += 1
        return self.last


def to_iceberg(text: str, next_id: _FieldIds | None = None) -> iceberg.IcebergType:
    """`array<struct<a:int>>` as an Iceberg type."""
    ids = next_id or _FieldIds()
    if text in _PLAIN and text not in _NOT_IN_DDL:
        return _PLAIN[text]()
    if match := re.fullmatch(r"decimal\((\d+)(?:,(\d+))?\)", text):
        precision, scale = int(match[1]), int(match[2] or 0)
        if scale <= precision <= _MOST_DIGITS:
            return iceberg.DecimalType(precision, scale)
    if match := re.fullmatch(r"(array|map|struct)<(.+)>", text):
        parts = _split(match[2])
        if match[1] == "array" and len(parts) == 1:
            return iceberg.ListType(ids(), to_iceberg(parts[0], ids), element_required=False)
        if match[1] == "map" and len(parts) == 2:
            key, value = (to_iceberg(part, ids) for part in parts)
            return iceberg.MapType(ids(), key, ids(), value, value_required=False)
        if match[1] == "struct" and all(":" in part for part in parts):
            named = (part.split(":", 1) for part in parts)
            return iceberg.StructType(
                *(iceberg.NestedField(ids(), n, to_iceberg(t, ids), required=False)
                  for n, t in named)
            )  # fmt: skip
    raise QueryFailed("NOT_SUPPORTED", f"Unsupported Iceberg column type: {text}")


def to_athena(kind: iceberg.IcebergType) -> str:
    """The name that DESCRIBE and SHOW CREATE TABLE give a type."""
    for name, known in _PLAIN.items():
        if kind == known():
            return name
    if isinstance(kind, iceberg.ListType):
        return f"array<{to_athena(kind.element_type)}>"
    if isinstance(kind, iceberg.MapType):
        return f"map<{to_athena(kind.key_type)},{to_athena(kind.value_type)}>"
    if isinstance(kind, iceberg.StructType):
        fields = (f"{field.name}:{to_athena(field.field_type)}" for field in kind.fields)
        return f"struct<{','.join(fields)}>"
    return str(kind).replace(" ", "")


def _split(text: str) -> list[str]:
    """Split at the commas that stand outside of brackets."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "<(") - (char in ">)")
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
