"""What a cold start pays for each Lambda: import time and zip size, beside boto3 alone."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

from bench.measure import Run, middle, python
from bench.report import Figure

AIM_TIMES_BOTO3 = 2.0
RUNS = 7


def figures(build: Path) -> list[Figure]:
    """One line a function, its layers unpacked beside it as Lambda does."""
    yardstick = _import("boto3", [])
    lines = []
    for archive in sorted((build / "functions").glob("*.zip")):
        with tempfile.TemporaryDirectory() as folder:
            paths = [_unpack(archive, Path(folder) / "task")]
            for layer in sorted((build / "layers").glob("*.zip")):
                paths.append(_unpack(layer, Path(folder) / layer.stem) / "python")
            ours = _import(f"functions.{archive.stem}.handler", paths)
        ratio = ours.cpu_s / yardstick.cpu_s
        lines.append(
            Figure(
                what=f"cold import of {archive.stem} ({archive.stat().st_size / 1000:.0f} kB zip)",
                ours=_cost(ours),
                yardstick=f"import boto3: {_cost(yardstick)}",
                ratio=f"{ratio:.2f}",
                aim=f"at most {AIM_TIMES_BOTO3:.0f}",
                met=ratio <= AIM_TIMES_BOTO3,
            )
        )
    for layer in sorted((build / "layers").glob("*.zip")):
        size = layer.stat().st_size / 1_000_000
        lines.append(Figure(f"layer {layer.stem}", f"{size:.2f} MB zip", "", "", "", None))
    return lines


def _cost(run: Run) -> str:
    return f"{run.cpu_s * 1000:.0f} ms CPU, {run.peak_mb:.0f} MB"


def _unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return folder


def _import(module: str, paths: list[Path]) -> Run:
    """Import once a process, without this environment's packages but with the runtime's boto3."""
    search = [*map(str, paths), sysconfig.get_path("purelib")]
    code = f"import sys; sys.path[:0] = {search[:-1]!r}; sys.path.append({search[-1]!r})\n"
    command = f"{code}import {module}"
    return middle([python(command, {"AWS_DEFAULT_REGION": "eu-west-1"}) for _ in range(RUNS)])


if __name__ == "__main__":
    from bench.report import show

    show("Lambda imports", figures(Path(sys.argv[1] if len(sys.argv) > 1 else "build")))
