"""The archive of preloaded classes: it fits its jars, does no harm, and waits for the jobs."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local import class_archive
from local.installed import spark_environment
from local.lifecycle import REGION, LaptopCloud
from local.spark_home import SparkHome
from tests.local.conftest import ROLE, client, make_role, until


@pytest.fixture
def home(tmp_path: Path) -> SparkHome:
    """The installed Spark, with a folder of jars that this test may change."""
    found = SparkHome.from_env({**spark_environment(), "LAKE_STATE_DIR": str(tmp_path)})
    jars = tmp_path / "jars"
    jars.mkdir()
    for jar in found.jars.glob("*.jar"):
        (jars / jar.name).symlink_to(jar)
    return replace(found, jars=jars)


def trainings() -> list[str]:
    """Commands of the JVMs that prepare an archive right now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if "DumpLoadedClassList" in command or "Xshare:dump" in command:
            found.append(command)
    return found


def test_other_jars_have_another_archive(home: SparkHome) -> None:
    before = home.class_archive

    (home.jars / "more.jar").write_bytes(b"PK")

    assert home.class_archive != before


def test_a_broken_archive_does_no_harm(home: SparkHome, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsa"
    broken.write_bytes(b"not an archive" * 1000)
    command = home.java_command(tmp_path, f"-XX:SharedArchiveFile={broken}")

    ended = subprocess.run(
        [*command, "org.apache.spark.deploy.SparkSubmit", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, "")
    assert "version 3.5" in ended.stderr


def test_what_a_training_loaded_is_preloaded_by_the_jvm_that_comes_after(
    home: SparkHome, make_cloud: Callable[..., LaptopCloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = make_cloud()
    cloud.up()
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    monkeypatch.setenv("AWS_REGION", REGION)
    # The lake's own training loads ten times as many classes: a minute of two idle cores.
    short = home.work / "training.py"
    short.parent.mkdir(parents=True)
    short.write_text("from pyspark import SparkConf\nSparkConf().set('spark.a', 'b')\n")
    monkeypatch.setattr(class_archive, "TRAINING_SCRIPT", short)

    assert asyncio.run(class_archive.ArchiveBuilder(lambda: True)._build(home))

    option = f"-XX:SharedArchiveFile={home.class_archive}"
    command = home.java_command(home.work, option, "-Xlog:class+load:stdout")
    ended = subprocess.run(
        [*command, "org.apache.spark.deploy.SparkSubmit", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = [line for line in ended.stdout.splitlines() if "org.apache.spark.SparkConf " in line]
    assert ["shared objects file" in line for line in loaded] == [True]


def test_a_job_goes_before_the_preparation_which_begins_anew_after_it(
    home: SparkHome,
    make_cloud: Callable[..., LaptopCloud],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("LAKE_CLASS_ARCHIVE", "on")
    monkeypatch.setenv("LAKE_CLASS_ARCHIVE_QUIET_S", "2")
    monkeypatch.setenv("LAKE_SPARK_JARS", str(home.jars))
    cloud = make_cloud()
    cloud.up()
    make_role(cloud)
    s3, emr = client(cloud, "s3"), client(cloud, "emr-serverless")
    s3.create_bucket(Bucket="jobs", CreateBucketConfiguration={"LocationConstraint": REGION})
    over = tmp_path / "over"  # the job ends when it is there, not after so many seconds
    job = f"import os, time\nwhile not os.path.exists({str(over)!r}):\n    time.sleep(0.1)\n"
    s3.put_object(Bucket="jobs", Key="job.py", Body=job.encode())
    made = emr.create_application(name="a", releaseLabel="emr-7.13.0", type="SPARK")
    until(lambda: [command for command in trainings() if str(home.jars) in command])

    started = emr.start_job_run(
        applicationId=made["applicationId"],
        executionRoleArn=ROLE,
        jobDriver={"sparkSubmit": {"entryPoint": "s3://jobs/job.py"}},
    )
    ids = {name: started[name] for name in ("applicationId", "jobRunId")}

    until(lambda: emr.get_job_run(**ids)["jobRun"]["state"] == "RUNNING")
    until(lambda: not [command for command in trainings() if str(home.jars) in command])
    assert emr.get_job_run(**ids)["jobRun"]["state"] == "RUNNING", "it made way only for its end"
    over.touch()
    until(lambda: emr.get_job_run(**ids)["jobRun"]["state"] == "SUCCESS", timeout=120)
    # Its end takes a minute of two idle cores and many of two busy ones: not waited for here.
    until(lambda: [command for command in trainings() if str(home.jars) in command], timeout=60)
