"""After all journeys: the loss of any statement that was used is noticed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.installed import REPOSITORY, cloud_python
from tests.laptop.journey import Lake
from tests.laptop.rights import policies


@pytest.fixture(scope="module", autouse=True)
def _all_journeys(request: pytest.FixtureRequest) -> None:
    """What was used is known only when every journey has run."""
    chosen = {item.path.name for item in request.session.items}
    every = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    if every - chosen or request.session.testsfailed:
        pytest.skip("needs every journey, and none that failed")


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
