"""Checkov finds nothing, each exception is counted with its reason, and it can find something."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scripts import checkov_scan
from scripts.checkov_scan import Scan
from scripts.console import Console
from scripts.provision.prepare import Workshop

# Check, how often it is skipped, and the first words of the reason in the resource.
JUSTIFIED = {
    "CKV_AWS_117": (7, "It talks to AWS APIs only"),
    "CKV_AWS_144": (10, "One region by choice"),
    "CKV_AWS_240": (1, "Encryption at rest is asked of Firehose for Direct PUT only"),
    "CKV_AWS_241": (1, "The same: Kinesis carries the lake's own key"),
    "CKV_AWS_272": (7, "The zips are built from this repository"),
    "CKV_AWS_290": (2, "A workspace that is to be made has no ARN yet"),
    "CKV_AWS_309": (3, "The function checks keys"),
    "CKV_AWS_333": (1, "Only in a network of its own"),
    "CKV_AWS_355": (2, "A workspace that is to be made has no ARN yet"),
    "CKV2_AWS_11": (1, "One container without an open port"),
    "CKV2_AWS_57": (1, "Only their owner can rotate them"),
}


@pytest.fixture(scope="session", autouse=True)
def _checkov() -> None:
    """The environment of checkov, made at the first run (a minute) and kept."""
    venv = Workshop(checkov_scan.ROOT, Console(live=False)).checkov
    if not venv.is_ready():
        venv.make(lambda _: None)


@pytest.fixture(scope="session")
def found() -> Scan:
    return checkov_scan.scan()


def test_nothing_fails(found: Scan) -> None:
    assert [f"{finding.check} {finding.resource}" for finding in found.failed] == []
    assert found.passed > 250


def test_every_skip_is_on_the_list_with_its_reason(found: Scan) -> None:
    counted = Counter(finding.check for finding in found.skipped)

    assert counted == {check: count for check, (count, _) in JUSTIFIED.items()}
    for finding in found.skipped:
        assert finding.text.startswith(JUSTIFIED[finding.check][1])


def test_an_open_bucket_is_found(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "open" {\n  bucket = "open"\n}\n')

    wrong = checkov_scan.scan(directory=tmp_path)

    assert {"CKV2_AWS_6", "CKV_AWS_145"} <= {finding.check for finding in wrong.failed}
