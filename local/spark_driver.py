"""A job's own process: joins the JVM that was started for it, runs its script, leaves no trace.

It runs as `python -S spark_driver.py SETTINGS SCRIPT ARGUMENT...` with nothing on its path but
pyspark and what the job brought. Where the JVM listens, PySpark reads from PYSPARK_GATEWAY_PORT.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

from pyspark import SparkContext
from pyspark.java_gateway import launch_gateway


def main(settings_file: str, script: str, *arguments: str) -> None:
    """The script runs as if Python had been started with it."""
    settings: dict[str, str] = json.loads(Path(settings_file).read_text())
    gateway = launch_gateway()  # type: ignore[no-untyped-call]  # pyspark has no types here
    system = gateway.jvm.java.lang.System
    # An earlier job's settings are not this one's.
    for name in list(system.getProperties().stringPropertyNames()):
        if name.startswith("spark."):
            system.clearProperty(name)
    for name, value in settings.items():
        system.setProperty(name, value)
    SparkContext._ensure_initialized(gateway=gateway)
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        if SparkContext._active_spark_context is not None:
            SparkContext._active_spark_context.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
