"""Scan terraform/ with checkov: `python scripts/checkov_scan.py`; 0 when nothing failed.

Checkov lives in an environment of its own (.venv-checkov, `python3 scripts/setup.py checkov`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class ScanError(Exception):
    """Checkov could not be run; the text says what to do."""


@dataclass(frozen=True, order=True)
class Finding:
    """One check on one resource; a skipped one carries its reason."""

    check: str
    resource: str
    text: str


@dataclass(frozen=True)
class Scan:
    """What checkov found."""

    passed: int
    failed: tuple[Finding, ...]
    skipped: tuple[Finding, ...]


def scan(root: Path = ROOT, directory: Path | None = None) -> Scan:
    """Run checkov over terraform/, or over another directory with the same settings."""
    python = root / ".venv-checkov" / "bin" / "python"
    if not python.exists():
        raise ScanError("checkov is not installed: run `python3 scripts/setup.py checkov`.")
    command = [
        str(python),
        "-m",
        "checkov.main",
        "--config-file",
        ".checkov.yaml",
        "--output",
        "json",
    ]
    if directory:
        command += ["--directory", str(directory)]
    # Checkov would look for its own updates and platform; a scan needs neither.
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("BC_", "CKV_", "PRISMA_"))
    }
    answer = subprocess.run(
        command,
        cwd=root,
        env=environment | {"LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = json.loads(answer.stdout)
    except ValueError:
        raise ScanError(f"checkov gave no report: {answer.stderr.strip()[-500:]}") from None
    if "results" not in report:
        raise ScanError(f"checkov scanned nothing: {report}")
    if report["summary"]["parsing_errors"]:
        raise ScanError(f"checkov cannot read {report['results']['parsing_errors']}")
    return Scan(
        passed=report["summary"]["passed"],
        failed=_findings(report["results"]["failed_checks"]),
        skipped=_findings(report["results"]["skipped_checks"]),
    )


def _findings(checks: list[dict[str, Any]]) -> tuple[Finding, ...]:
    return tuple(
        sorted(
            Finding(
                check["check_id"],
                check["resource"],
                check["check_result"].get("suppress_comment") or check["check_name"],
            )
            for check in checks
        )
    )


def main() -> int:
    """Print what failed, what is skipped and why, and the count."""
    try:
        found = scan()
    except ScanError as error:
        print(f"checkov: {error}", file=sys.stderr)
        return 2
    for finding in found.failed:
        print(f"FAILED  {finding.check} {finding.resource}: {finding.text}")
    for check, reason in sorted({(finding.check, finding.text) for finding in found.skipped}):
        count = sum(finding.check == check for finding in found.skipped)
        print(f"skipped {check} on {count}: {reason}")
    print(
        f"checkov: {found.passed} passed, {len(found.failed)} failed, {len(found.skipped)} skipped"
    )
    return 1 if found.failed else 0


if __name__ == "__main__":
    sys.exit(main())
