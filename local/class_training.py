"""The Spark job whose classes are preloaded: it touches what every load of the lake touches."""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812  (Spark's own custom)

CATALOG = "glue_catalog"


def main(warehouse: str) -> None:
    """Create, fill, merge, read and drop a table with the types and partitions of the lake."""
    spark = SparkSession.builder.getOrCreate()
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.class_training LOCATION '{warehouse}/db'")
    table = f"{CATALOG}.class_training.events"
    spark.sql(f"DROP TABLE IF EXISTS {table}")
    spark.sql(
        f"CREATE TABLE {table} (id string, line string, event_ts timestamp, delay int, lat double, "
        "stops array<string>, ingest_ts timestamp) USING iceberg "
        "PARTITIONED BY (days(event_ts), truncate(2, line)) TBLPROPERTIES ('format-version'='2')"
    )
    rows = [(str(n), str(n % 7), n, n * 0.5, [str(n)]) for n in range(200)]
    frame = spark.createDataFrame(
        rows, "id string, line string, delay int, lat double, stops array<string>"
    )
    frame = frame.withColumn("event_ts", F.timestamp_seconds(F.col("delay") * 900))
    frame = frame.withColumn("ingest_ts", F.current_timestamp())
    frame.dropDuplicates(["id"]).createOrReplaceTempView("incoming")
    for _ in range(2):
        spark.sql(
            f"MERGE INTO {table} t USING incoming s ON t.id = s.id "  # noqa: S608  (our own name)
            "WHEN MATCHED AND s.ingest_ts > t.ingest_ts THEN UPDATE SET * "
            "WHEN NOT MATCHED THEN INSERT (id, line, event_ts, delay, lat, stops, ingest_ts) "
            "VALUES (s.id, s.line, s.event_ts, s.delay, s.lat, s.stops, s.ingest_ts)"
        )
    frame.select("id", "line", "event_ts", "delay", "lat", "stops", "ingest_ts").writeTo(
        table
    ).append()
    by_line = spark.table(table).groupBy("line").agg(F.count("*").alias("n"), F.max("event_ts"))
    by_line.join(spark.table(table), "line").where("n > 1").orderBy("line").limit(5).collect()
    spark.sql(f"SELECT summary FROM {table}.snapshots").collect()  # noqa: S608  (our own name)
    spark.sql(f"DROP TABLE {table} PURGE")
    spark.sql(f"DROP NAMESPACE {CATALOG}.class_training")
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
