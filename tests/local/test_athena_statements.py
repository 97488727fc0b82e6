"""Athena's DDL and upkeep statements, read."""

import pytest

from local.athena_errors import MalformedQuery
from local.iceberg_sql import parse_statement
from local.iceberg_statements import (
    AddColumns,
    ColumnDef,
    CreateTable,
    DropTable,
    Optimize,
    PartitionDef,
    Query,
    Refused,
    Show,
    ShowTables,
    TableName,
    Vacuum,
    statement_type,
)
from local.sql_words import fill_parameters
from local.trino_functions import joda_pattern, mysql_pattern

CREATE = """
-- the polls
CREATE TABLE IF NOT EXISTS `Emt_Silver`.`arrivals` (
  `line` string COMMENT 'The line\\'s name, as EMT writes it',
  event_ts timestamp,
  delay_s decimal(10, 2),
  tags array<struct<name:string,amounts:array<int>>>)
PARTITIONED BY (day(event_ts), truncate(2, line), bucket(16, `line`), line)
LOCATION 's3://silver/emt.db/arrivals/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format'='parquet', 'write_data_path_enabled'='true');
"""


def test_a_whole_create_table_is_read() -> None:
    assert parse_statement(CREATE) == CreateTable(
        TableName("emt_silver", "arrivals"),
        (
            ColumnDef("line", "string", "The line's name, as EMT writes it"),
            ColumnDef("event_ts", "timestamp"),
            ColumnDef("delay_s", "decimal(10,2)"),
            ColumnDef("tags", "array<struct<name:string,amounts:array<int>>>"),
        ),
        (
            PartitionDef("event_ts", "day"),
            PartitionDef("line", "truncate", 2),
            PartitionDef("line", "bucket", 16),
            PartitionDef("line"),
        ),
        "s3://silver/emt.db/arrivals",
        {"table_type": "ICEBERG", "format": "parquet", "write_data_path_enabled": "true"},
        None,
        True,
    )


@pytest.mark.parametrize(
    ("sql", "statement"),
    [
        ("select 1;", Query("select 1")),
        ("(select 1) union all select 2", Query("(select 1) union all select 2")),
        ("DROP TABLE IF EXISTS a.b", DropTable(TableName("a", "b"), True)),
        ("drop table `AwsDataCatalog`.`a`.`b`", DropTable(TableName("a", "b"), False)),
        (
            "ALTER TABLE t ADD COLUMNS (x int, y string COMMENT 'why')",
            AddColumns(
                TableName(None, "t"), (ColumnDef("x", "int"), ColumnDef("y", "string", "why"))
            ),
        ),
        ("VACUUM a.b", Vacuum(TableName("a", "b"))),
        (
            "OPTIMIZE b REWRITE DATA USING BIN_PACK WHERE d > date '2025-01-01'",
            Optimize(TableName(None, "b"), "d > date '2025-01-01'"),
        ),
        ("describe a.b", Show("describe", TableName("a", "b"))),
        ("SHOW TABLES IN a 'b*'", ShowTables("a", "b*")),
        ("insert into a values (1)", Refused("INSERT")),
        ("CREATE EXTERNAL TABLE a (b int)", Refused("CREATE EXTERNAL TABLE")),
        ("create view v as select 1", Refused("CREATE VIEW")),
    ],
)
def test_statements_are_told_apart(sql: str, statement: object) -> None:
    assert parse_statement(sql) == statement


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("selec 1", "line 1:1: mismatched input 'selec'"),
        ("", "line 1:1: mismatched input '<EOF>'"),
        ("drop table a b", "line 1:14: mismatched input 'b'"),
        ("create table a (\n  b\n)", "line 3:1: mismatched input ')'. Expecting: <type>"),
        (
            (
                "create table a (b int) partitioned by (b int) location 's3://x/y/' "
                "tblproperties ('table_type'='ICEBERG')"
            ),
            "without its type",
        ),
        ("optimize a rewrite data", "Expecting: 'USING'"),
    ],
)
def test_what_athena_cannot_read_is_refused_with_its_place(sql: str, reason: str) -> None:
    with pytest.raises(MalformedQuery, match=reason.replace("(", r"\(").replace(")", r"\)")):
        parse_statement(sql)


def test_the_kind_of_a_statement_decides_the_name_of_its_result() -> None:
    kinds = {
        sql: statement_type(parse_statement(sql))
        for sql in ("select 1", "drop table a", "show tables", "insert into a select 1")
    }

    assert list(kinds.values()) == ["DML", "DDL", "UTILITY", "DML"]


def test_parameters_go_where_the_question_marks_are_but_not_into_texts() -> None:
    filled = fill_parameters("select '?', ? -- ?\nfrom t where a = ?", ["1", "'it''s ?'"])

    assert filled == "select '?', 1 -- ?\nfrom t where a = 'it''s ?'"


@pytest.mark.parametrize("values", [[], ["1", "2"], ["1 or 1=1"], ["(select 1)"], ["'a' || b"]])
def test_only_as_many_literals_as_question_marks_are_taken(values: list[str]) -> None:
    with pytest.raises(MalformedQuery):
        fill_parameters("select ?", values)


def test_date_patterns_are_translated_letter_by_letter() -> None:
    assert joda_pattern("EEEE d MMM yyyy'T'HH:mm:ss.SSS a") == "%A %-d %b %YT%H:%M:%S.%g %p"
    assert joda_pattern("''yy%") == "'%y%%"
    assert mysql_pattern("%Y-%c-%e %H:%i:%s %W %%") == "%Y-%-m-%-d %H:%M:%S %A %%"
    with pytest.raises(MalformedQuery, match="'w'"):
        joda_pattern("yyyy-w")
    with pytest.raises(MalformedQuery, match="'%D'"):
        mysql_pattern("%D")
