"""One delivery stream at work: buffer, transform, append, set aside, remember."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.firehose_iceberg_errors import ErrorPrefix
from local.firehose_iceberg_progress import Arrived, Buffer, Plan, Progress
from local.firehose_iceberg_settings import Settings
from local.firehose_iceberg_sink import Interrupted, Sink
from local.firehose_iceberg_source import Source
from local.firehose_iceberg_transform import Failed, Transform, Transformed
from local.iam.services.firehose import as_its_role, say_what_failed
from local.job_cloud import cloud_client

POLL_S = 0.05
PAUSE_AFTER_TROUBLE_S = 2.0
logger = logging.getLogger("firehose_iceberg")


class Delivery:
    """A thread that delivers what a Kinesis stream is given, in the order of its shards.

    The order of steps is the promise. The plan is on disk before anything is written; failures and
    rows are written; the cloud's own state is saved, without which a kill would forget the commit;
    then the position moves. A kill anywhere repeats the plan, whose token the table remembers and
    whose error objects have the same keys: nothing is lost, and nothing is there twice.
    """

    def __init__(
        self, settings: Settings, folder: Path, endpoint: str, save: Callable[[], None]
    ) -> None:
        self.settings = settings
        self._endpoint, self._save = endpoint, save
        self._progress = Progress.load(folder / f"{progress_name(settings)}.json")
        self._source = Source(settings.source_arn, settings.created)
        self._buffer = self._emptied()
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"firehose-{settings.name}", daemon=True
        )
        self.delivered = self.failed = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience: float = 3) -> None:
        """Finish the delivery in hand if that is soon; the rest is taken up at the next start."""
        self._stopped.set()
        self._thread.join(patience)

    def forget(self) -> None:
        """The stream was deleted."""
        self._stopped.set()
        self._progress.path.unlink(missing_ok=True)

    def update(self, settings: Settings) -> None:
        """Go on with other buffers, another function, another place for errors."""
        self.settings = settings

    def health(self) -> dict[str, Any]:
        waiting = self._source.waiting(self._progress.positions, self.settings.buffer_bytes)
        oldest = time.time() - waiting[0].at if waiting else 0.0
        return {
            "waiting": len(waiting),
            "oldest_s": round(oldest, 1),
            "delivered": self.delivered,
            "failed": self.failed,
        }

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._step()
            except Interrupted:
                return
            except Exception:
                # Whatever it is (a bucket that is gone, a full disk): the position has not moved.
                logger.exception("%s: the delivery is tried again", self.settings.name)
                self._stopped.wait(PAUSE_AFTER_TROUBLE_S)

    def _step(self) -> None:
        if self._progress.plan is not None:
            self._deliver(self._source.planned(self._progress.plan), self._progress.plan)
            return
        self._buffer.fill(self.settings.buffer_bytes)
        if not self._full():
            self._stopped.wait(POLL_S)
            return
        records = self._buffer.records()
        self._deliver(records, self._progress.begin(records))

    def _emptied(self) -> Buffer:
        return Buffer(self._source.waiting, self._progress.positions)

    def _full(self) -> bool:
        waited = time.time() - self._buffer.oldest
        heavy = self._buffer.weight >= self.settings.buffer_bytes
        return waited >= self.settings.buffer_seconds or heavy

    def _deliver(self, records: list[Arrived], plan: Plan) -> None:
        credentials = as_its_role(self.settings)
        outcomes = Transform(self.settings).run(records)
        good = [outcome for outcome in outcomes if isinstance(outcome, Transformed)]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        settings = self.settings
        sink = Sink(settings, self._endpoint, self._stopped.is_set, credentials.access_key)
        failed += sink.write(good, plan.token)
        s3 = cloud_client("s3", settings.account, settings.region, credentials)
        ErrorPrefix(settings, s3).write(failed, plan.token)
        if failed:
            say_what_failed(settings, credentials)
        self._save()
        self._progress.done()
        self._buffer = self._emptied()
        self.failed += len(failed)
        self.delivered += len(records) - len(failed)


def progress_name(settings: Settings) -> str:
    """A stream that is made anew under an old name begins anew."""
    return f"{settings.account}_{settings.region}_{settings.name}_{settings.created:.0f}"
