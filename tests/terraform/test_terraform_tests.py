"""Terraform's own tests pass, and all of them ran."""

from __future__ import annotations

import pytest

from tests.terraform.mocked_lake import ROOT, Workbench, failures

NATIVE_TESTS = sorted(path.name for path in (ROOT / "terraform" / "tests").glob("*.tftest.hcl"))


@pytest.mark.parametrize("file", [name for name in NATIVE_TESTS if name != "lake.tftest.hcl"])
def test_terraforms_own_tests_pass(workbench: Workbench, file: str) -> None:
    runs = (ROOT / "terraform" / "tests" / file).read_text().count('\nrun "')

    told = workbench.test(file, *(["-var=env=dev"] if file != "catalog.tftest.hcl" else []))

    (summary,) = (message["test_summary"] for message in told if message["type"] == "test_summary")
    assert failures(told) == []
    assert (summary["passed"], summary["failed"]) == (runs, 0)
