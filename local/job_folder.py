"""A job's working directory: its files fetched, its command line composed."""

from __future__ import annotations

import os
import shlex
import shutil
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.spark_home import SparkHome
from local.spark_runner import Prepared
from local.spark_submit import SparkJob

SUBMIT_CLASS = "org.apache.spark.deploy.SparkSubmit"


class FetchFailed(RuntimeError):
    """A file that the job names can't be read from S3."""


class JobFolder:
    """A job's working directory and the way its files get there."""

    def __init__(self, home: SparkHome, folder: Path, s3: Any) -> None:
        self._home, self._folder, self._s3 = home, folder, s3

    def prepare(
        self, job: SparkJob, environment: dict[str, str], class_option: str = ""
    ) -> Prepared:
        """Fetch what the job names and compose its command line; blocks, so call it in a thread."""
        shutil.rmtree(self._folder, ignore_errors=True)
        work, temporary = self._folder / "work", self._folder / "tmp"
        for path in (work, temporary):
            path.mkdir(parents=True)
        entry = self._fetch(job.entry_point, work)
        py_files = [self._fetch(uri, self._folder / "py-files") for uri in job.py_files]
        jars = [self._fetch(uri, self._folder / "jars") for uri in job.jars]
        for uri in job.files:
            self._fetch(uri, work)
        for alias, uri in job.archives.items():
            (work / alias).symlink_to(self._unpacked(uri))
        settings = job.conf | self._settings(temporary)
        command = self._home.java_command(
            temporary,
            f"-Xmx{self._home.heap(job.conf.get('spark.driver.memory', ''))}",
            *shlex.split(job.conf.get("spark.driver.extraJavaOptions", "")),
            class_option or f"-XX:SharedArchiveFile={self._home.class_archive}",
        )
        command += [SUBMIT_CLASS, "--master", f"local[{self._home.cores}]"]
        for name, value in settings.items():
            command += ["--conf", f"{name}={value}"]
        if py_files:
            command += ["--py-files", ",".join(map(str, py_files))]
        if jars:
            command += ["--jars", ",".join(map(str, jars))]
        command += [str(entry), *job.arguments]
        return Prepared(command, self._environment(job, environment, temporary), self._folder)

    def _settings(self, temporary: Path) -> dict[str, str]:
        return {
            "spark.ui.enabled": "false",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(temporary),
            "spark.sql.warehouse.dir": str(temporary / "warehouse"),
        }

    def _environment(
        self, job: SparkJob, environment: dict[str, str], temporary: Path
    ) -> dict[str, str]:
        python = str(self._home.python_command())
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "TZ": "UTC",
            "JAVA_HOME": str(self._home.java.parents[1]),
            "SPARK_HOME": str(self._home.spark),
            "SPARK_LOCAL_IP": "127.0.0.1",
            **job.environment,
            "PYSPARK_PYTHON": python,
            "PYSPARK_DRIVER_PYTHON": python,
            **environment,
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
