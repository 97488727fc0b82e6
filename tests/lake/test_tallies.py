"""The sums over all loads: counted with the load, once, whatever comes twice or in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lake.accounting import Counts
from lake.errors import LakeError
from lake.lanes import lease_of
from lake.ledger import Ledger
from lake.records import LOADED, LOADING, FileRecord, Load
from lake.tallies import Tallies
from tests.lake.test_ledger import COUNTS, FILE, table  # noqa: F401 - a fixture

LOAD = Load(FILE.source, FILE.sha256, FILE.load_id)
OTHER = replace(FILE, source="emt/stops", sha256="b" * 64, load_id=f"{'b' * 16}-0", lane="x")


def start(ledger: Ledger, file: FileRecord = FILE, batch: str = "t1") -> None:
    """The file, taken by a batch."""
    if ledger.file(file.source, file.sha256) is None:
        ledger.admit(file)
    lease = lease_of(file.lane, file.job, batch, [file], "r", datetime.now(UTC))
    assert ledger.take_lane(lease)


def mark(ledger: Ledger, load: Load = LOAD, batch: str = "t1") -> bool:
    return ledger.mark_loaded(load, batch, COUNTS, 5, {})


def test_a_load_is_counted_when_it_is_settled_and_only_once(table: Any) -> None:  # noqa: F811
    ledger = Ledger(table)
    start(ledger)
    assert Tallies(table).all() == {}

    assert [mark(ledger), mark(ledger), mark(ledger, batch="stranger")] == [True, False, False]

    (tally,) = Tallies(table).all().values()
    assert (tally.source, tally.loads, tally.counts) == (FILE.source, 1, Counts.of(COUNTS))
    tally.counts.balanced("all loads")
    assert tally.at.endswith("Z")


def test_each_source_has_its_own_sum_and_a_replay_is_one_load_more(table: Any) -> None:  # noqa: F811
    ledger = Ledger(table)
    for file in (FILE, OTHER):
        start(ledger, file)
        mark(ledger, Load(file.source, file.sha256, file.load_id))
        ledger.release(file.lane, "t1")
    loaded = ledger.file(FILE.source, FILE.sha256)
    assert loaded is not None
    again = ledger.requeue(loaded, FILE.lane, FILE.job)
    start(ledger, again, "t2")
    mark(ledger, Load(again.source, again.sha256, again.load_id), "t2")

    found = Tallies(table).all()
    assert {name: tally.loads for name, tally in found.items()} == {FILE.source: 2, "emt/stops": 1}
    assert found[FILE.source].counts == Counts.of(COUNTS) + Counts.of(COUNTS)


def test_a_sum_that_others_keep_writing_leaves_the_file_to_be_tried_again(
    table: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Taken for a refusal, the lane would be freed and its file would stay loading for ever."""
    ledger = Ledger(table)
    start(ledger)
    client = table.meta.client
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    busy = client.exceptions.TransactionCanceledException(
        {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}, "x"
    )

    def refuse(**_: Any) -> None:
        raise busy

    with monkeypatch.context() as patch:
        patch.setattr(client, "transact_write_items", refuse)
        with pytest.raises(LakeError, match="tried again"):
            mark(ledger)
    known = ledger.file(FILE.source, FILE.sha256)
    assert known is not None
    assert (known.state, Tallies(table).all()) == (LOADING, {})

    assert mark(ledger)

    settled = ledger.file(FILE.source, FILE.sha256)
    assert settled is not None
    assert settled.state == LOADED
