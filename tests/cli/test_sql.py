import pytest

from lake_cli.sql import meant, physical

DATABASES = {"emt_silver", "emt_gold", "ops"}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("select 1", "select 1"),
        ("select count(*) from emt_silver.stops", "select count(*) from p_emt_silver.stops"),
        ("SELECT * FROM OPS.LOADS", "SELECT * FROM p_ops.LOADS"),
        (
            'select 1 from "emt_silver"."stops$snapshots"',
            'select 1 from "p_emt_silver"."stops$snapshots"',
        ),
        ("select * from awsdatacatalog.ops.loads", "select * from awsdatacatalog.p_ops.loads"),
        (
            "with a as (select * from ops.loads) select * from a, unnest(x) as t(y)",
            "with a as (select * from p_ops.loads) select * from a, unnest(x) as t(y)",
        ),
        (
            "select * from emt_silver.stops for version as of 12",
            "select * from p_emt_silver.stops for version as of 12",
        ),
        ("create table ops.x as select 1 a", "create table p_ops.x as select 1 a"),
        ("explain analyze select * from ops.loads", "explain analyze select * from p_ops.loads"),
        (
            "OPTIMIZE ops.loads REWRITE DATA USING BIN_PACK WHERE x > 1.0",
            "OPTIMIZE p_ops.loads REWRITE DATA USING BIN_PACK WHERE x > 1.0",
        ),
        ("vacuum ops.loads", "vacuum p_ops.loads"),
        ("describe `emt_silver`.stops", "describe `p_emt_silver`.stops"),
        ("show create table emt_silver.stops", "show create table p_emt_silver.stops"),
        ("show tables in emt_silver", "show tables in p_emt_silver"),
    ],
)
def test_a_table_is_asked_by_its_logical_name(asked: str, sent: str) -> None:
    assert physical(asked, DATABASES, "p_") == sent


@pytest.mark.parametrize(
    "sql",
    [
        "select 'from ops.loads' as a -- emt_silver.stops",
        "select ops.status from elsewhere.loads as ops",
        "select emt_silver.x from (select 1 as x) as emt_silver",
        'select * from "ops.loads"',
        "select * from p_ops.loads",
        "select * from unknown.loads",
        "select 'unclosed from ops.loads",
        "",
    ],
)
def test_what_is_no_database_stays_as_it_was_written(sql: str) -> None:
    assert physical(sql, DATABASES, "p_") == sql


def test_an_alias_that_is_called_like_a_database_is_not_taken_for_it() -> None:
    asked = "select ops.status from ops.loads as ops where ops.table = 'ops.loads'"

    sent = "select ops.status from p_ops.loads as ops where ops.table = 'ops.loads'"
    assert physical(asked, DATABASES, "p_") == sent


def test_a_statement_with_a_fault_reaches_athena_with_its_tables_named() -> None:
    assert physical("selec * frm ops.loads", DATABASES, "p_") == "selec * frm p_ops.loads"


def test_accents_before_a_table_do_not_shift_its_place() -> None:
    asked = "select 'Pº Infanta é 日本 🚌' from ops.loads"

    assert physical(asked, DATABASES, "p_") == asked.replace("ops.", "p_ops.")


def test_a_misspelled_table_is_answered_with_the_one_that_was_meant() -> None:
    said = "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.p_emt_silver.stopz' does not exist"

    assert (
        meant(said, "p_", ["emt_silver.stops", "ops.loads"]) == "did you mean 'emt_silver.stops'?"
    )


def test_a_complaint_about_something_else_is_answered_with_nothing() -> None:
    assert meant("COLUMN_NOT_FOUND: line 1:8: Column 'x'", "p_", ["emt_silver.stops"]) == ""
