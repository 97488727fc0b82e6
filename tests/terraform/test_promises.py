"""What other parts build on: names, outputs, the files in the jobs bucket, the named queries."""

from __future__ import annotations

import json
import re

from tests.terraform.mocked_lake import ROOT, Lake, Workbench


def test_the_published_databases_keep_their_names(lake: Lake) -> None:
    names = {database["name"] for database in lake.all("aws_glue_catalog_database")}

    assert names == {
        f"{lake.databases}{logical}"
        for logical in (
            *("emt_gold", "emt_silver", "meteorology_silver"),
            *("openweather_gold", "openweather_silver", "ops"),
        )
    }


def test_a_database_lies_where_iceberg_looks_for_it(lake: Lake) -> None:
    for database in lake.all("aws_glue_catalog_database"):
        role = database["description"].split()[1]
        bucket = lake.outputs["buckets"][role]
        assert database["location_uri"] == f"s3://{bucket}/{database['name']}.db"


def test_scripts_learn_every_name_from_the_outputs(lake: Lake) -> None:
    assert set(lake.outputs) >= {
        *("region", "account_id", "env", "prefix", "database_prefix", "buckets", "ledger_table"),
        *("uploads_queue_url", "uploads_dlq_url", "jobs_queue_url", "jobs_dlq_url", "functions"),
        *("looks_queue_url", "looks_dlq_url", "undelivered_queue_url"),
        *("spark_application_id", "spark_role_arn", "athena_workgroup", "named_queries"),
        *("notices_topic_arn", "kms_key_arn", "pipelines", "streams"),
    }
    assert lake.outputs["functions"] == {
        "promote": f"{lake.prefix}-promote",
        "start_job": f"{lake.prefix}-start-job",
        "create_tables": f"{lake.prefix}-create-tables",
        "ingest": f"{lake.prefix}-ingest",
        "watch": f"{lake.prefix}-watch",
        "results_api": f"{lake.prefix}-results-api",
    }
    assert set(lake.outputs["named_queries"]) == {
        "arrivals_with_weather_today",
        "delay_and_weather_by_hour",
    }


def test_every_job_of_the_catalogue_and_every_function_has_its_code_in_the_bucket(
    lake: Lake, workbench: Workbench
) -> None:
    catalog = json.loads((workbench.build / "catalog.json").read_text())
    objects = {found["key"] for found in lake.all("aws_s3_object")}

    assert objects == {
        *(f"spark/{job['script']}.py" for job in catalog["jobs"].values()),
        *(f"functions/{path.parent.name}.zip" for path in ROOT.glob("functions/*/handler.py")),
        *("spark/lake.zip", "spark/environment.tar.gz", "catalog/catalog.json"),
    }


def test_the_tables_follow_the_catalogues_hash(lake: Lake, workbench: Workbench) -> None:
    catalog = json.loads((workbench.build / "catalog.json").read_text())
    invocation = lake.one("aws_lambda_invocation")

    assert json.loads(invocation["input"]) == {"catalog_sha256": catalog["sha256"]}
    assert invocation["function_name"] == lake.outputs["functions"]["create_tables"]


def test_a_named_query_asks_for_columns_that_its_table_has(
    lake: Lake, workbench: Workbench
) -> None:
    catalog = json.loads((workbench.build / "catalog.json").read_text())
    queries = lake.all("aws_athena_named_query")

    assert len(queries) == 2
    for query in queries:
        match = re.fullmatch(
            r"SELECT\s+(.+?)\s+FROM (\w+)\.(\w+)\s+WHERE (\w+) .+",
            query["query"].strip(),
            re.DOTALL,
        )
        assert match, query["query"]
        columns, database, table, filtered = match.groups()
        assert database == query["database"] == f"{lake.databases}emt_gold"
        declared = {column["name"] for column in catalog["tables"][f"emt_gold.{table}"]["columns"]}
        assert {*re.split(r",\s*", columns), filtered} <= declared
