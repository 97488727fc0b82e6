"""The DDL as text, character by character as Athena gets it: for every declared table."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lake import ddl
from lake.catalog import Catalog, Column, Table

CATALOG = Catalog.bundled()
tables = pytest.mark.parametrize("table", CATALOG.tables.values(), ids=lambda table: table.id)

_LITERAL = re.compile(r"'[^']*'")
_QUOTED = re.compile(r"`[^`]*`")
# What stands bare in the DDL: the grammar's own words, types and transforms. No name.
_GRAMMAR = {
    "CREATE", "TABLE", "IF", "NOT", "EXISTS", "COMMENT", "PARTITIONED", "BY", "LOCATION",
    "TBLPROPERTIES", "ALTER", "ADD", "COLUMNS", "string", "int", "bigint", "double", "boolean",
    "timestamp", "date", "array", "year", "month", "day", "hour", "bucket", "truncate",
}  # fmt: skip


def create(table: Table) -> str:
    return ddl.athena_create(table, f"p_{table.database}", f"s3://b/{table.name}")


def statements(table: Table) -> list[str]:
    return [create(table), ddl.athena_add_columns(table, f"p_{table.database}", table.columns)]


@tables
def test_a_text_ends_at_the_first_apostrophe(table: Table) -> None:
    for sql in statements(table):
        assert "''" not in sql  # two literals for Hive's grammar, which it joins
        assert "'" not in _LITERAL.sub("", sql)
        for text in _LITERAL.findall(sql):
            assert not re.search(r"[\\\n\r\t]", text), text


@tables
def test_every_name_is_quoted_but_the_arguments_of_a_transform(table: Table) -> None:
    for sql in statements(table):
        bare = _QUOTED.sub("", _LITERAL.sub("", sql))
        arguments = re.findall(r"\b(?:year|month|day|hour)\((\w+)\)", bare)
        arguments += re.findall(r"\b(?:bucket|truncate)\(\d+, ?(\w+)\)", bare)
        assert set(re.findall(r"[A-Za-z_]\w*", bare)) <= _GRAMMAR | set(arguments)
        assert '"' not in bare


@tables
def test_an_iceberg_table_has_no_comment_of_its_own(table: Table) -> None:
    # https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
    after_columns = create(table).rpartition("\n)\n")[2]

    assert after_columns.startswith(("PARTITIONED BY (", "LOCATION 's3://"))


def test_a_partition_column_that_is_a_reserved_word_is_quoted() -> None:
    table = CATALOG.table("openweather_gold.q4_today_vs_last_year")

    assert "\nPARTITIONED BY (`date`)\nLOCATION " in create(table)


def test_transforms_and_columns_stand_in_their_order() -> None:
    table = CATALOG.table("emt_silver.arrivals_predictions")

    assert "\nPARTITIONED BY (day(event_ts), truncate(2, line))\nLOCATION " in create(table)


def test_a_comment_is_one_line_with_typographic_apostrophes() -> None:
    table = CATALOG.table("emt_silver.stops")
    column = Column("pole", "string", about="The pole's\n  number")

    assert ddl.athena_add_columns(table, "p_emt_silver", [column]) == (
        "ALTER TABLE `p_emt_silver`.`stops` ADD COLUMNS"
        " (`pole` string COMMENT 'The pole\N{RIGHT SINGLE QUOTATION MARK}s number')"
    )
    named = replace(table, columns=(column,))
    assert create(named).startswith(
        "CREATE TABLE IF NOT EXISTS `p_emt_silver`.`stops` (\n"
        "  `pole` string COMMENT 'The pole\N{RIGHT SINGLE QUOTATION MARK}s number'\n)\nLOCATION 's3://b/stops'\n"
    )


@pytest.mark.parametrize(
    ("declared", "spark"),
    [
        ("day(at)", "days(at)"),
        ("hour(at)", "hours(at)"),
        ("month(at)", "months(at)"),
        ("year(at)", "years(at)"),
        ("bucket(8, line)", "bucket(8, line)"),
        ("truncate(2, line)", "truncate(2, line)"),
        ("date", "`date`"),
    ],
)
def test_spark_has_its_own_words_for_transforms(declared: str, spark: str) -> None:
    table = replace(CATALOG.table("emt_silver.stops"), partition=(declared,))

    assert f"\nUSING iceberg\nPARTITIONED BY ({spark})\n" in ddl.spark_create(table, "a.b.c")


def test_the_ddl_for_spark_is_this() -> None:
    column = Column("pole", "timestamp", about="The pole's \\")
    table = replace(CATALOG.table("emt_silver.stops"), columns=(column,), partition=())

    assert ddl.spark_create(table, "a.b.c") == (
        "CREATE TABLE IF NOT EXISTS a.b.c (\n"
        "  `pole` timestamp_ntz COMMENT 'The pole\\'s \\\\'\n)\n"
        "USING iceberg\nTBLPROPERTIES ('format-version'='2')"
    )


def test_athena_is_told_the_four_properties_that_it_takes() -> None:
    table = CATALOG.table("emt_silver.stops")

    assert create(table).endswith(
        "\nLOCATION 's3://b/stops'\nTBLPROPERTIES ('table_type'='ICEBERG', 'format'='parquet',"
        " 'write_compression'='zstd', 'write_data_path_enabled'='true')"
    )
