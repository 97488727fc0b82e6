"""Which snapshot people see, and its rows: fetched once while the function is warm."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from functions.results_api.database import Database
from functions.results_api.remembered import Away, Remembered, Seen
from functions.results_api.served_bucket import ServedBucket
from lake import served
from lake.errors import LakeError
from lake.served import Manifest, Pointer

# A rollback is visible within five seconds; the pointer is asked for at most every two.
POINTER_SECONDS: Final = 2.0
LIST_SECONDS: Final = 10.0
STATE_SECONDS: Final = 5.0


class Gone(LakeError):
    """A snapshot that is not kept any more, or never was."""


class Snapshots:
    """Pointers, manifests and databases of the served bucket."""

    def __init__(
        self,
        bucket: ServedBucket,
        folder: Path,
        most_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bucket, self._folder, self._most_bytes = bucket, folder, most_bytes
        self._pointers: Remembered[Pointer | None] = Remembered(POINTER_SECONDS, clock=clock)
        self._states: Remembered[bytes | None] = Remembered(STATE_SECONDS, clock=clock)
        self._lists: Remembered[list[str]] = Remembered(LIST_SECONDS, clock=clock)
        self._manifests: OrderedDict[tuple[str, str], Manifest] = OrderedDict()
        self._databases: OrderedDict[tuple[str, str], Database] = OrderedDict()
        self._good: dict[str, Manifest] = {}

    def pointer(self, result: str) -> Seen[Pointer | None]:
        """The snapshot that people see of a result; None where nothing was published."""

        def read() -> Pointer | None:
            content = self._bucket.read(served.pointer_key(result))
            try:
                return None if content is None else Pointer.parse(content)
            except LakeError as error:
                raise Away(f"the pointer of {result} cannot be read: {error}") from error

        return self._pointers.get(result, read)

    def manifest(self, result: str, snapshot: str) -> Manifest:
        """What a snapshot says of itself; it never changes."""
        place = (result, snapshot)
        if place not in self._manifests:
            content = self._bucket.read(served.manifest_key(result, snapshot))
            if content is None:
                raise Gone(f"snapshot {snapshot} of {result} is not kept")
            self._manifests[place] = Manifest.parse(content)
            while len(self._manifests) > 200:
                self._manifests.popitem(last=False)
        return self._manifests[place]

    def current(self, result: str) -> Seen[Manifest] | None:
        """The manifest that the pointer names; the last good one where that cannot be read."""
        seen = self.pointer(result)
        if seen.value is None:
            return None
        try:
            return Seen(self.manifest(result, seen.value.snapshot), seen.stale_seconds)
        except LakeError as error:
            return Seen(self.last_good(result, error), seen.stale_seconds or 0.0)

    def last_good(self, result: str, error: LakeError) -> Manifest:
        """The snapshot of a result that was answered from last, for want of a better one."""
        if result not in self._good:
            raise Away(f"nothing can be read of {result}: {error}") from error
        return self._good[result]

    def database(self, manifest: Manifest) -> Database:
        """The rows of a snapshot; the longest unused go when the disk is full."""
        place = (manifest.result, manifest.snapshot)
        if place not in self._databases:
            self._databases[place] = self._fetched(manifest)
            self._make_room()
        self._databases.move_to_end(place)
        self._good[manifest.result] = manifest
        return self._databases[place]

    def kept(self, result: str) -> list[str]:
        """The snapshots of a result that are kept, the newest first."""
        prefix = served.folder(result)
        seen = self._lists.get(result, lambda: self._bucket.folders(prefix))
        return sorted(filter(served.is_snapshot, seen.value), reverse=True)

    def state(self) -> Seen[bytes | None]:
        """What `watch` wrote of the lake."""
        return self._states.get("state", lambda: self._bucket.read(served.STATE_KEY))

    def content(self, key: str) -> bytes:
        """An object of a snapshot, as it is."""
        content = self._bucket.read(key)
        if content is None:
            raise Gone(f"{key} is not kept")
        return content

    def address(self, key: str, seconds: int) -> str:
        """Where anybody can read an object for a while."""
        return self._bucket.address(key, seconds)

    def _fetched(self, manifest: Manifest) -> Database:
        folder = Path(tempfile.mkdtemp(prefix=f"{manifest.result}-", dir=self._folder))
        files = [folder / f"{number:05}.parquet" for number in range(len(manifest.files))]
        try:
            for said, file in zip(manifest.files, files, strict=True):
                if not self._bucket.fetch(said.key, file):
                    raise Gone(f"{said.key} is not kept")
            return Database.made(manifest, files, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _make_room(self) -> None:
        while len(self._databases) > 1 and self._taken() > self._most_bytes:
            _, oldest = self._databases.popitem(last=False)
            oldest.close()

    def _taken(self) -> int:
        return sum(database.size for database in self._databases.values())
