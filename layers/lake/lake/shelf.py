"""The snapshots of one result: which are whole, which is shown, and how that changes.

The pointer is written by compare-and-set, so that a person who rolls back and a run that publishes
in the same moment both learn what the other did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lake import served
from lake.names import nearest
from lake.objects import Objects
from lake.served import Manifest, Pointer, ServedError


@dataclass(frozen=True)
class Seen:
    """A result at one look."""

    pointer: Pointer | None  # none also when what lies there cannot be read
    tag: str | None  # of the pointer's object
    sizes: Mapping[str, int]  # every object of a snapshot, and how large it is
    whole: tuple[str, ...]  # snapshots that have their manifest, oldest first

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Objects of snapshots that a run left without a manifest."""
        return tuple(key for key in self.sizes if served.snapshot_of(key) not in self.whole)

    @property
    def current(self) -> str | None:
        """The snapshot that people see, if it is there."""
        shown = None if self.pointer is None else self.pointer.snapshot
        return shown if shown in self.whole else None

    def before(self, snapshot: str) -> str | None:
        """The snapshot before one."""
        older = [one for one in self.whole if one < snapshot]
        return older[-1] if older else None


class Shelf:
    """One result in the served bucket."""

    def __init__(self, objects: Objects, result_id: str) -> None:
        self._objects, self._result = objects, result_id

    def look(self) -> Seen:
        """What lies there now."""
        # The pointer first: what it names was there before it, and a later list shows it.
        found = self._objects.get(served.pointer_key(self._result))
        try:
            pointer = None if found is None else Pointer.parse(found[0])
        except ServedError:
            pointer = None  # whoever shows a snapshot next writes a whole one
        sizes = {
            key: size
            for key, size in self._objects.list(served.folder(self._result))
            if served.snapshot_of(key) is not None
        }
        names = {served.snapshot_of(key) for key in sizes}
        whole = (one for one in names if one and served.manifest_key(self._result, one) in sizes)
        return Seen(pointer, None if found is None else found[1], sizes, tuple(sorted(whole)))

    def manifest(self, snapshot: str) -> Manifest:
        """What a snapshot says of itself."""
        found = self._objects.get(served.manifest_key(self._result, snapshot))
        if found is None:
            raise ServedError(f"{self._result} has no snapshot {snapshot}")
        return Manifest.parse(found[0])

    def keep(self, manifest: Manifest) -> None:
        """Makes a snapshot whole; nothing writes its manifest twice."""
        key = served.manifest_key(self._result, manifest.snapshot)
        if not self._objects.swap(key, manifest.dumps(), None):
            raise ServedError(f"{key} is there already: somebody else publishes {self._result}")

    def show(self, snapshot: str, seen: Seen, *, rolled_back: bool = False) -> bool:
        """Points people to a snapshot; False when the pointer has changed since it was seen."""
        moment = served.published_at(snapshot)
        pointer = Pointer(self._result, snapshot, moment, rolled_back)
        return self._objects.swap(served.pointer_key(self._result), pointer.dumps(), seen.tag)

    def clear(self, seen: Seen) -> None:
        """Takes away what no run will finish any more."""
        self._objects.delete(seen.unfinished)

    def expire(self, keep_days: int, now: datetime | None = None) -> list[str]:
        """Deletes what is older than that, and never what people see nor the one before it."""
        seen = self.look()
        if seen.current is None:
            return []
        oldest = (now or datetime.now(UTC)) - timedelta(days=keep_days)
        spared = {seen.current, seen.before(seen.current), seen.whole[-1]}
        gone = [
            one
            for one in seen.whole
            if one not in spared and datetime.fromisoformat(served.published_at(one)) < oldest
        ]
        for snapshot in gone:
            manifest = served.manifest_key(self._result, snapshot)
            # Without its manifest it is no snapshot: whoever is killed here leaves nothing half.
            self._objects.delete([manifest])
            folder = served.snapshot_folder(self._result, snapshot)
            self._objects.delete([key for key in seen.sizes if key.startswith(folder)])
        return gone

    def roll_back(self, to: str | None = None) -> tuple[Pointer | None, Pointer]:
        """Shows an earlier snapshot (by default the one before), or any that is still there.

        Answers with the pointer as it was and as it is.
        """
        seen = self.look()
        if not seen.whole:
            raise ServedError(f"nothing has been published of {self._result} yet")
        wanted = self._wanted(to, seen)
        rolled_back = wanted != seen.whole[-1]
        after = Pointer(self._result, wanted, served.published_at(wanted), rolled_back)
        if after != seen.pointer and not self.show(wanted, seen, rolled_back=rolled_back):
            raise ServedError(f"{self._result} changed in this moment: look again")
        return seen.pointer, after

    def _wanted(self, to: str | None, seen: Seen) -> str:
        if to is not None:
            if to in seen.whole:
                return to
            listed = f"there {'is' if len(seen.whole) == 1 else 'are'} {_listed(seen.whole)}"
            hint = nearest(to, seen.whole)
            raise ServedError(f"{self._result} has no snapshot '{to}'{hint}: {listed}")
        if seen.pointer is None:
            said = "it cannot be read which snapshot people see"
            raise ServedError(f"{said}: name one of {_listed(seen.whole)}")
        before = seen.before(seen.pointer.snapshot)
        if before is None:
            raise ServedError(f"{self._result} has no snapshot before {seen.pointer.snapshot}")
        return before


def _listed(snapshots: Sequence[str]) -> str:
    return ", ".join(reversed(snapshots))
