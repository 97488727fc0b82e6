"""Files into raw, several at once, and the wait until each is settled."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from lake import keys
from lake.catalog import Source
from lake_cli.deployment import Deployment
from lake_cli.exits import Exit, Stop
from lake_cli.outcomes import UPLOADED, WAITING, Outcome, after

AT_ONCE = 4
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.15, 1.0

Watch = Callable[[Sequence[Outcome]], None]


def check(paths: Sequence[Path]) -> None:
    """Refuses what cannot be read before anything is sent: all or nothing."""
    for path in paths:
        if path.is_dir():
            raise Stop(f"'{path}' is a folder", f"name its files: {path}/*", Exit.USAGE)
        if not path.exists():
            raise Stop(f"there is no file '{path}'", code=Exit.USAGE)
        try:
            path.open("rb").close()
        except OSError as error:
            raise Stop(f"'{path}' cannot be read: {error.strerror}", code=Exit.USAGE) from error


@dataclass(frozen=True)
class Sent:
    """One upload that S3 has."""

    version: str
    sha256: str


@dataclass
class Upload:
    """One file on its way."""

    path: Path
    key: str
    outcome: Outcome
    sent: Future[Sent] | None = None
    began: float = 0.0

    @property
    def arrived(self) -> Sent | None:
        """What S3 calls this very upload, once it has it."""
        return self.sent.result() if self.sent and self.sent.done() else None


class Uploads:
    """A set of files, each with its source."""

    def __init__(self, deployment: Deployment, files: Sequence[tuple[Source, Path]]) -> None:
        self._s3 = deployment.client("s3")
        self._ledger = deployment.ledger
        self._bucket = deployment.bucket("raw")
        now = datetime.now(UTC)
        self.files = [
            Upload(path, keys.landing(source, path.name, now), Outcome(str(path), source.id))
            for source, path in files
        ]

    @property
    def outcomes(self) -> list[Outcome]:
        """In the order in which the files were named."""
        return [upload.outcome for upload in self.files]

    def run(self, *, wait: bool, timeout_s: float, watch: Watch) -> list[Outcome]:
        """Sends all; with `wait` stays until the lake has settled each one or time is up."""
        deadline = time.monotonic() + timeout_s
        pause = SHORTEST_PAUSE_S
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            while not self._step(pool, wait=wait):
                watch(self.outcomes)
                if time.monotonic() > deadline:
                    self._give_up()
                    break
                time.sleep(pause)
                pause = min(pause * 1.1, LONGEST_PAUSE_S)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        watch(self.outcomes)
        return self.outcomes

    def _step(self, pool: ThreadPoolExecutor, *, wait: bool) -> bool:
        """One look at everything; true when there is nothing left to wait for."""
        for upload in self.files:
            if not upload.outcome.settled:
                self._advance(upload, pool)
        return all(u.outcome.settled if wait else u.arrived is not None for u in self.files)

    def _advance(self, upload: Upload, pool: ThreadPoolExecutor) -> None:
        if upload.sent is None:
            upload.began = time.monotonic()
            upload.sent = pool.submit(self._send, upload)
        elif (sent := upload.arrived) is not None:
            receipt = self._ledger.receipt(upload.key, sent.version)
            known = receipt and self._ledger.file(receipt.source, receipt.sha256)
            outcome = replace(upload.outcome, sha256=sent.sha256)
            upload.outcome = after(outcome, receipt, known or None)
        upload.outcome = replace(upload.outcome, seconds=time.monotonic() - upload.began)

    def _send(self, upload: Upload) -> Sent:
        with upload.path.open("rb") as body:
            sha256 = file_digest(body, "sha256").hexdigest()
            body.seek(0)
            answer = self._s3.put_object(Bucket=self._bucket, Key=upload.key, Body=body)
        return Sent(str(answer["VersionId"]), sha256)

    def _give_up(self) -> None:
        for upload in self.files:
            if upload.outcome.status == UPLOADED:
                seconds = time.monotonic() - upload.began
                upload.outcome = replace(upload.outcome, status=WAITING, seconds=seconds)
