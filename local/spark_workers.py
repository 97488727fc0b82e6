"""Spark's Python workers, without the archives that Spark puts on their path.

Before each task a worker reads anew what is in every archive on its path, and Spark puts its own
largest jar there: 40 ms of CPU a task, for modules that lie in a folder here.
"""

from __future__ import annotations

import sys
from pathlib import Path

ARCHIVES = ("spark-core_*.jar", "pyspark.zip", "py4j-*-src.zip")


def is_spark_s(entry: str) -> bool:
    """Whether this entry of Python's path is one of Spark's archives."""
    return any(Path(entry).match(pattern) for pattern in ARCHIVES)


sys.path[:] = [entry for entry in sys.path if not is_spark_s(entry)]
for known in filter(is_spark_s, list(sys.path_importer_cache)):
    del sys.path_importer_cache[known]

if __name__ == "__main__":
    from pyspark.daemon import manager

    manager()  # type: ignore[no-untyped-call]  # pyspark has no types here
