"""Spark's Python workers, without the archives that Spark puts on their path.

Before each task a worker reads anew what is in every archive on its path, and Spark puts its own
largest jar there: 40 ms of CPU a task, for modules that lie in a folder here.

And without what the driver alone was given: here both have one JVM, on EMR each has its own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

DRIVER_ONLY = "LAKE_DRIVER_ONLY"
ARCHIVES = ("spark-core_*.jar", "pyspark.zip", "py4j-*-src.zip")


def is_spark_s(entry: str) -> bool:
    """Whether this entry of Python's path is one of Spark's archives."""
    return any(Path(entry).match(pattern) for pattern in ARCHIVES)


sys.path[:] = [entry for entry in sys.path if not is_spark_s(entry)]
for known in filter(is_spark_s, list(sys.path_importer_cache)):
    del sys.path_importer_cache[known]

for name in os.environ.pop(DRIVER_ONLY, "").split():
    os.environ.pop(name, None)

if __name__ == "__main__":
    from pyspark.daemon import manager

    manager()  # type: ignore[no-untyped-call]  # pyspark has no types here
