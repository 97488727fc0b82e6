"""What Kinesis has accepted stays accepted: every record is on disk before its sender is told so.

ministack keeps records in memory and saves them with its state once a second, so a kill would lose
what a sender believes is safe. Here a stream's records live in a file of their own, one JSON line
each, and the saved state holds the stream without them.
"""

from __future__ import annotations

import json
import os
import time
from bisect import bisect_left
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

from ministack.core.responses import get_account_id, get_region
from ministack.services import kinesis

Data = dict[str, Any]
Operation = Callable[[Data], Any]
Scope = tuple[str, str, str]
# Made once: `json.dumps` makes an encoder for each record.
_encode = json.JSONEncoder(separators=(",", ":")).encode


def install(folder: Path) -> None:
    """Put the journal between Kinesis and its senders; called once, before the first request."""
    journal = Journal(folder)
    kinesis._put_record = journal.kept(kinesis._put_record)
    kinesis._put_records = journal.kept(kinesis._put_records)
    kinesis._create_stream = journal.forgotten(kinesis._create_stream)
    kinesis._delete_stream = journal.forgotten(kinesis._delete_stream)
    kinesis._expire_records = expire
    load = kinesis.load_persisted_state

    def load_with_records(data: Data) -> None:
        load(data)
        journal.restore()

    kinesis.get_state = state_without_records
    kinesis.load_persisted_state = load_with_records


def expire(stream: Data) -> None:
    """Leaves out what is too old. Records lie in the order of time: no need to look at each."""
    oldest = _oldest(stream)
    for shard in stream["shards"].values():
        records = shard["records"]
        gone = bisect_left(records, oldest, key=itemgetter("ApproximateArrivalTimestamp"))
        if gone:
            shard["records"] = records[gone:]


def state_without_records() -> Data:
    """ministack's state of Kinesis, small however many records there are."""
    streams = kinesis.AccountRegionScopedDict()
    for (account, region, name), stream in kinesis._streams.all_items():
        shards = {key: {**shard, "records": []} for key, shard in stream["shards"].items()}
        streams.set_scoped(account, region, name, {**stream, "shards": shards})
    return {
        "streams": streams,
        "shard_iterators": dict_of(kinesis._shard_iterators),
        "consumers": dict_of(kinesis._consumers),
        "resource_policies": dict_of(kinesis._resource_policies),
    }


def dict_of(scoped: Any) -> Any:
    """A copy that the saver may write while requests go on."""
    copy = kinesis.AccountRegionScopedDict()
    copy.update(scoped)
    return copy


class Journal:
    """One file a stream; everything happens on the cloud's event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Scope, TextIO] = {}
        self._written: dict[tuple[Scope, str], str] = {}

    def kept(self, put: Operation) -> Operation:
        """PutRecord or PutRecords, answered when what it took is on disk."""

        def put_and_keep(data: Data) -> Any:
            answer = put(data)
            if answer[0] == 200:
                name, stream = kinesis._resolve_stream(data)
                self._append((get_account_id(), get_region(), name), stream)
            return answer

        return put_and_keep

    def forgotten(self, operation: Operation) -> Operation:
        """CreateStream or DeleteStream: an older stream of that name leaves nothing behind."""

        def operate_and_forget(data: Data) -> Any:
            # By name now: after a deletion nobody knows it any more.
            name, _ = kinesis._resolve_stream(data)
            answer = operation(data)
            if answer[0] == 200:
                self._forget((get_account_id(), get_region(), name))
            return answer

        return operate_and_forget

    def restore(self) -> None:
        """Give the streams their records back, and leave expired ones out of the files."""
        for (account, region, name), stream in kinesis._streams.all_items():
            scope = (account, region, name)
            oldest = _oldest(stream)
            path = self._path(scope)
            kept = [
                entry
                for entry in _entries(path)
                if entry[1]["ApproximateArrivalTimestamp"] >= oldest
            ]
            for shard_id, record in kept:
                if shard_id in stream["shards"]:
                    stream["shards"][shard_id]["records"].append(record)
                    self._written[scope, shard_id] = record["SequenceNumber"]
            if path.exists():
                rewritten = path.with_suffix(".new")
                rewritten.write_text("".join(map(_line, kept)))
                rewritten.replace(path)

    def _append(self, scope: Scope, stream: Data) -> None:
        lines = []
        for shard_id, shard in stream["shards"].items():
            last = self._written.get((scope, shard_id), "")
            new = []
            for record in reversed(shard["records"]):
                if record["SequenceNumber"] <= last:
                    break
                new.append(record)
            if new:
                lines += [_line((shard_id, record)) for record in reversed(new)]
                self._written[scope, shard_id] = new[0]["SequenceNumber"]
        if lines:
            file = self._file(scope)
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())

    def _file(self, scope: Scope) -> TextIO:
        if scope not in self._files:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._files[scope] = self._path(scope).open("a", encoding="utf-8")
        return self._files[scope]

    def _forget(self, scope: Scope) -> None:
        if file := self._files.pop(scope, None):
            file.close()
        self._path(scope).unlink(missing_ok=True)
        self._written = {key: last for key, last in self._written.items() if key[0] != scope}

    def _path(self, scope: Scope) -> Path:
        return self._folder / f"{'_'.join(scope)}.jsonl"


def _oldest(stream: Data) -> float:
    """From when on its records are retained."""
    return float(time.time() - stream["RetentionPeriodHours"] * 3600)


def _line(entry: tuple[str, Data]) -> str:
    return f"{_encode(entry)}\n"


def _entries(path: Path) -> list[tuple[str, Data]]:
    """What a file holds; its last line may be half of a record that nobody was told of."""
    entries = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                shard_id, record = json.loads(line)
            except ValueError:
                break
            entries.append((shard_id, record))
    return entries
