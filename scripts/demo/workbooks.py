"""The files that people would upload, and whether the lake says of them what their maker says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lake_cli.deployment import Deployment
from lake_cli.outcomes import Outcome
from lake_cli.uploads import Uploads
from lake_cli.watching import watching
from scripts.samples import Sample

TIMEOUT_S = 600


class Workbooks:
    """The demo's files on their way: sent first, looked at again when there is time."""

    def __init__(self, deployment: Deployment, samples: Sequence[Sample], folder: Path) -> None:
        self.samples = samples
        self.paths = [sample.write(folder / sample.source) for sample in samples]
        sources = deployment.catalog
        self._uploads = Uploads(
            deployment,
            [
                (sources.source(sample.source), path)
                for sample, path in zip(samples, self.paths, strict=True)
            ],
        )

    def send(self) -> None:
        """Into raw; the lake goes on from there by itself."""
        with watching(wait=False, stderr=False) as watch:
            self._uploads.run(wait=False, timeout_s=TIMEOUT_S, watch=watch)

    def settle(self) -> list[str]:
        """Waits for each file; gives what is not as its maker counted it."""
        with watching(wait=True, quiet_s=0, stderr=False) as watch:
            outcomes = self._uploads.run(wait=True, timeout_s=TIMEOUT_S, watch=watch)
        return surprises(self.samples, outcomes)


def surprises(samples: Sequence[Sample], outcomes: Sequence[Outcome]) -> list[str]:
    """Where the lake says anything else than the generator that made the files."""
    said = []
    for sample, outcome in zip(samples, outcomes, strict=True):
        expected = {sample.truth.status} | ({"unchanged"} if sample.truth.accepted else set())
        if outcome.status not in expected:
            said.append(f"{sample.file_name} is {outcome.status}: {outcome.reason or 'no reason'}")
        elif sample.truth.accepted:
            found = outcome.first_load or outcome.as_dict()
            want, got = _fate(sample.truth.counts), _fate(found)
            if want != got:
                said.append(f"{sample.file_name}: expected {want}, found {got}")
    return said


def _fate(counts: Mapping[str, Any]) -> dict[str, int]:
    """Counts that do not depend on what the tables held before: a known row is a duplicate."""
    known = counts["accepted"] + counts["duplicate"]
    return {"good": known, **{name: counts[name] for name in ("read", "rejected", "empty")}}
