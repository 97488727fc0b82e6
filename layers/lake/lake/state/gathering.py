"""Looks at every part of the lake, at once; a part that is broken or slow hides no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from lake.catalog import Catalog, Table
from lake.ledger import Ledger
from lake.names import physical_database
from lake.polls import Polls, PollState
from lake.records import LOADED, FileRecord
from lake.state import Queue, Seen
from lake.state.intake import LOADS, OPEN_FILES, OPEN_STATES
from lake.state.runs import RUNNING, Execution, Result
from lake.state.words import short
from lake.tallies import Tallies, Tally

AT_ONCE: Final = 8
RUNS: Final = 10  # of a pipeline, in which the latest words of its checks are looked for
_DEPTHS: Final = (
    *("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"),
    "QueueArn",
)


@dataclass(frozen=True)
class Places:
    """The names that a deployment gave to what is looked at."""

    database_prefix: str
    jobs_bucket: str
    machines: Mapping[str, str]  # pipeline -> ARN of its state machine
    queues: Mapping[str, str]  # name -> URL; a name that ends in "dead" is of dead letters


@dataclass(frozen=True)
class Look:
    """One look: the catalogue, the places, and the clients to see them with."""

    catalog: Catalog
    places: Places
    table: Any  # the ledger's, a boto3 Table
    glue: Any
    s3: Any
    sfn: Any
    sqs: Any

    def gather(self, patience_s: float = 40) -> Seen:
        """Everything that could be seen in time."""
        at = datetime.now(UTC)
        pool = ThreadPoolExecutor(AT_ONCE)
        jobs = {part: pool.submit(look) for part, look in self._parts()}
        wait(jobs.values(), timeout=patience_s)
        pool.shutdown(wait=False, cancel_futures=True)
        found: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for part, job in jobs.items():
            reason = _reason(job, patience_s)
            if reason is None:
                found[part] = job.result()
            else:
                errors[part] = reason
        files, tallies, polls = found.get("ledger", ({}, {}, {}))
        return Seen(
            at=at,
            files=files,
            tallies=tallies,
            polls=polls,
            metadata=_of(found, "table"),
            executions={name: runs for name, (runs, _) in _of(found, "pipeline").items()},
            results=[one for _, results in _of(found, "pipeline").values() for one in results],
            queues=list(_of(found, "queue").values()),
            errors=errors,
        )

    def _parts(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        yield "ledger", self._ledger
        for pipeline in self.catalog.pipelines:
            yield f"pipeline {pipeline}", partial(self._runs, pipeline)
        for table in self.catalog.tables.values():
            yield f"table {table.id}", partial(self._metadata, table)
        for queue in self.places.queues:
            yield f"queue {queue}", partial(self._queue, queue)

    def _ledger(
        self,
    ) -> tuple[dict[str, list[FileRecord]], dict[str, Tally], dict[str, PollState]]:
        """One after the other: a boto3 Table is no thing for several threads."""
        ledger, polls = Ledger(self.table), Polls(self.table)
        limits = {LOADED: LOADS} | dict.fromkeys(OPEN_STATES, OPEN_FILES)
        files = {state: list(ledger.files(state, limit)) for state, limit in limits.items()}
        asked = [name for name, source in self.catalog.sources.items() if source.poll]
        states = {name: state for name in asked if (state := polls.state(name))}
        return files, Tallies(self.table).all(), states

    def _metadata(self, table: Table) -> Mapping[str, Any]:
        """The table's metadata as Glue points at it."""
        database = physical_database(self.places.database_prefix, table.database)
        known = self.glue.get_table(DatabaseName=database, Name=table.name)["Table"]
        bucket, _, key = known["Parameters"]["metadata_location"].partition("://")[2].partition("/")
        return _object(self.s3.get_object(Bucket=bucket, Key=key))

    def _runs(self, pipeline: str) -> tuple[list[Execution], list[Result]]:
        """The latest runs of a pipeline, and the latest result of each of its jobs with checks."""
        listed = self.sfn.list_executions(
            stateMachineArn=self.places.machines[pipeline], maxResults=RUNS
        )["executions"]
        runs = [Execution.of(one) for one in listed]
        if runs and runs[0].status not in (RUNNING, "succeeded"):
            told = self.sfn.describe_execution(executionArn=listed[0]["executionArn"])
            runs[0] = replace(runs[0], reason=Execution.of(told).reason)
        stages = self.catalog.pipelines[pipeline].stages
        jobs = dict.fromkeys(job for stage in stages for job in stage)
        return runs, [found for job in jobs if (found := self._checked(job, runs))]

    def _checked(self, job: str, runs: Sequence[Execution]) -> Result | None:
        for run in runs:
            key = f"runs/pipelines/{run.name}/{job}.json"
            try:
                said = _object(self.s3.get_object(Bucket=self.places.jobs_bucket, Key=key))
            except self.s3.exceptions.NoSuchKey:
                continue  # it goes on, or it ended before it could say anything
            if said.get("quality"):
                return Result(run.name, job, run.ended_at, said)
        return None

    def _queue(self, name: str) -> Queue:
        url = self.places.queues[name]
        said = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=_DEPTHS)["Attributes"]
        waiting, flying, arn = (said[attribute] for attribute in _DEPTHS)
        return Queue(name, name.endswith("dead"), int(waiting), int(flying), arn)


def _of(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The parts of a kind, by their names."""
    named = ((part.partition(" "), value) for part, value in found.items())
    return {name: value for (what, _, name), value in named if what == kind}


def _object(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    said = json.loads(answer["Body"].read())
    if not isinstance(said, dict):
        raise TypeError("no JSON object lies there")
    return said


def _reason(job: Future[Any], patience_s: float) -> str | None:
    """Why a part is not known; nothing when it is."""
    if not job.done() or job.cancelled():
        return f"no answer within {patience_s:.0f} s"
    error = job.exception()
    return None if error is None else short(f"{type(error).__name__}: {error}")
