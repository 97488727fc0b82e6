"""A job's working directory: its files fetched, its command line composed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.spark_home import WORKERS, SparkHome
from local.spark_runner import JvmNeeds, Prepared
from local.spark_submit import EXECUTOR_ENV, SparkJob
from local.spark_workers import DRIVER_ONLY

DRIVER = Path(__file__).with_name("spark_driver.py")
# Of all that names a region or an identity a job gets what EMR Serverless gives: AWS_REGION, and
# credentials of its role. The only thing more is where this cloud listens.
GIVEN = (
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
)


class FetchFailed(RuntimeError):
    """A file that the job names can't be read from S3."""


class JobFolder:
    """A job's working directory and the way its files get there."""

    def __init__(self, home: SparkHome, folder: Path, s3: Any) -> None:
        self._home, self._folder, self._s3 = home, folder, s3

    def prepare(self, job: SparkJob, environment: dict[str, str], *options: str) -> Prepared:
        """Fetch what the job names and compose its command; blocks, so call it in a thread."""
        shutil.rmtree(self._folder, ignore_errors=True)
        work, temporary = self._folder / "work", self._folder / "tmp"
        for path in (work, temporary):
            path.mkdir(parents=True)
        entry = self._fetch(job.entry_point, work)
        py_files = [str(self._fetch(uri, self._folder / "py-files")) for uri in job.py_files]
        jars = [str(self._fetch(uri, self._folder / "jars")) for uri in job.jars]
        for uri in job.files:
            self._fetch(uri, work)
        for alias, uri in job.archives.items():
            (work / alias).symlink_to(self._unpacked(uri))
        settings = self._folder / "settings.json"
        settings.write_text(json.dumps(self._settings(job, entry, py_files, environment)))
        python = str(self._home.python_command())
        shared = self._environment(job, environment)
        own = {
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "PYTHONPATH": os.pathsep.join([*py_files, *_path_of(shared)]),
            "PYSPARK_PYTHON": python,
        }
        needs = self._needs(job, jars, shared, options)
        command = [python, str(DRIVER), str(settings), str(entry), *job.arguments]
        return Prepared(command, shared | own, self._folder, needs)

    def _needs(
        self, job: SparkJob, jars: Sequence[str], shared: dict[str, str], options: Sequence[str]
    ) -> JvmNeeds:
        return JvmNeeds(
            options=(
                f"-Xmx{self._home.heap(job.conf.get('spark.driver.memory', ''))}",
                *shlex.split(job.conf.get("spark.driver.extraJavaOptions", "")),
                *(options or (f"-XX:SharedArchiveFile={self._home.class_archive}",)),
            ),
            jars=tuple(jars),
            # Python's workers get theirs by spark.executorEnv.
            environment=tuple(sorted((k, v) for k, v in shared.items() if k != "PYTHONPATH")),
        )

    def _settings(
        self, job: SparkJob, entry: Path, py_files: Sequence[str], environment: Mapping[str, str]
    ) -> dict[str, str]:
        """What the job's SparkContext is made from."""
        own = self._own(environment)
        # Here both have one JVM: an executor does not lose its own by what the driver was given.
        kept = {f"{EXECUTOR_ENV}{name}": own[name] for name in job.driver_only if name in own}
        return {
            "spark.app.name": entry.name,
            **kept,
            **job.conf,
            "spark.master": f"local[{self._home.cores}]",
            "spark.submit.pyFiles": ",".join(py_files),
            "spark.python.daemon.module": WORKERS.stem,
            f"{EXECUTOR_ENV}{DRIVER_ONLY}": " ".join(n for n in job.driver_only if n not in own),
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.warehouse.dir": str(self._folder / "tmp" / "warehouse"),
        }

    def _environment(self, job: SparkJob, environment: Mapping[str, str]) -> dict[str, str]:
        return self._own(environment) | job.environment

    def _own(self, environment: Mapping[str, str]) -> dict[str, str]:
        """What every process of a job has, whatever the job was given."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",  # else Java opens no file of a person whose name has an accent
            "TZ": "UTC",
            "JAVA_HOME": str(self._home.java.parents[1]),
            "SPARK_HOME": str(self._home.spark),
            "SPARK_LOCAL_IP": "127.0.0.1",
            **{name: environment[name] for name in GIVEN if name in environment},
        }

    def _fetch(self, uri: str, folder: Path) -> Path:
        target = folder / uri.rsplit("/", 1)[-1]
        folder.mkdir(parents=True, exist_ok=True)
        bucket, key = _bucket_and_key(uri)
        try:
            self._s3.download_file(bucket, key, str(target))
        except (BotoCoreError, ClientError) as error:
            raise FetchFailed(f"{uri} can't be read: {error}") from error
        return target

    def _unpacked(self, uri: str) -> Path:
        """The archive's content, unpacked once for each version of the archive.

        Python keeps its compiled modules there, which saves every later job a second.
        """
        bucket, key = _bucket_and_key(uri)
        try:
            etag = self._s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
        except (BotoCoreError, ClientError) as error:
            raise FetchFailed(f"{uri} can't be read: {error}") from error
        target: Path = self._home.work / "archives" / etag
        if not target.exists():
            packed = self._fetch(uri, self._folder / "archives")
            fresh = self._folder / "unpacked"
            try:
                _unpack(packed, fresh)
            except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
                raise FetchFailed(f"{uri} can't be unpacked: {error}") from error
            target.parent.mkdir(parents=True, exist_ok=True)
            # Another job may have unpacked it meanwhile; its content is the same.
            with suppress(OSError):
                fresh.rename(target)
        return target


def _path_of(environment: Mapping[str, str]) -> list[str]:
    return [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]


def _bucket_and_key(uri: str) -> tuple[str, str]:
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not bucket or not key:
        raise FetchFailed(f"{uri} is not an S3 URI.")
    return bucket, key


def _unpack(packed: Path, folder: Path) -> None:
    if zipfile.is_zipfile(packed):
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(folder)  # noqa: S202  (this lake's own build)
    else:
        with tarfile.open(packed) as archive:
            archive.extractall(folder, filter="data")
