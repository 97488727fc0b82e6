"""An outside judge of the laptop's Glue and Athena: PyIceberg's own integration tests.

The tests of the pinned version come from its source archive into a folder that is thrown away, and
run as they are against a laptop cloud of their own. More words go on to pytest:
`python -m scripts.pyiceberg_tests -k rename`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

import boto3

from local.lifecycle import HOST, REGION, LaptopCloud

TESTS = "tests/catalog/integration_test_glue.py"
BUCKET = "pyiceberg-tests"
# What PyIceberg's tests need beside what is installed here.
MORE = "pytest-lazy-fixtures==1.4.1"
# Arrow reads no AWS_ENDPOINT_URL, and the tests make their catalogues without its properties.
PLUGIN = """
import os
from functools import partialmethod

from pyiceberg.catalog.glue import GlueCatalog

GlueCatalog.__init__ = partialmethod(
    GlueCatalog.__init__,
    **{
        "s3.endpoint": os.environ["AWS_ENDPOINT_URL"],
        "s3.region": os.environ["AWS_REGION"],
        "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
        "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
    },
)
"""


def main(arguments: list[str]) -> int:
    """pytest's own exit code."""
    with tempfile.TemporaryDirectory(prefix="pyiceberg-tests-") as scratch:
        folder = Path(scratch)
        fetch(folder)
        cloud = LaptopCloud(folder / "cloud", free_port())
        cloud.up()
        try:
            return run(folder, cloud, arguments)
        finally:
            cloud.down()


def fetch(folder: Path) -> None:
    """The tests of the installed version, what they need, and the plugin that says where S3 is."""
    source = f"pyiceberg=={version('pyiceberg')}"
    pip("download", "--no-deps", "--no-binary", "pyiceberg", "--dest", str(folder), source)
    (archive,) = folder.glob("pyiceberg-*.tar.gz")
    with tarfile.open(archive) as packed:
        wanted = [
            member.replace(name=member.name.partition("/")[2])
            for member in packed.getmembers()
            if member.name.partition("/")[2].startswith(("tests/", "pyproject.toml"))
        ]
        packed.extractall(folder, wanted, filter="data")
    pip("install", "--no-deps", "--target", str(folder / "more"), MORE)
    (folder / "laptop_properties.py").write_text(PLUGIN, encoding="utf-8")


def pip(*words: str) -> None:
    """One command of pip, which says on stderr what is wrong."""
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *words], check=True)


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def run(folder: Path, cloud: LaptopCloud, arguments: list[str]) -> int:
    """The tests in a process that knows this cloud and no other."""
    named = {name: value for name, value in cloud.environment().items() if value}
    boto3.client(
        "s3",
        endpoint_url=cloud.endpoint,
        region_name=REGION,
        aws_access_key_id=named["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=named["AWS_SECRET_ACCESS_KEY"],
    ).create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **named,
        "AWS_TEST_BUCKET": BUCKET,
        "AWS_TEST_GLUE_ENDPOINT": cloud.endpoint,
        "PYTHONPATH": os.pathsep.join([str(folder), str(folder / "more")]),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "laptop_properties", TESTS, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
