"""The entry scripts as they are submitted: a process of its own, the documented arguments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.samples import arrivals as arrivals_samples
from tests.spark.lakehouse import JOBS, Lakehouse, jars
from tests.spark.local_session import SOON_UP

pytestmark = pytest.mark.spark

TREE = Path(__file__).parents[2]


@pytest.fixture
def py_files(tmp_path: Path) -> Path:
    """What --py-files carries: `lake`, `jobs` and the domains, importable out of the zip."""
    path = tmp_path / "lake.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for root in (TREE / "layers" / "lake", TREE / "spark"):
            for package in ("lake", "jobs"):
                for file in sorted((root / package).glob("*.*")):
                    archive.write(file, file.relative_to(root))
        for file in sorted(TREE.glob("domains/**/*.py")):
            archive.write(file, file.relative_to(TREE))
    return path


def test_the_arrivals_job_is_submitted_with_its_three_documented_arguments(
    lakehouse: Lakehouse, tmp_path: Path, py_files: Path
) -> None:
    sample = arrivals_samples.day(11, "2025-08-29", count=60)
    book = sample.write(tmp_path)
    lakehouse.create("emt_silver.arrivals_predictions", "emt_silver.stops")
    catalog = "spark.sql.catalog.glue_catalog"
    settings = {
        "spark.master": "local[2]",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        # It is up once for sixty rows: whatever compiles would not pay for itself.
        "spark.driver.extraJavaOptions": f"-XX:+UseSerialGC {SOON_UP}",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.extensions": (
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
        ),
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "hadoop",
    }
    command = [
        str(Path(sys.executable).parent / "spark-submit"),
        *("--driver-class-path", ":".join(map(str, jars()))),
        *("--py-files", str(py_files)),
        *(word for name, value in settings.items() for word in ("--conf", f"{name}={value}")),
        str(TREE / "spark" / "emt_arrivals.py"),
        f"--input={book}",
        f"--warehouse={lakehouse.warehouse}",
        f"--db={lakehouse.prefix}emt_silver",
    ]
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}

    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout[done.stdout.index("{\n") :])
    assert result["loads"][0]["counts"] == sample.truth.counts
    assert len(lakehouse.rows("emt_silver.arrivals_predictions")) == sample.truth.accepted


@pytest.mark.parametrize("job", sorted(JOBS))
def test_each_entry_script_says_what_it_wants(job: str) -> None:
    folders = os.pathsep.join(map(str, (TREE / "spark", TREE / "layers" / "lake", TREE)))
    script = str(TREE / "spark" / f"{job}.py")

    done = subprocess.run(
        [sys.executable, script, "--nonsense"],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert f"usage: {job}" in done.stderr
    for argument in ("--input", "--batch", "--warehouse", "--db", "--result"):
        assert argument in done.stderr
