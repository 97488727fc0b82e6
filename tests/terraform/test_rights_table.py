"""Every statement of every policy is one that people have read: rights.txt is compared exactly."""

from __future__ import annotations

import re
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.terraform.mocked_lake import Lake
from tests.terraform.rights import blocks, blocks_of, page

APPROVED = Path(__file__).with_name("rights.txt")


def statements_of(block: str) -> set[str]:
    """The statements of a block, but for who the people are that may take a role."""
    statements = re.split(r"\n(?=  \S)", block)
    return {text for text in statements if "\n    by AWS " not in text}


def test_every_statement_is_one_that_was_approved(prod: Lake) -> None:
    # A change that is meant: python -m tests.terraform.rights > tests/terraform/rights.txt
    approved, made = APPROVED.read_text().splitlines(), page(prod).splitlines()
    changed = "\n".join(unified_diff(approved, made, "approved", "made", n=6, lineterm=""))

    if changed:
        pytest.fail(changed)


def test_no_environment_has_a_right_that_another_has_not(lake: Lake) -> None:
    approved = blocks_of(APPROVED.read_text())

    for title, body in blocks(lake).items():
        assert statements_of(body) <= statements_of(approved[title]), title
