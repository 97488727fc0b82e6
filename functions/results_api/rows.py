"""`/v1/results/{name}/rows`: a page of one snapshot, in the form that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response

from functions.results_api import answers, forms
from functions.results_api.cursors import Cursor
from functions.results_api.database import Database
from functions.results_api.problems import Problem, wrong
from functions.results_api.questions import Asked, Question, question
from functions.results_api.remembered import Seen
from functions.results_api.snapshots import Gone, Snapshots
from functions.results_api.views import View
from lake.catalog import Result
from lake.errors import LakeError
from lake.served import Manifest

DOWNLOAD_SECONDS: Final = 300


@dataclass(frozen=True)
class Request:
    """What of a request an answer depends on."""

    path: str
    query_string: str
    accept: str | None = None
    accept_encoding: str | None = None
    if_none_match: str | None = None


def rows(request: Request, result: Result, snapshots: Snapshots) -> Response[str]:
    """The page; nothing is queried for a client that holds it already."""
    asked = Asked.of(request.query_string)
    form = asked.form() or forms.wanted(request.accept)
    pinned = _pinned(asked)
    seen = _manifest(result, pinned, asked, snapshots)
    manifest = seen.value
    question_ = question(View.of(result, manifest), asked)
    etag = question_.etag(manifest.snapshot, form)
    headers = {
        **answers.VARIES,
        **answers.stale(seen.stale_seconds),
        "ETag": etag,
        "Cache-Control": answers.NEVER_CHANGES if pinned else answers.LATEST,
    }
    if answers.matches(etag, request.if_none_match):
        return answers.not_modified(headers)
    try:
        if form == "parquet" and question_.whole and len(manifest.files) == 1:
            return _download(manifest, headers, snapshots)
        database = snapshots.database(manifest)
    except LakeError as error:
        if pinned:
            raise _gone(result, manifest.snapshot) if isinstance(error, Gone) else error from error
        good = snapshots.last_good(result.id, error)
        if good.snapshot == manifest.snapshot:
            raise
        return _stale_rows(request, result, good, form, asked, snapshots)
    return _page(request, manifest, question_, form, database, headers)


def _stale_rows(
    request: Request, result: Result, good: Manifest, form: str, asked: Asked, snapshots: Snapshots
) -> Response[str]:
    """The page of the last snapshot that could be read."""
    question_ = question(View.of(result, good), asked)
    headers = {
        **answers.VARIES,
        **answers.stale(0.0),
        "ETag": question_.etag(good.snapshot, form),
        "Cache-Control": answers.LATEST,
    }
    return _page(request, good, question_, form, snapshots.database(good), headers)


def _pinned(asked: Asked) -> str | None:
    """The snapshot that the client wants, by name or by cursor."""
    named, of_cursor = asked.snapshot(), asked.cursor_snapshot()
    if named and of_cursor and named != of_cursor:
        detail = "the cursor belongs to another snapshot: leave `snapshot` away"
        raise wrong("cursor-of-another-snapshot", detail, "snapshot", [of_cursor])
    return of_cursor or named


def _manifest(
    result: Result, pinned: str | None, asked: Asked, snapshots: Snapshots
) -> Seen[Manifest]:
    if pinned is None:
        seen = snapshots.current(result.id)
        if seen is None:
            detail = f"nothing was published of {result.id} yet"
            raise Problem(HTTPStatus.NOT_FOUND, "not-published", detail)
        return seen
    try:
        return Seen(snapshots.manifest(result.id, pinned))
    except Gone as error:
        if asked.cursor_snapshot():
            raise _gone(result, pinned) from error
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "no-such-snapshot",
            f"{result.id} keeps no snapshot {pinned}",
            parameter="snapshot",
            allowed=snapshots.kept(result.id),
        ) from error


def _gone(result: Result, snapshot: str) -> Problem:
    detail = (
        f"snapshot {snapshot} of {result.id} is not kept any more "
        f"(they stay for {result.keep_days} days): ask again without a cursor"
    )
    return Problem(HTTPStatus.GONE, "snapshot-gone", detail, parameter="cursor")


def _download(manifest: Manifest, headers: dict[str, str], snapshots: Snapshots) -> Response[str]:
    """The whole snapshot as it was published: itself, or where it lies."""
    (file,) = manifest.files
    if file.bytes > forms.MOST_BINARY:
        return answers.elsewhere(snapshots.address(file.key, DOWNLOAD_SECONDS), headers)
    return answers.answer(forms.TYPES["parquet"], snapshots.content(file.key), headers)


def _page(
    request: Request,
    manifest: Manifest,
    question_: Question,
    form: str,
    database: Database,
    headers: dict[str, str],
) -> Response[str]:
    found = database.ask(question_)
    page, more = found[: question_.limit], len(found) > question_.limit
    while True:
        after = _cursor(manifest.snapshot, question_, page[-1]) if more and page else None
        body = _body(manifest, question_, form, page, after, database)
        share = _share(body)
        if share <= 1 or len(page) <= 1:
            break
        # Too much for one answer: fewer rows, and the next page goes on behind them.
        page, more = page[: max(1, int(len(page) / share * 0.9))], True
    if share > 1:
        detail = "one row alone is larger than an answer may be: ask for fewer fields"
        raise wrong("row-too-large", detail, "fields")
    if after is not None:
        headers = {**headers, "Link": f'<{_next(request, after)}>; rel="next"'}
    return answers.answer(forms.TYPES[form], body, headers, request.accept_encoding)


def _body(
    manifest: Manifest,
    question_: Question,
    form: str,
    page: Sequence[Sequence[Any]],
    after: str | None,
    database: Database,
) -> str | bytes:
    if form == "csv":
        return forms.csv_text(question_.fields, page)
    if form == "parquet":
        return database.parquet(question_.fields, [row[-1] for row in page])
    return forms.json_text(
        {
            "result": manifest.result,
            "snapshot": manifest.snapshot,
            "published_at": manifest.published_at,
            "count": len(page),
            "rows": forms.json_rows(question_.fields, page),
            "next": after,
        }
    )


def _share(body: str | bytes) -> float:
    """How much of what an answer may weigh it weighs."""
    if isinstance(body, bytes):
        return len(body) / forms.MOST_BINARY
    return forms.weight(body) / forms.MOST_BYTES


def _cursor(snapshot: str, question_: Question, last: Sequence[Any]) -> str:
    fields = len(question_.fields)
    values = tuple(last[fields : fields + len(question_.order)])
    return Cursor(snapshot, question_.fingerprint, values, last[-1]).dumps()


def _next(request: Request, cursor: str) -> str:
    """The same address with the cursor, relative to itself: it holds behind any gateway."""
    kept = [
        pair
        for pair in request.query_string.split("&")
        if pair and pair.partition("=")[0] != "cursor"
    ]
    name = request.path.rpartition("/")[2]
    return f"{quote(name)}?{'&'.join([*kept, f'cursor={cursor}'])}"
