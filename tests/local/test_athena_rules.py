"""What Athena's DDL refuses, rule by rule: what this rule alone refuses, and the right spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from lake import ddl
from lake.catalog import Catalog, Table
from local import athena_rules, trino_rules
from local.athena_errors import MalformedQuery
from local.iceberg_sql import parse_statement
from local.iceberg_statements import CreateTable, PartitionDef
from local.trino_sql import parse_query

CATALOG = Catalog.bundled()
LONG = 256 * "x"


def create(columns: str = "a int", clause: str = "", location: str = "s3://b/t/",
           properties: str = "'table_type'='ICEBERG'") -> str:  # fmt: skip
    return f"CREATE TABLE t ({columns}) {clause} LOCATION '{location}' TBLPROPERTIES ({properties})"


def iceberg(*pairs: str) -> str:
    return create(properties=", ".join(["'table_type'='ICEBERG'", *pairs]))


@dataclass(frozen=True)
class Case:
    rule: str
    refused: str
    right: str
    reason: str


CASES = [
    Case("reserved_words_are_quoted", create("date date"), create("`date` date"),
         "line 1:17: no viable alternative at input 'date'"),
    Case("reserved_words_are_quoted", create("`date` date", "PARTITIONED BY (date)"),
         create("`date` date", "PARTITIONED BY (`date`)"), "line 1:46: .* as a name `date`"),
    Case("reserved_words_are_quoted", create("a timestamp", "PARTITIONED BY (day(a), User)"),
         create("a timestamp", "PARTITIONED BY (day(a), `User`)"), "input 'User'"),
    Case("reserved_words_are_quoted", create("a struct<b:int,order:string>"),
         create("a struct<b:int,`order`:string>"), "input 'order'"),
    Case("reserved_words_are_quoted", "DROP TABLE partition", "DROP TABLE `partition`", "1:12"),
    Case("reserved_words_are_quoted", "ALTER TABLE t ADD COLUMNS (end int)",
         "ALTER TABLE t ADD COLUMNS (`end` int)", "line 1:28"),
    Case("reserved_words_are_quoted", "DESCRIBE user.t", "DESCRIBE `user`.t", "line 1:10"),
    Case("names_are_quoted_by_backticks", create('"a" int'), create("`a` int"),
         """line 1:17: mismatched input '"a"'"""),
    Case("names_are_quoted_by_backticks", 'DROP TABLE IF EXISTS "d"."t"',
         "DROP TABLE IF EXISTS `d`.`t`", "line 1:22"),
    Case("names_are_quoted_by_backticks", 'SHOW CREATE TABLE "t"', "SHOW CREATE TABLE `t`", "1:19"),
    Case("names_are_quoted_by_backticks", 'VACUUM d."t"', "VACUUM d.`t`", "line 1:10"),
    Case("a_leading_underscore_is_quoted", create("_a int"), create("`_a` int"), "1:17.*`_a`"),
    Case("upkeep_names_its_table_without_quotes", "VACUUM `d`.`t`", "VACUUM d.`t`", "line 1:8"),
    Case("upkeep_names_its_table_without_quotes", "OPTIMIZE `t` REWRITE DATA USING BIN_PACK",
         "OPTIMIZE t REWRITE DATA USING BIN_PACK", "line 1:10"),
    Case("texts_hold_no_doubled_quote", create("a int COMMENT 'it''s'"),
         create(r"a int COMMENT 'it\'s'"), "line 1:31: .*an apostrophe is written"),
    Case("no_block_comment", "/* why */ DESCRIBE t", "-- why\nDESCRIBE t", "near '/' '\\*'"),
    Case("no_block_comment", create("a /* why */ int"), create("a -- why\n int"), "line 1:19"),
    Case("changes_and_upkeep_hold_no_comment", "DROP TABLE t -- why", "DROP TABLE t", "1:14"),
    Case("changes_and_upkeep_hold_no_comment", "-- why\nVACUUM t", "VACUUM t", "near '-' '-'"),
    Case("an_iceberg_table_is_not_external", create().replace("TABLE", "EXTERNAL TABLE", 1),
         create(), "External keyword not supported for table type ICEBERG"),
    Case("a_table_without_external_is_iceberg", create(properties="'format'='parquet'"), create(),
         "External keyword required for table type HIVE"),
    Case("an_iceberg_table_has_no_comment", create(clause="COMMENT 'why'"), create(),
         "COMMENT of a table is not supported"),
    Case("a_location_is_a_folder", create(location="s3://b/"), create(location="s3://b/t"),
         "needs a LOCATION"),
    Case("a_location_is_a_folder", create(location="s3a://b/t/"), create(), "needs a LOCATION"),
    Case("properties_are_known", iceberg("'write.format.default'='parquet'"),
         iceberg("'format'='parquet'"), "Unsupported table property key: write.format.default"),
    Case("properties_are_known", "ALTER TABLE t SET TBLPROPERTIES ('owner'='me')",
         "ALTER TABLE t SET TBLPROPERTIES ('format'='parquet')", "property key: owner"),
    Case("values_of_properties_are_in_bounds",
         iceberg("'optimize_rewrite_data_file_threshold'='50'"),
         iceberg("'optimize_rewrite_data_file_threshold'='49'"), "Unsupported value .*: 50"),
    Case("values_of_properties_are_in_bounds",
         iceberg("'optimize_rewrite_delete_file_threshold'='0'"),
         iceberg("'optimize_rewrite_delete_file_threshold'='1'"), "Unsupported value .*: 0"),
    Case("values_of_properties_are_in_bounds", iceberg("'write_compression'='lz4'"),
         iceberg("'write_compression'='ZSTD'"), "Unsupported value .*: lz4"),
    Case("values_of_properties_are_in_bounds", iceberg("'vacuum_max_snapshot_age_seconds'='5d'"),
         iceberg("'vacuum_max_snapshot_age_seconds'='432000'"), "Unsupported value .*: 5d"),
    Case("transforms_are_known", create("a date", "PARTITIONED BY (days(a))"),
         create("a date", "PARTITIONED BY (day(a))"), "Unknown partition transform: days"),
    Case("comments_of_columns_fit_glue", create("a int COMMENT 'one\ntwo'"),
         create("a int COMMENT 'one two'"), "more than one line"),
    Case("comments_of_columns_fit_glue", create(f"a int COMMENT '{LONG}'"),
         create(f"a int COMMENT '{LONG[1:]}'"), "less than or equal to 255"),
]  # fmt: skip
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.refused[:60]}")


@cases
def test_the_rule_refuses_and_says_where(case: Case) -> None:
    with pytest.raises(MalformedQuery, match=re.compile(case.reason, re.DOTALL)):
        parse_statement(case.refused)


@cases
def test_the_right_spelling_is_taken(case: Case) -> None:
    parse_statement(case.right)


@cases
def test_no_other_rule_would_refuse_it(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    others = tuple(rule for rule in athena_rules.RULES if rule.__name__ != case.rule)
    monkeypatch.setattr(athena_rules, "RULES", others)

    parse_statement(case.refused)


def test_every_rule_has_a_case() -> None:
    assert {rule.__name__ for rule in athena_rules.RULES} == {case.rule for case in CASES}


@pytest.mark.parametrize(
    "word", ["all", "cashe", "database", "div", "int", "map", "regexp", "table", "time", "with"]
)
def test_a_word_of_the_list_for_ddl_is_no_name(word: str) -> None:
    with pytest.raises(MalformedQuery, match=f"input '{word}'"):
        parse_statement(create(f"{word} string"))


@pytest.mark.parametrize(
    # Not in the list for DDL; some are in the one for queries.
    "word", ["year", "month", "day", "hour", "line", "first", "skip", "comment", "location", "data"]
)  # fmt: skip
def test_a_word_that_is_not_in_the_list_is_a_name(word: str) -> None:
    parse_statement(create(f"{word} string"))


@pytest.mark.parametrize("table", CATALOG.tables.values(), ids=lambda table: table.id)
def test_the_ddl_of_each_declared_table_keeps_every_rule(table: Table) -> None:
    created = parse_statement(ddl.athena_create(table, f"p_{table.database}", "s3://b/t"))

    assert isinstance(created, CreateTable)
    assert [column.name for column in created.columns] == [c.name for c in table.columns]
    assert len(created.partitions) == len(table.partition)
    parse_statement(ddl.athena_add_columns(table, f"p_{table.database}", table.columns))


def test_a_transform_is_no_name_though_its_word_is_reserved() -> None:
    created = parse_statement(create("a string", "PARTITIONED BY (truncate(2, a))"))

    assert isinstance(created, CreateTable)
    assert created.partitions == (PartitionDef("a", "truncate", 2),)


QUERIES = [
    Case("casts_are_written_out", "SELECT a::int FROM t", "SELECT CAST(a AS int) FROM t", "'::'"),
    Case("names_are_quoted_by_double_quotes", "SELECT `a` FROM t", 'SELECT "a" FROM t',
         "line 1:8: backquoted identifiers are not supported; use double quotes"),
    Case("names_are_quoted_by_double_quotes", "SELECT a FROM `d`.t", 'SELECT a FROM "d".t',
         "line 1:15: backquoted"),
    Case("reserved_words_are_quoted", "SELECT t.end FROM t", 'SELECT t."end" FROM t',
         "line 1:10: mismatched input 'end'"),
    Case("reserved_words_are_quoted", "SELECT a AS first FROM t", 'SELECT a AS "first" FROM t',
         "line 1:13: mismatched input 'first'"),
    Case("reserved_words_are_quoted", "WITH Skip AS (SELECT 1 AS a) SELECT a FROM Skip",
         'WITH "Skip" AS (SELECT 1 AS a) SELECT a FROM "Skip"', "input 'Skip'"),
    Case("operators_are_trinos", "SELECT a ILIKE 'x' FROM t", "SELECT a LIKE 'x' FROM t", "ILIKE"),
    Case("operators_are_trinos", "SELECT a DIV 2 FROM t", "SELECT a / 2 FROM t", "INTDIV"),
]  # fmt: skip
queries = pytest.mark.parametrize("case", QUERIES, ids=lambda case: f"{case.rule}: {case.refused}")


@queries
def test_the_rule_of_queries_refuses_and_says_where(case: Case) -> None:
    with pytest.raises(MalformedQuery, match=case.reason):
        parse_query(case.refused, "d")


@queries
def test_the_right_query_is_taken(case: Case) -> None:
    parse_query(case.right, "d")


@queries
def test_no_other_rule_of_queries_would_refuse_it(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rules in ("TOKEN_RULES", "TREE_RULES"):
        others = [rule for rule in getattr(trino_rules, rules) if rule.__name__ != case.rule]
        monkeypatch.setattr(trino_rules, rules, others)

    message = ""
    try:
        parse_query(case.refused, "d")
    except MalformedQuery as error:
        message = str(error)  # sqlglot's parser stumbles over backticks too, in other words
    assert not re.search(case.reason, message)


def test_every_rule_of_queries_has_a_case() -> None:
    rules = (*trino_rules.TOKEN_RULES, *trino_rules.TREE_RULES)
    assert {rule.__name__ for rule in rules} == {case.rule for case in QUERIES}


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT date, timestamp, "user" FROM t',  # reserved in DDL only
        "SELECT a FROM t ORDER BY a NULLS LAST FETCH FIRST 3 ROWS ONLY",
        "SELECT first_value(a) OVER (ORDER BY b) FROM t",
        "SELECT current_date, localtimestamp, CASE WHEN a THEN 1 ELSE 2 END FROM t",
        "SELECT listagg(a, ',') WITHIN GROUP (ORDER BY a) FROM t GROUP BY CUBE (b)",
    ],
)
def test_a_reserved_word_in_its_own_place_is_taken(sql: str) -> None:
    parse_query(sql, "d")
