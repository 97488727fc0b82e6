"""Third-party packages for a platform, by pip alone, without what nobody imports at run time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from scripts.packing.platforms import Platform
from scripts.provision.pip import pip_environment, pip_failure

# pip's own notes (they hold hashes of what is trimmed), scripts, type stubs, and the files of a
# documentation page that Powertools can serve and we do not.
TRIMMED = (
    "bin/*",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*/__pycache__/*",
    "__pycache__/*",
    "*.pyc",
    "*.pyi",
    "*/py.typed",
    "*/swagger_ui/*.js",
    "*/swagger_ui/*.css",
)
# botocore describes 400 services in 25 MB, which each cold start would unpack. These are called.
SERVICES = {
    "job": ("glue", "s3", "sts"),
    "function": (
        *("athena", "dynamodb", "emr-serverless", "glue", "s3", "secretsmanager", "sns", "sqs"),
        "stepfunctions",
    ),
}
BOTOCORE_DATA = "botocore/data/"


class BuildError(Exception):
    """The build cannot go on; the text says what a person can do."""


def packages(
    requirements: Path, pins: Path, platform: Platform, log: Path, keep: Callable[[str], bool]
) -> dict[str, bytes]:
    """The files of the required packages for a platform, by their place under site-packages."""
    with tempfile.TemporaryDirectory(prefix="wheels-") as temporary:
        folder = Path(temporary)
        _install(requirements, pins, platform, folder, log)
        names = (
            file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()
        )
        return {
            name: (folder / name).read_bytes()
            for name in sorted(names)
            if keep(name) and not any(fnmatch(name, pattern) for pattern in TRIMMED)
        }


def needed_by(kind: str) -> Callable[[str], bool]:
    """What to keep for a job or a function: no description of a service that none of them calls."""

    def keep(name: str) -> bool:
        if not name.startswith(BOTOCORE_DATA):
            return True
        parts = name.removeprefix(BOTOCORE_DATA).split("/")
        return len(parts) == 1 or parts[0] in SERVICES[kind]

    return keep


def _install(requirements: Path, pins: Path, platform: Platform, folder: Path, log: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-compile", "--only-binary=:all:"]
    command += [*platform.pip_arguments(), "--target", str(folder)]
    command += ["-c", str(pins), "-r", str(requirements)]
    done = subprocess.run(
        command, env=pip_environment(), capture_output=True, text=True, check=False
    )
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise BuildError(f"{requirements}: {pip_failure(done.stdout + done.stderr, log)}")
