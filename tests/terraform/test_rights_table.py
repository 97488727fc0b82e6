"""Every statement of every policy is one that people have read: rights.txt is compared exactly."""

from __future__ import annotations

from pathlib import Path

from tests.terraform.mocked_lake import Lake
from tests.terraform.rights import blocks, blocks_of, page

APPROVED = Path(__file__).with_name("rights.txt")


def test_every_statement_is_one_that_was_approved(prod: Lake) -> None:
    # A change that is meant: python -m tests.terraform.rights > tests/terraform/rights.txt
    assert page(prod) == APPROVED.read_text()


def test_no_environment_has_a_right_that_another_has_not(lake: Lake) -> None:
    approved = blocks_of(APPROVED.read_text())
    made = blocks(lake)

    assert set(made) <= set(approved)
    assert {title: approved[title] for title in made} == made
