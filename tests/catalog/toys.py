"""A small catalogue of toys, written anew for each test."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

READINGS: Final = """\
about: Readings of a sensor.
key: [sensor]
partition: [day(at)]
newest_by: at
fresh_within: 48h
retention: 30d
checks:
  - {column: value, between: [0, 1]}
columns:
  sensor: {type: string, required: true, about: Name}
  at: {type: timestamp, required: true, about: When}
  value: {type: double, about: What it read}
  notes: {type: array<string>, about: What people said}
"""
FILES: Final[Mapping[str, str]] = {
    "apis/maker.yaml": "about: The maker.\nurl: https://maker.example\n",
    "tables/silver.readings.yaml": READINGS,
    "tables/gold.means.yaml": READINGS,
    "sources/sheet.yaml": """\
about: By hand.
kind: upload
folder: day={date}
feeds: [silver.readings]
format: {type: workbook, sheet: Hoja1}
columns:
  sensor: {from: Sensor}
  at: {from: When}
""",
    "sources/inline.yaml": """\
about: A table of its own.
kind: upload
path: manual/inline
table:
  name: silver.inline
  key: [sensor]
  columns:
    sensor: {type: string, required: true, about: Name, from: Sensor}
""",
    "jobs/toys_gold.yaml": """\
about: Means.
reads: [silver.readings]
writes: [gold.means]
arguments:
  db: {database: toys_gold}
""",
    "pipelines/daily.yaml": "about: Each day.\nstages: [[toys_gold]]\n",
    "results/means.yaml": """\
about: The means.
job: toys_gold
from: gold.means
columns: [sensor, value]
key: [sensor]
""",
    "results/count.yaml": """\
about: How many.
job: toys_gold
query: SELECT 'all' AS sensor FROM {toys_gold.means}
columns:
  sensor: {type: string, required: true, about: Name}
key: [sensor]
""",
}


def toys(folder: Path, more: Mapping[str, str] | None = None) -> Path:
    """A folder of declarations, with some files that are other or more."""
    for name, text in {**FILES, **(more or {})}.items():
        declare(folder, f"toys/{name}", text)
    return folder


def declare(folder: Path, name: str, text: str) -> Path:
    """A declaration; its name begins with its domain."""
    domain, _, rest = name.partition("/")
    path = folder / "domains" / domain / "catalog" / rest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def own_declarations(folder: Path) -> Path:
    """A copy of what the project declares."""
    for path in (ROOT / "catalog", *ROOT.glob("domains/*/catalog")):
        shutil.copytree(path, folder / path.relative_to(ROOT))
    return folder
