"""create_tables: the declared tables, created once and widened when a declaration grows."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from functions.create_tables import tables
from functions.create_tables.handler import handler
from functions.create_tables.tables import Fate, TableRefused
from lake.catalog import Catalog
from tests.factories import LambdaContext
from tests.functions.lake import Lake
from tests.functions.wire import Wire

ENVIRONMENT = {
    "DATABASE_PREFIX": "tfm_dgv_mbdde_",
    "SILVER_BUCKET": "lake-silver",
    "GOLD_BUCKET": "lake-gold",
    "OPS_BUCKET": "lake-ops",
    "ATHENA_WORKGROUP": "lake",
}
_CREATE = re.compile(r"CREATE TABLE IF NOT EXISTS `(\w+)`\.`(\w+)` \((.*?)\n\)", re.DOTALL)
_ADD = re.compile(r"ALTER TABLE `(\w+)`\.`(\w+)` ADD COLUMNS \((.*)\)", re.DOTALL)
_COLUMN = re.compile(r"`(\w+)` (\S+) COMMENT")


class Glue:
    """moto's Glue, in which a DDL statement that succeeded has its effect."""

    def __init__(self) -> None:
        self.client = boto3.client("glue")
        for database in Catalog.bundled().databases:
            self.client.create_database(DatabaseInput={"Name": f"tfm_dgv_mbdde_{database}"})

    def apply(self, sql: str) -> None:
        if match := _CREATE.match(sql):
            self._write("create_table", match[1], match[2], _COLUMN.findall(match[3]))
        elif match := _ADD.match(sql):
            columns = self.columns(match[1], match[2])
            self._write("update_table", match[1], match[2], columns + _COLUMN.findall(match[3]))

    def columns(self, database: str, table: str) -> list[tuple[str, str]]:
        found = self.client.get_table(DatabaseName=database, Name=table)["Table"]
        return [(c["Name"], c["Type"]) for c in found["StorageDescriptor"]["Columns"]]

    def drop_column(self, database: str, table: str, name: str) -> None:
        left = [column for column in self.columns(database, table) if column[0] != name]
        self._write("update_table", database, table, left)

    def _write(self, verb: str, database: str, table: str, columns: list[Any]) -> None:
        described = [{"Name": name, "Type": kind} for name, kind in columns]
        getattr(self.client, verb)(
            DatabaseName=database,
            TableInput={"Name": table, "StorageDescriptor": {"Columns": described}},
        )


@pytest.fixture
def glue(lake: Lake, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Glue:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tables, "time", SimpleNamespace(sleep=lambda _: None))
    made = Glue()
    wire.athena.done = made.apply
    return made


def run() -> dict[Fate, list[str]]:
    return dict(handler({"catalog_sha256": "0"}, LambdaContext()))


def test_every_declared_table_is_created_with_its_columns(glue: Glue) -> None:
    catalog = Catalog.bundled()

    assert run() == {"created": sorted(catalog.tables), "evolved": [], "unchanged": []}

    for table in catalog.tables.values():
        columns = glue.columns(f"tfm_dgv_mbdde_{table.database}", table.name)
        assert [name for name, _ in columns] == [column.name for column in table.columns]


def test_each_table_lies_in_the_bucket_of_its_layer(glue: Glue, wire: Wire) -> None:
    run()

    statements = {_CREATE.match(sql)[2]: sql for sql in wire.athena.sql}  # type: ignore[index]
    assert "LOCATION 's3://lake-silver/tfm_dgv_mbdde_emt_silver.db/stops'" in statements["stops"]
    assert "LOCATION 's3://lake-ops/tfm_dgv_mbdde_ops.db/loads'" in statements["loads"]
    assert "'s3://lake-gold/tfm_dgv_mbdde_emt_gold.db/" in statements["arrivals_weather"]


def test_each_statement_runs_in_the_database_of_its_table(glue: Glue, wire: Wire) -> None:
    run()

    requests = wire.named("StartQueryExecution")
    assert len(requests) == len(Catalog.bundled().tables)
    for request in requests:
        named = _CREATE.match(request["QueryString"])
        assert named is not None
        assert request["QueryExecutionContext"] == {"Database": named[1]}


