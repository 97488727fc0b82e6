"""Rows as JSON and CSV, and which form is wanted."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

from functions.results_api.problems import Problem
from functions.results_api.values import as_json

TYPES: Final = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
ACCEPTED: Final = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/*": "json",
    "text/*": "csv",
    "*/*": "json",
}
# What a spreadsheet takes for the start of a formula (OWASP, CSV injection; also in full width).
FORMULA: Final = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")
# Lambda answers 6 MB at most, counted after the body was put into JSON once more.
MOST_BYTES: Final = 5_500_000
MOST_BINARY: Final = 4_000_000
WORTH_PACKING: Final = 16_384


def wanted(accept: str | None) -> str:
    """The form that a client likes best of those there are."""
    if not accept or not accept.strip():
        return "json"
    liked = []
    for number, part in enumerate(accept.split(",")):
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        if kind in ACCEPTED and _number(weight) > 0:
            liked.append((-_number(weight), kind.count("*"), number, ACCEPTED[kind]))
    if not liked:
        allowed = [kind for kind in ACCEPTED if "*" not in kind]
        detail = "there is no such form of an answer"
        raise Problem(
            HTTPStatus.NOT_ACCEPTABLE, "no-such-form", detail, parameter="Accept", allowed=allowed
        )
    return min(liked)[-1]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def json_text(value: Any) -> str:
    """JSON without spaces, as short as it gets."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=as_json)


def json_rows(fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Rows as objects; moments and days among their values are for `json_text`."""
    return [dict(zip(fields, row, strict=False)) for row in rows]


def csv_text(fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """RFC 4180 with a header; a text that a spreadsheet would run is marked as text."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(fields)
    count = len(fields)
    writer.writerows([_cell(value) for value in row[:count]] for row in rows)
    return target.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return json_text(value)
    return as_json(value)


def weight(text: str) -> int:
    """Bytes of a text inside of Lambda's answer, which escapes it once more."""
    if len(text) * 6 < MOST_BYTES:
        return len(text)  # whatever is in it, it fits
    return len(json.dumps(text))


def packed(content: bytes, accept_encoding: str | None) -> bytes | None:
    """The content as gzip, where the client takes it and it is worth it."""
    if len(content) < WORTH_PACKING or not takes_gzip(accept_encoding):
        return None
    return gzip.compress(content, compresslevel=1, mtime=0)


def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether the client says so."""
    for part in (accept_encoding or "").lower().split(","):
        word, _, share = part.partition(";")
        if word.strip() in ("gzip", "*") and share.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False
