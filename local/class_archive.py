"""The archive of preloaded Java classes that halves the start of a small Spark job (AppCDS)."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from local import spark_runner
from local.job_cloud import cloud_client, cloud_environment
from local.job_folder import JobFolder
from local.spark_home import SparkHome, SparkMissing
from local.spark_jvm import Jvm
from local.spark_submit import SparkJob

# The training has an account of its own: nothing of it can be seen in the lake's.
TRAINING_ACCOUNT = "999999999999"
BUCKET = "class-training"
TRAINING_SCRIPT = Path(__file__).with_name("class_training.py")
POLL_S = 0.5
# A person who works has pauses; the preparation would begin in each and be broken off.
QUIET_S = 20.0
logger = logging.getLogger("albufera.class_archive")


class ArchiveBuilder:
    """Builds the archive once for each set of jars, in the background, while no job runs."""

    def __init__(self, is_idle: Callable[[], bool]) -> None:
        self._is_idle = is_idle
        self._task: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._stopping = False
        self._interrupted = False

    def state(self) -> str:
        """Whether the next job will start fast: ready, building or missing."""
        try:
            if SparkHome.from_env().class_archive.exists():
                return "ready"
        except SparkMissing:
            return "missing"
        return "building" if self._task is not None and not self._task.done() else "missing"

    def start(self) -> None:
        """Begin in the background, unless told not to by LAKE_CLASS_ARCHIVE=off."""
        if os.environ.get("LAKE_CLASS_ARCHIVE") != "off" and self.state() == "missing":
            self._task = asyncio.get_running_loop().create_task(self._build_when_idle())

    def stop(self) -> None:
        """Give up; a later start tries again."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
        self._end()

    def _end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            spark_runner.kill_group(self._process.pid, signal.SIGKILL)

    async def _build_when_idle(self) -> None:
        """Try until it is built: a job that arrives meanwhile gets the machine."""
        try:
            home = SparkHome.from_env()
        except SparkMissing:
            return
        while not home.class_archive.exists():
            await self._quiet()
            self._interrupted = False
            if not await self._build(home) and not self._interrupted:
                # It failed by itself: jobs run without it, and another try would fail as well.
                return

    async def _quiet(self) -> None:
        """Wait until no job has run for a while."""
        wanted = float(os.environ.get("LAKE_CLASS_ARCHIVE_QUIET_S", QUIET_S))
        since = time.monotonic()
        while time.monotonic() - since < wanted:
            await asyncio.sleep(POLL_S)
            if not self._is_idle():
                since = time.monotonic()

    async def _build(self, home: SparkHome) -> bool:
        work = home.work / "runs" / "class-training"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        classes, archive = work / "classes.lst", work / "classes.jsa"
        dump = home.java_command(
            work,
            "-Xshare:dump",
            f"-XX:SharedClassListFile={classes}",
            f"-XX:SharedArchiveFile={archive}",
        )
        try:
            if not await self._train(home, work, classes) or await self._run(dump, {}, work) != 0:
                return False
            for stale in home.jars.glob("classes-*.jsa"):
                stale.unlink()
            fresh = home.class_archive.with_suffix(".new")
            await asyncio.to_thread(shutil.copyfile, archive, fresh)
            fresh.replace(home.class_archive)
            return True
        finally:
            shutil.rmtree(work, ignore_errors=True)

    async def _train(self, home: SparkHome, work: Path, classes: Path) -> bool:
        prepared = await asyncio.to_thread(prepare_training, home, work / "run", classes)
        jvm = Jvm(prepared.needs, work / "jvm")
        try:
            await jvm.start(home, *kindly())
            known = prepared.environment | jvm.gateway
            return await self._run(prepared.command, known, work) == 0
        finally:
            # The list of classes is whole once the JVM has ended by itself.
            await (jvm.kill() if self._stopping else jvm.end())
            # A cloud that stops answers no more; the next training cleans up first.
            if not self._stopping:
                await asyncio.to_thread(forget_training)

    async def _run(self, command: list[str], environment: dict[str, str], work: Path) -> int:
        with (work / "output").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *kindly(),
                *command,
                env=environment,
                cwd=work,
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        # By this note the next start ends what a killed cloud leaves behind.
        (work / "pid").write_text(str(self._process.pid))
        try:
            while self._process.returncode is None:
                if not self._is_idle():
                    self._interrupted = True
                    self._end()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._process.wait(), POLL_S)
        finally:
            self._end()
        code = self._process.returncode
        if code != 0 and not self._interrupted:
            said = (work / "output").read_text(errors="replace")[-2000:]
            logger.warning("The class archive could not be built (exit code %s): %s", code, said)
        return -1 if code is None else code


def kindly() -> tuple[str, ...]:
    """What stands before a command that is to give way to others."""
    nice = shutil.which("nice")
    return (nice, "-n", "5") if nice else ()


def prepare_training(home: SparkHome, folder: Path, classes: Path) -> spark_runner.Prepared:
    """Put the training script where a job's script would be; it runs as any other job."""
    forget_training()
    region = os.environ["AWS_REGION"]
    s3 = cloud_client("s3", TRAINING_ACCOUNT, region)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})
    s3.upload_file(str(TRAINING_SCRIPT), BUCKET, TRAINING_SCRIPT.name)
    script, warehouse = f"s3://{BUCKET}/{TRAINING_SCRIPT.name}", f"s3://{BUCKET}"
    job = SparkJob(script, (warehouse,), conf=training_conf())
    environment = cloud_environment(TRAINING_ACCOUNT, region)
    option = f"-XX:DumpLoadedClassList={classes}"
    return JobFolder(home, folder, s3).prepare(job, environment, option)


def forget_training() -> None:
    """Remove what a training left in the cloud, also one that was killed in the middle."""
    region = os.environ["AWS_REGION"]
    s3 = cloud_client("s3", TRAINING_ACCOUNT, region)
    with suppress(s3.exceptions.NoSuchBucket):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for item in page.get("Contents", []):
                s3.delete_object(Bucket=BUCKET, Key=item["Key"])
        s3.delete_bucket(Bucket=BUCKET)
    glue = cloud_client("glue", TRAINING_ACCOUNT, region)
    with suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_table(DatabaseName="class_training", Name="events")
    with suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_database(Name="class_training")


def training_conf() -> dict[str, str]:
    """The Spark settings of a load (start_job passes the same)."""
    catalog = "spark.sql.catalog.glue_catalog"
    return {
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{catalog}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{catalog}.warehouse": f"s3://{BUCKET}",
        f"{catalog}.s3.path-style-access": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
    }
