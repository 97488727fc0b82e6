"""The DDL for Spark is taken by Spark as it was meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from lake import ddl
from lake.catalog import Catalog
from tests.spark.lakehouse import Lakehouse


def test_a_comment_with_quotes_arrives_whole(spark: SparkSession, tmp_path: Path) -> None:
    lakehouse = Lakehouse(spark, Catalog.bundled(), tmp_path)
    table = lakehouse.catalog.table("emt_silver.stops")
    about = r"The stop's number, as in 'D:\stops'"
    first = replace(table.columns[0], about=about)
    named = replace(table, columns=(first, *table.columns[1:]))
    identifier = lakehouse.identifier("emt_silver.quoted")
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {identifier.rpartition('.')[0]}")

    spark.sql(ddl.spark_create(named, identifier))

    described = spark.sql(f"DESCRIBE TABLE {identifier}").collect()
    assert next(row.comment for row in described if row.col_name == first.name) == about
