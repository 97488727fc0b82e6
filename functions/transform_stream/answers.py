"""The answer to a batch: each record once, in order, and never more than Lambda may answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lake.conform import Rejection, rejection
from lake.streams import Row, Streams

# Lambda answers with at most 6 MB (6,291,556 bytes); what is left over is for its own envelope.
ANSWER_BYTES: Final = 6_000_000
FAILED: Final = "ProcessingFailed"
# Made once: `json.dumps` makes an encoder for each record.
_encode: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Refusal:
    """A record that stays out of the table, and why."""

    record_id: str
    rejection: Rejection


class Batch:
    """Answers records of one invocation within the limit.

    A record that no longer fits is refused like a poisoned one: Firehose then keeps it, raw, in
    the error prefix, and `lake replay` sends it again. To drop it would lose it, and to raise
    would send its whole batch there.
    """

    def __init__(
        self,
        streams: Streams,
        physical: Callable[[str], str],
        limit: int = ANSWER_BYTES,
    ) -> None:
        self._streams, self._physical, self._limit = streams, physical, limit
        self.refusals: list[Refusal] = []

    def answer(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One answer a record, in the order of the records."""
        refused = [_refused(str(record["recordId"])) for record in records]
        sizes = [_size(answer) for answer in refused]
        # Room for every refusal is kept from the start: whatever comes, each record is answered.
        left = self._limit - sum(sizes)
        answers = []
        for record, refusal, size in zip(records, refused, sizes, strict=True):
            outcome = self._outcome(record)
            if isinstance(outcome, Rejection):
                answers.append(self._refuse(refusal, outcome))
                continue
            more = _size(outcome) - size
            if more > left:
                reason = f"the answer to this batch would exceed {self._limit} bytes"
                answers.append(self._refuse(refusal, rejection("", None, "size", reason)))
                continue
            left -= more
            answers.append(outcome)
        return answers

    def _refuse(self, answer: dict[str, Any], why: Rejection) -> dict[str, Any]:
        self.refusals.append(Refusal(answer["recordId"], why))
        return answer

    def _outcome(self, record: Mapping[str, Any]) -> dict[str, Any] | Rejection:
        try:
            data = base64.b64decode(record["data"], validate=True)
        except (KeyError, TypeError, ValueError):
            return rejection("", None, "base64", "carries no base64 data")
        made = self._streams.row(data)
        if isinstance(made, Rejection):
            return made
        try:
            return self._ok(str(record["recordId"]), made)
        except UnicodeEncodeError:
            return rejection("", None, "text", "holds half a character, which no table can keep")

    def _ok(self, record_id: str, row: Row) -> dict[str, Any]:
        text = _encode(row.values)
        return {
            "recordId": record_id,
            "result": "Ok",
            "data": base64.b64encode(text.encode()).decode("ascii"),
            "metadata": {
                "otfMetadata": {
                    "destinationDatabaseName": self._physical(row.database),
                    "destinationTableName": row.table,
                    "operation": "insert",
                }
            },
        }


def _refused(record_id: str) -> dict[str, Any]:
    # Without data: Firehose keeps what the source sent, and the answer stays small.
    return {"recordId": record_id, "result": FAILED}


def _size(answer: Mapping[str, Any]) -> int:
    """Bytes in the answer, as the runtime writes it (with blanks, every character in ASCII)."""
    if "data" not in answer:
        return len(json.dumps(answer)) + 2
    # Base64 is a byte a character: no need to write half a megabyte only to measure it.
    return len(json.dumps({**answer, "data": ""})) + len(answer["data"]) + 2
