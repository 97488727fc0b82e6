"""What Athena refuses in DDL, one small rule each.

A statement is read leniently (local.iceberg_sql) and its words are noted down; then each rule of
RULES looks at it. A rule that is taken out is a kindness that AWS does not have.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.athena_errors import MalformedQuery
from local.athena_words import DDL_RESERVED
from local.iceberg_statements import (
    AddColumns,
    ColumnDef,
    CreateTable,
    DropTable,
    Optimize,
    Query,
    Refused,
    SetProperties,
    Statement,
    Vacuum,
)
from local.sql_words import Word, place_of

# https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html: a closed list;
# of compressions what compression-support-iceberg.html gives Parquet.
TABLE_PROPERTIES: dict[str, str] = {
    "table_type": r"ICEBERG|iceberg",
    "format": r"(?i:parquet)",
    "write_compression": r"(?i:zstd|snappy|gzip|none|uncompressed)",
    "optimize_rewrite_data_file_threshold": r"[1-9]|[1-4]\d",
    "optimize_rewrite_delete_file_threshold": r"[1-9]|[1-4]\d",
    "vacuum_min_snapshots_to_keep": r"[1-9]\d*",
    "vacuum_max_snapshot_age_seconds": r"\d+",
    "vacuum_max_metadata_files_to_keep": r"[1-9]\d*",
    "write_data_path_enabled": r"true|false",
}
TRANSFORMS = ("year", "month", "day", "hour", "bucket", "truncate")
LONGEST_COMMENT = 255  # of a column, in Glue


@dataclass(frozen=True)
class Reading:
    """A statement and the words that it was read from."""

    sql: str
    statement: Statement
    names: list[Word]
    texts: list[Word]
    comments: list[Word]

    def refuse(self, message: str, word: Word | None = None) -> MalformedQuery:
        return MalformedQuery(message, *place_of(self.sql, word.start if word else 0))


Rule = Callable[[Reading], None]


def check(reading: Reading) -> None:
    """Raise what the first rule that is broken says; queries have rules of their own."""
    if not isinstance(reading.statement, Query):
        for rule in RULES:
            rule(reading)


def reserved_words_are_quoted(reading: Reading) -> None:
    for word in reading.names:
        if word.kind == "word" and word.text.lower() in DDL_RESERVED:
            raise reading.refuse(
                f"no viable alternative at input '{word.text}': a reserved word of Athena's DDL,"
                f" as a name `{word.text}`",
                word,
            )


def names_are_quoted_by_backticks(reading: Reading) -> None:
    for word in reading.names:
        if word.text.startswith('"'):
            raise reading.refuse(f"mismatched input '{word.text}'. Expecting: <identifier>", word)


def a_leading_underscore_is_quoted(reading: Reading) -> None:
    # https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
    for word in reading.names:
        if word.text.startswith("_"):
            raise reading.refuse(f"extraneous input '_': as a name `{word.text}`", word)


def upkeep_names_its_table_without_quotes(reading: Reading) -> None:
    """OPTIMIZE takes no quotes; VACUUM backticks around the table only."""
    names = reading.names[:-1] if isinstance(reading.statement, Vacuum) else reading.names
    if isinstance(reading.statement, Optimize | Vacuum):
        for word in names:
            if word.kind == "quoted":
                raise reading.refuse(f"mismatched input '{word.text}'", word)


def texts_hold_no_doubled_quote(reading: Reading) -> None:
    """Hive's grammar reads 'a''b' as the two texts a and b."""
    for word in reading.texts:
        if "''" in word.text[1:-1]:
            raise reading.refuse(r"mismatched input: in DDL an apostrophe is written \'", word)


def no_block_comment(reading: Reading) -> None:
    for word in reading.comments:
        if word.text.startswith("/*"):
            raise reading.refuse("cannot recognize input near '/' '*'", word)


def changes_and_upkeep_hold_no_comment(reading: Reading) -> None:
    commentless = AddColumns | SetProperties | DropTable | Optimize | Vacuum
    for word in reading.comments:
        if isinstance(reading.statement, commentless):
            raise reading.refuse("cannot recognize input near '-' '-'", word)


def an_iceberg_table_is_not_external(reading: Reading) -> None:
    external = reading.statement == Refused("CREATE EXTERNAL TABLE")
    if external and re.search(r"'table_type'\s*=\s*'iceberg'", reading.sql, re.IGNORECASE):
        raise reading.refuse("External keyword not supported for table type ICEBERG")


def a_table_without_external_is_iceberg(reading: Reading) -> None:
    for created in _created(reading):
        if created.properties.get("table_type", "").upper() != "ICEBERG":
            raise reading.refuse("External keyword required for table type HIVE")


def an_iceberg_table_has_no_comment(reading: Reading) -> None:
    """Its documented syntax knows comments of columns only."""
    for created in _created(reading):
        if created.comment is not None:
            raise reading.refuse("COMMENT of a table is not supported for table type ICEBERG")


def a_location_is_a_folder(reading: Reading) -> None:
    for created in _created(reading):
        if not re.fullmatch(r"s3://[^/]+/.+", created.location):
            raise reading.refuse("an Iceberg table needs a LOCATION 's3://bucket/folder/'")


def properties_are_known(reading: Reading) -> None:
    for key in _properties(reading):
        if key not in TABLE_PROPERTIES:
            raise reading.refuse(f"Unsupported table property key: {key}")


def values_of_properties_are_in_bounds(reading: Reading) -> None:
    for key, value in _properties(reading).items():
        if not re.fullmatch(TABLE_PROPERTIES.get(key, ".*"), value, re.DOTALL):
            raise reading.refuse(f"Unsupported value of the table property {key}: {value}")


def transforms_are_known(reading: Reading) -> None:
    for created in _created(reading):
        for part in created.partitions:
            if part.transform not in (*TRANSFORMS, "identity"):
                raise reading.refuse(f"Unknown partition transform: {part.transform}")


def comments_of_columns_fit_glue(reading: Reading) -> None:
    for column in _columns(reading):
        if re.search(r"[\r\n]", column.comment or ""):
            raise reading.refuse(f"the comment of column '{column.name}' is more than one line")
        if len(column.comment or "") > LONGEST_COMMENT:
            raise reading.refuse(
                f"the comment of column '{column.name}' must have length less than or equal to"
                f" {LONGEST_COMMENT}"
            )


RULES: tuple[Rule, ...] = (
    reserved_words_are_quoted,
    names_are_quoted_by_backticks,
    a_leading_underscore_is_quoted,
    upkeep_names_its_table_without_quotes,
    texts_hold_no_doubled_quote,
    no_block_comment,
    changes_and_upkeep_hold_no_comment,
    an_iceberg_table_is_not_external,
    a_table_without_external_is_iceberg,
    an_iceberg_table_has_no_comment,
    a_location_is_a_folder,
    properties_are_known,
    values_of_properties_are_in_bounds,
    transforms_are_known,
    comments_of_columns_fit_glue,
)


def _created(reading: Reading) -> Iterator[CreateTable]:
    if isinstance(reading.statement, CreateTable):
        yield reading.statement


def _properties(reading: Reading) -> dict[str, str]:
    statement = reading.statement
    return statement.properties if isinstance(statement, CreateTable | SetProperties) else {}


def _columns(reading: Reading) -> tuple[ColumnDef, ...]:
    statement = reading.statement
    return statement.columns if isinstance(statement, CreateTable | AddColumns) else ()
