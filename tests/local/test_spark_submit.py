"""What a StartJobRun request asks for, as the laptop reads it."""

from __future__ import annotations

from typing import Any

import pytest

from local.spark_submit import BadRequest, parse_request


def request(parameters: str = "", **more: Any) -> dict[str, Any]:
    submit = {"entryPoint": "s3://jobs/spark/a.py", "sparkSubmitParameters": parameters}
    return {"jobDriver": {"sparkSubmit": submit}, **more}


def test_files_settings_and_variables_are_told_apart() -> None:
    job = parse_request(
        request(
            "--py-files s3://j/lake.zip,s3://j/more.zip --conf spark.archives=s3://j/e.tar.gz#environment"
            " --conf spark.emr-serverless.driverEnv.PYTHONPATH=./environment"
            " --conf 'spark.app.note=two words' --conf spark.sql.shuffle.partitions=4"
        )
    )

    assert job.py_files == ("s3://j/lake.zip", "s3://j/more.zip")
    assert job.archives == {"environment": "s3://j/e.tar.gz"}
    assert job.environment == {"PYTHONPATH": "./environment"}
    assert job.conf == {"spark.app.note": "two words", "spark.sql.shuffle.partitions": "4"}


def test_what_only_emr_has_is_replaced_by_the_laptops_own() -> None:
    job = parse_request(
        request(
            "--conf spark.jars=/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar,s3://j/own.jar"
            " --conf spark.emr-serverless.driverEnv.PYSPARK_PYTHON=python3.11"
            " --conf spark.executorEnv.PYSPARK_PYTHON=python3.11"
            " --conf spark.executor.instances=2 --conf spark.dynamicAllocation.enabled=false"
        )
    )

    assert job.jars == ("s3://j/own.jar",)
    assert (job.conf, job.environment) == ({}, {})


def test_every_catalog_reads_s3_by_path() -> None:
    job = parse_request(
        request("--conf spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog")
    )

    assert job.conf["spark.sql.catalog.lake.s3.path-style-access"] == "true"


def test_parameters_win_over_the_applications_classification() -> None:
    defaults = {"classification": "spark-defaults", "properties": {"spark.a": "1", "spark.b": "1"}}

    job = parse_request(
        request("--conf spark.b=2", configurationOverrides={"applicationConfiguration": [defaults]})
    )

    assert job.conf == {"spark.a": "1", "spark.b": "2"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "entryPoint"),
        (request("--conf 'spark.a=1"), "can't be read"),
        (request("--master yarn"), "--master"),
        (request("--conf"), "lacks its value"),
    ],
)
def test_a_request_that_emr_would_refuse_is_refused(body: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        parse_request(body)
