"""Where the built things will run: this machine, or AWS's."""

from __future__ import annotations

import sys
from dataclasses import dataclass

Minor = tuple[int, int]

# Wheels for AWS: Lambda's python3.12 and later and EMR 7 are Amazon Linux 2023 (glibc 2.34).
MANYLINUX = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
PROCESSORS = {"arm64": "aarch64", "x86_64": "x86_64"}


@dataclass(frozen=True)
class Platform:
    """A Python version and, unless it is this machine, a processor of AWS."""

    python: Minor
    processor: str | None = None

    def pip_arguments(self) -> list[str]:
        """What makes pip choose wheels for it."""
        if self.processor is None:
            return []
        wheels = [f"{linux}_{PROCESSORS[self.processor]}" for linux in MANYLINUX]
        platforms = [word for wheel in wheels for word in ("--platform", wheel)]
        version = ".".join(map(str, self.python))
        return [*platforms, "--implementation", "cp", "--python-version", version]


@dataclass(frozen=True)
class Target:
    """The platforms of one world: of its functions and of its Spark."""

    name: str
    functions: Platform
    spark: Platform


def laptop() -> Target:
    here = Platform((sys.version_info[0], sys.version_info[1]))
    return Target("laptop", functions=here, spark=here)


def aws(functions_python: Minor, functions_processor: str, spark_processor: str) -> Target:
    """EMR release 7 runs Python 3.11; the functions' Python is a Terraform variable."""
    return Target(
        "aws",
        functions=Platform(functions_python, functions_processor),
        spark=Platform((3, 11), spark_processor),
    )
