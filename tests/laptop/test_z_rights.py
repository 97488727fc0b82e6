"""After all journeys: every right was used or has its reason, and the loss of each is noticed."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from local.installed import REPOSITORY, cloud_python
from tests.laptop.journey import Lake, eventually
from tests.laptop.rights import Grant, granted, policies, reasons, used


@pytest.fixture(scope="module", autouse=True)
def _all_journeys(request: pytest.FixtureRequest) -> None:
    """What was used is known only when every journey has run, as in a green `make test`."""
    chosen = {item.path.name for item in request.session.items}
    files = Path(__file__).parent.glob("test_*.py")
    every = {path.name for path in files if "def test_" in path.read_text()}
    if every - chosen or request.session.testsfailed:
        pytest.skip("needs every journey, and none that failed")


def listed(grants: set[Grant]) -> list[str]:
    return sorted(f"{grant.role} {grant.statement} {grant.action}" for grant in grants)


def test_every_right_was_used_or_has_its_reason(lake: Lake, prefix: str) -> None:
    grants, known = granted(lake, prefix), reasons()

    def without_reason() -> set[Grant]:
        unused = grants - used(lake, grants, prefix)
        return {grant for grant in unused if not any(why.covers(grant) for why in known)}

    # The last journey's people are told, and its run is looked at, some seconds after its end.
    with suppress(AssertionError):
        eventually(lambda: not without_reason(), seconds=30)
    unused = grants - used(lake, grants, prefix)
    needless = [
        why
        for why in known
        if any(why.covers(grant) for grant in grants - unused)
        and not any(why.covers(grant) for grant in unused)
    ]

    assert listed(without_reason()) == [], "nobody needs them: take them out of Terraform"
    assert needless == [], "they are used: take them off the list"


def test_the_loss_of_any_used_statement_would_refuse_something(lake: Lake) -> None:
    documents = {
        role: [policy["document"] for policy in inline] for role, inline in policies(lake).items()
    }
    answer = subprocess.run(
        [str(cloud_python()), "-m", "local.iam.replay", str(lake.state_dir)],
        input=json.dumps(documents), cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip

    losses: list[dict[str, Any]] = json.loads(answer.stdout)
    assert len(losses) > 50
    unnoticed = [f"{loss['role']} {loss['statement']}" for loss in losses if not loss["refused"]]
    assert unnoticed == [], "another statement grants the same"
