"""What a Spark job is told, as EMR gets it, and whether the jobs of a stage fit the application."""

from __future__ import annotations

import re

from lake.catalog import Catalog
from local.emr_capacity import Capacity, exceeded, maximum, need_of, worker
from scripts.catalog_compiler.compiler import compile_catalog
from tests.terraform.mocked_lake import ROOT, Lake

CATALOG = Catalog.from_dict(compile_catalog(ROOT))
WIDEST = {
    name: max(len(stage) for stage in pipeline.stages)
    for name, pipeline in CATALOG.pipelines.items()
}
NEW_ACCOUNT_VCPU = 16
LAMBDA_VARIABLES_BYTES = 4096


def submitted(lake: Lake) -> str:
    """The parameters with which every job is submitted."""
    (start_job,) = lake.all("aws_lambda_function", "module.start_job")
    return str(start_job["environment"][0]["variables"]["SPARK_PARAMETERS"])


def settings(lake: Lake) -> dict[str, str]:
    return dict(re.findall(r"--conf ([^ =]+)=(\S+)", submitted(lake)))


def limit(lake: Lake) -> Capacity:
    (declared,) = lake.one("aws_emrserverless_application")["maximum_capacity"]
    capacity = maximum(declared)
    assert capacity is not None
    return capacity


def test_a_job_is_told_its_region_by_the_name_that_python_s_clients_read(lake: Lake) -> None:
    text = submitted(lake)

    for side in ("spark.emr-serverless.driverEnv", "spark.executorEnv"):
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            assert f" --conf {side}.{name}=eu-west-1 " in f"{text} "


def test_driver_and_executors_run_the_python_that_the_wheels_are_for(lake: Lake) -> None:
    told = settings(lake)

    assert told["spark.emr-serverless.driverEnv.PYSPARK_PYTHON"] == "python3.11"
    assert told["spark.executorEnv.PYSPARK_PYTHON"] == "python3.11"
    assert told["spark.emr-serverless.driverEnv.PYTHONPATH"] == "./environment"
    assert told["spark.executorEnv.PYTHONPATH"] == "./environment"
    assert told["spark.archives"].endswith(".tar.gz#environment")


def test_a_job_starts_with_its_driver_and_one_executor(lake: Lake) -> None:
    told = settings(lake)

    # Each 2 vCPU, and 6 GB with a tenth for what is not heap: a worker of 7 GB.
    assert worker(told, "driver") == worker(told, "executor") == Capacity(2, 7, 20)
    assert need_of(told).whole == Capacity(4, 14, 40)
    for name in ("executor.instances", "dynamicAllocation.initialExecutors"):
        assert told[f"spark.{name}"] == "1"
    assert told["spark.dynamicAllocation.minExecutors"] == "1"


def test_the_jobs_of_a_stage_fit_side_by_side_at_their_largest(lake: Lake) -> None:
    told = settings(lake)
    grown = worker(told, "driver") + worker(told, "executor") * int(
        told["spark.dynamicAllocation.maxExecutors"]
    )

    assert max(WIDEST.values()) >= 2
    assert exceeded(grown * max(WIDEST.values()), limit(lake)) == ""


def test_on_a_laptop_every_lane_and_every_pipeline_has_room_at_once(laptop: Lake) -> None:
    """There a job waits for a core as well, and holds its place meanwhile."""
    jobs = len(CATALOG.lanes) + sum(WIDEST.values())

    assert exceeded(Capacity(4, 14, 40) * jobs, limit(laptop)) == ""


def test_no_environment_asks_for_more_than_a_new_account_has(dev: Lake, prod: Lake) -> None:
    assert limit(dev).cpu == 8
    assert limit(prod).cpu == NEW_ACCOUNT_VCPU


def test_what_start_job_is_told_fits_lambda_s_variables(lake: Lake) -> None:
    (start_job,) = lake.all("aws_lambda_function", "module.start_job")
    variables = start_job["environment"][0]["variables"]

    size = sum(len(name) + len(str(value)) for name, value in variables.items())

    assert size < LAMBDA_VARIABLES_BYTES - 256, "long names of an account would not fit"