def test_a_second_run_changes_nothing(glue: Glue, wire: Wire) -> None:
    run()
    asked = len(wire.athena.sql)

    assert run() == {"created": [], "evolved": [], "unchanged": sorted(Catalog.bundled().tables)}

    assert len(wire.athena.sql) == asked


def test_a_table_with_the_comments_of_an_earlier_lake_is_left_alone(glue: Glue, wire: Wire) -> None:
    run()
    asked = len(wire.athena.sql)
    place = {"DatabaseName": "tfm_dgv_mbdde_emt_silver"}
    table = glue.client.get_table(**place, Name="lines")["Table"]
    for column in table["StorageDescriptor"]["Columns"]:
        column["Comment"] = "The line's"
    described = {"Name": "lines", "Description": "A line's names"}
    described["StorageDescriptor"] = table["StorageDescriptor"]
    glue.client.update_table(**place, TableInput=described)

    assert "emt_silver.lines" in run()["unchanged"]

    assert len(wire.athena.sql) == asked


def test_a_column_that_is_declared_later_is_added(glue: Glue, wire: Wire) -> None:
    run()
    column = Catalog.bundled().table("emt_silver.stops").columns[-1]
    glue.drop_column("tfm_dgv_mbdde_emt_silver", "stops", column.name)

    answer = run()

    assert answer["evolved"] == ["emt_silver.stops"]
    assert answer["created"] == []
    assert wire.athena.sql[-1].startswith(
        f"ALTER TABLE `tfm_dgv_mbdde_emt_silver`.`stops` ADD COLUMNS (`{column.name}` "
    )
    assert run()["evolved"] == []


def test_several_statements_run_at_once_but_not_all(glue: Glue, wire: Wire) -> None:
    run()

    assert 1 < wire.athena.at_once <= 5


def test_a_refusal_is_raised_with_the_reason_of_athena_after_the_others_are_done(
    glue: Glue, wire: Wire
) -> None:
    wire.athena.refusals = {"`stops`": "FAILED: SemanticException [Error 10072]: no such bucket"}

    with pytest.raises(TableRefused, match=r"emt_silver\.stops \(FAILED\): .*no such bucket"):
        run()

    wire.athena.refusals = {}
    assert run()["created"] == ["emt_silver.stops"]


def test_a_statement_that_never_ends_is_stopped_and_said_and_the_others_are_done(
    glue: Glue, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(tables, "time", SimpleNamespace(sleep=slept.append))
    wire.athena.endless = "`stops`"

    with pytest.raises(TableRefused) as refused:
        run()

    assert str(refused.value) == "emt_silver.stops (TIMED OUT): no end after 240 s"
    (endless,) = (n for n, sql in enumerate(wire.athena.sql) if "`stops`" in sql)
    assert wire.named("StopQueryExecution") == [{"QueryExecutionId": f"query-{endless}"}]
    # It waits for two seconds at most between two looks.
    assert 240 < sum(slept) < 250
    wire.athena.endless = None
    assert run()["created"] == ["emt_silver.stops"]


def test_statements_run_in_the_workgroup_that_says_where_answers_go(glue: Glue, wire: Wire) -> None:
    run()

    asked = wire.named("StartQueryExecution")
    assert len(asked) == len(Catalog.bundled().tables)
    assert {request["WorkGroup"] for request in asked} == {"lake"}
    assert not any("ResultConfiguration" in request for request in asked)


def test_a_run_that_was_cut_off_is_finished_by_the_next(glue: Glue, wire: Wire) -> None:
    wire.fail = lambda operation, _: (
        TimeoutError("cut") if operation == "GetQueryExecution" and len(wire.calls) > 30 else None
    )
    with pytest.raises(TimeoutError):
        run()
    wire.fail = None

    run()

    assert run()["unchanged"] == sorted(Catalog.bundled().tables)
