"""What a person should do now: what fails, what is late, what waits for a decision. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lake.catalog import Catalog
from lake.polls import PollState
from lake.records import FAILED, QUARANTINED, UNROUTED, FileRecord
from lake.state.intake import OPEN_FILES
from lake.state.words import counted, minutes_since, short, span

FAILING, LATE, PERSON = "failing", "late", "person"
RUNBOOK: Final = "docs/operations.md"
_NAMED: Final = 3  # so many ids are typed, or copied, one by one
Row = dict[str, Any]
Rows = Sequence[Row]


def advise(
    catalog: Catalog,
    now: datetime,
    *,
    files: Mapping[str, Sequence[FileRecord]],
    polls: Mapping[str, PollState],
    sources: Rows,
    tables: Rows,
    pipelines: Rows,
    quality: Rows,
    queues: Rows,
    errors: Rows,
) -> list[Row]:
    """Everything that somebody should look at, what fails first."""
    return [
        *_unseen(errors),
        *_failed_files(files.get(FAILED, ())),
        *_failed_pipelines(pipelines, now),
        *_unanswered(polls, now),
        *_dead_letters(queues),
        *_late_sources(sources),
        *_late_tables(catalog, tables, sources),
        *_refused_files(files.get(QUARANTINED, ())),
        *_warnings(quality),
    ]


def _said(kind: str, text: str, command: str, anchor: str) -> Row:
    return {"kind": kind, "text": text, "command": command, "runbook": f"{RUNBOOK}#{anchor}"}


def _unseen(errors: Rows) -> Iterator[Row]:
    for error in errors:
        text = f"{error['part']} could not be looked at: {error['reason']}"
        yield _said(FAILING, text, "lake status", "part-not-seen")


def _failed_files(failed: Sequence[FileRecord]) -> Iterator[Row]:
    for source, files in _by_source(failed).items():
        ids = " ".join(file.sha256[:16] for file in files)
        few = len(files) <= _NAMED
        command = f"lake replay {ids}" if few else f"lake loads --source {source}"
        told = f"{_many(files, failed)} of {source} failed three times{_last(files)}"
        text = f"{told}; mend the cause, then send {'it' if len(files) == 1 else 'them'} again"
        yield _said(FAILING, text, command, "jobs-failed")


def _failed_pipelines(pipelines: Rows, now: datetime) -> Iterator[Row]:
    for row in pipelines:
        if row["status"] != "failed":
            continue
        when = f" {_ago(row['ended_at'], now)}" if row["ended_at"] else ""
        text = f"the last run of {row['pipeline']} {_ended(row)}{when}: {row['reason']}"
        anchor = "pipeline-timed-out" if row["ended_as"] == "timed_out" else "pipeline-failed"
        yield _said(FAILING, text, f"lake run {row['pipeline']} --wait", anchor)


def _ended(row: Row) -> str:
    return {"timed_out": "was cut off", "aborted": "was stopped"}.get(row["ended_as"], "failed")


def _unanswered(polls: Mapping[str, PollState], now: datetime) -> Iterator[Row]:
    for source, state in polls.items():
        if state.failing:
            tries = counted(state.failures, "try", "tries")
            since = _ago(state.failing_since or state.at, now)
            text = f"{source}: no full answer since {since} ({tries}): {short(state.reason)}"
            yield _said(FAILING, text, f"lake poll {source}", "polls-failed")


def _dead_letters(queues: Rows) -> Iterator[Row]:
    for row in queues:
        if row["dead"] and row["messages"]:
            lost = row["queue"].startswith("undelivered")
            messages = counted(row["messages"], "message lies", "messages lie")
            text = f"{messages} in the queue '{row['queue']}': nobody could handle them"
            if lost:
                yield _said(FAILING, text, "make plan", "undelivered")
            else:
                again = f"aws sqs start-message-move-task --source-arn {row['arn']}"
                yield _said(FAILING, text, again, "dead-letters")


def _late_sources(sources: Rows) -> Iterator[Row]:
    for row in sources:
        if row["age_minutes"] is None or row["promise_minutes"] is None:
            continue
        if row["age_minutes"] > row["promise_minutes"]:
            name = row["source"]
            text = f"{name}: the last load is {_age(row)} old, promised within {_promise(row)}"
            if row["kind"] == "stream":
                yield _said(LATE, text, f"lake replay --stream {name} --look", "stream-behind")
            elif row["polled"]:
                yield _said(LATE, text, f"lake poll {name} --wait", "table-stale")
            else:
                yield _said(LATE, text, f"lake upload {name} FILE... --wait", "table-stale")


def _late_tables(catalog: Catalog, tables: Rows, sources: Rows) -> Iterator[Row]:
    """A table is named when no source that feeds it is: a silent source says it all."""
    told = {row["source"] for row in sources if row["status"] in ("late", "failing")}
    for row in tables:
        if not row["late"]:
            continue
        name = row["table"]
        feeding = {source.id for source in catalog.sources.values() if name in source.feeds}
        if feeding & told:
            continue
        jobs = {job.name for job in catalog.jobs.values() if name in job.tables}
        made_by = [
            pipeline.id
            for pipeline in catalog.pipelines.values()
            if any(job in jobs for stage in pipeline.stages for job in stage)
        ]
        command = f"lake run {made_by[0]} --wait" if made_by else "lake loads"
        text = f"{name}: last written {_age(row)} ago, promised within {_promise(row)}"
        yield _said(LATE, text, command, "table-stale")


def _refused_files(refused: Sequence[FileRecord]) -> Iterator[Row]:
    for source, files in _by_source(refused).items():
        unrouted = source == UNROUTED
        whose = "of no source" if unrouted else f"of {source}"
        was = "was" if len(files) == 1 else "were"
        text = f"{_many(files, refused)} {whose} {was} refused{_last(files)}"
        command = "lake quarantine" if unrouted else f"lake quarantine --source {source}"
        yield _said(PERSON, text, command, "files-quarantined")


def _warnings(quality: Rows) -> Iterator[Row]:
    """A check that stops has failed its pipeline, which says so; one that warns is only here."""
    for row in quality:
        if not row["passed"] and row["severity"] == "warn":
            text = f"a check of {row['table']} warns: {row['reason']}"
            yield _said(PERSON, text, "lake runs", "pipeline-failed")


def _by_source(files: Sequence[FileRecord]) -> dict[str, list[FileRecord]]:
    found: dict[str, list[FileRecord]] = defaultdict(list)
    for file in files:
        found[file.source].append(file)
    return found


def _many(files: Sequence[FileRecord], seen: Sequence[FileRecord]) -> str:
    cut = "at least " if len(seen) >= OPEN_FILES else ""
    return cut + counted(len(files), "file", "files")


def _last(files: Sequence[FileRecord]) -> str:
    name = files[0].file_name
    return f", the last one {name} ({short(files[0].reason) or 'no reason told'})"


def _ago(moment: str, now: datetime) -> str:
    return f"{span(minutes_since(moment, now) * 60)} ago"


def _age(row: Row) -> str:
    return span(row["age_minutes"] * 60)


def _promise(row: Row) -> str:
    return span(row["promise_minutes"] * 60)
