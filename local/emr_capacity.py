"""How much of an application's maximum capacity a job takes, counted as EMR Serverless counts it.

A job takes a worker for its driver and one for each executor that it starts with. A worker's memory
is what Spark asks for and its overhead, rounded up to a size that there is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from local.spark_submit import BadRequest

# vCPU: the least and the most memory in GB, and the step between two sizes.
SIZES = {1: (2, 8, 1), 2: (4, 16, 1), 4: (8, 30, 1), 8: (16, 60, 4), 16: (32, 120, 8)}
DISK_GB = (20, 200)
# What EMR takes where a job says nothing; its workers have 4 vCPU.
DEFAULT_CORES, DEFAULT_MEMORY, DEFAULT_DISK, DEFAULT_EXECUTORS = "4", "14g", "20g", "3"
OVERHEAD_SHARE, LEAST_OVERHEAD_MIB = "0.1", 384
MIB = {"": 1, "k": 1 / 1024, "m": 1, "g": 1024, "t": 1024**2}


@dataclass(frozen=True)
class Capacity:
    """vCPU, and memory and disk in GB."""

    cpu: int = 0
    memory: int = 0
    disk: int = 0

    def __add__(self, other: Capacity) -> Capacity:
        return Capacity(self.cpu + other.cpu, self.memory + other.memory, self.disk + other.disk)

    def __mul__(self, count: int) -> Capacity:
        return Capacity(self.cpu * count, self.memory * count, self.disk * count)


@dataclass(frozen=True)
class Need:
    """What a job takes when it starts."""

    driver: Capacity
    executors: Capacity

    @property
    def whole(self) -> Capacity:
        """Driver and executors together."""
        return self.driver + self.executors


class NeverStarts(ValueError):
    """A job that EMR accepts and fails before it runs."""


def need_of(conf: Mapping[str, str]) -> Need:
    """What a job with these Spark settings takes; BadRequest where there is no such worker."""
    return Need(worker(conf, "driver"), worker(conf, "executor") * _executors(conf))


def worker(conf: Mapping[str, str], kind: str) -> Capacity:
    """The size of a job's driver, or of one of its executors."""
    cores = conf.get(f"spark.{kind}.cores", DEFAULT_CORES)
    if not cores.isdigit() or int(cores) not in SIZES:
        raise BadRequest(f"spark.{kind}.cores is {cores}: a worker has 1, 2, 4, 8 or 16 vCPU.")
    least, most, step = SIZES[int(cores)]
    memory = _mib(conf.get(f"spark.{kind}.memory", DEFAULT_MEMORY))
    told = conf.get(f"spark.{kind}.memoryOverhead")
    share = float(conf.get("spark.emr-serverless.memoryOverheadFactor", OVERHEAD_SHARE))
    overhead = _mib(told) if told else max(share * memory, LEAST_OVERHEAD_MIB)
    gb = max(least, math.ceil((memory + overhead) / 1024 / step) * step)
    if gb > most:
        raise BadRequest(
            f"spark.{kind}.memory with its overhead is {gb} GB: a worker of {cores} vCPU has "
            f"{least} to {most} GB."
        )
    disk = math.ceil(_mib(conf.get(f"spark.emr-serverless.{kind}.disk", DEFAULT_DISK)) / 1024)
    if not DISK_GB[0] <= disk <= DISK_GB[1]:
        raise BadRequest(f"spark.emr-serverless.{kind}.disk is {disk} GB, and not 20 to 200 GB.")
    return Capacity(int(cores), gb, disk)


def check_executors(conf: Mapping[str, str]) -> None:
    """EMR fails a job at once that starts with more executors than it may grow to."""
    if not _dynamic(conf):
        return
    least = conf.get("spark.dynamicAllocation.minExecutors", "0")
    most = conf.get("spark.dynamicAllocation.maxExecutors", "infinity")
    first = _executors(conf)
    if first < int(least) or (most != "infinity" and first > int(most)):
        raise NeverStarts(
            f"Maximum value of spark.dynamicAllocation.initialExecutors: {first} must be between "
            f"spark.dynamicAllocation.minExecutor {least} and "
            f"spark.dynamicAllocation.maxExecutors {most}."
        )


def maximum(settings: Mapping[str, str] | None) -> Capacity | None:
    """An application's maximum capacity; None where it has none."""
    if not settings:
        return None
    unlimited = "1000000"
    cpu, memory, disk = (
        int(float(re.split(r"\s|[A-Za-z]", settings.get(name) or unlimited)[0]))
        for name in ("cpu", "memory", "disk")
    )
    return Capacity(cpu, memory, disk)


def exceeded(wanted: Capacity, limit: Capacity | None) -> str:
    """Which limits that goes over, as EMR lists them; empty when it goes over none."""
    if limit is None:
        return ""
    over = [
        f"{name}: {most} {unit}"
        for name, taken, most, unit in (
            ("cpu", wanted.cpu, limit.cpu, "vCPU"),
            ("memory", wanted.memory, limit.memory, "GB"),
            ("disk", wanted.disk, limit.disk, "GB"),
        )
        if taken > most
    ]
    return f"[{', '.join(over)}]" if over else ""


def _executors(conf: Mapping[str, str]) -> int:
    """How many executors a job starts with: the largest of what is said, or 3 for what is not."""
    names = ["spark.executor.instances"]
    least = "0"
    if _dynamic(conf):
        names.append("spark.dynamicAllocation.initialExecutors")
        least = conf.get("spark.dynamicAllocation.minExecutors", "0")
    return max(int(least), *(int(conf.get(name, DEFAULT_EXECUTORS)) for name in names))


def _dynamic(conf: Mapping[str, str]) -> bool:
    return conf.get("spark.dynamicAllocation.enabled", "true").lower() == "true"


def _mib(text: str) -> float:
    number, unit = text.lower().rstrip("ib"), ""
    if number[-1:].isalpha():
        number, unit = number[:-1], number[-1]
    if unit not in MIB or not number.replace(".", "", 1).isdigit():
        raise BadRequest(f"{text} is no size of memory or disk.")
    return float(number) * MIB[unit]
