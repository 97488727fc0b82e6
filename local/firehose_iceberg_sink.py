"""Appending to Iceberg tables: once a delivery, whatever answer gets lost on the way."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchTableError,
    ValidationException,
)
from pyiceberg.table import Table

from local.athena_errors import QueryFailed
from local.firehose_iceberg_settings import Settings
from local.firehose_iceberg_transform import Failed, Transformed
from local.firehose_iceberg_values import Columns, Misfit
from local.iceberg_statements import TableName
from local.iceberg_tables import Scope, Tables

TOKEN, STREAM = "lake.delivery", "lake.stream"
LOOKED_BACK = 1_000
logger = logging.getLogger("firehose_iceberg")
Transient = (
    BotoCoreError,
    ClientError,
    CommitFailedException,
    CommitStateUnknownException,
    ValidationException,
    OSError,
)


class Interrupted(Exception):
    """The cloud stops: what was begun is begun again at the next start."""


class Sink:
    """The tables of one delivery stream."""

    def __init__(
        self, settings: Settings, endpoint: str, stopping: Callable[[], bool], identity: str
    ) -> None:
        self._settings, self._stopping = settings, stopping
        self._tables = Tables(Scope(endpoint, settings.account, settings.region, identity))

    def write(self, records: list[Transformed], token: str) -> list[Failed]:
        """Append each record to its table; gives those that no table took."""
        failed: list[Failed] = []
        routed: dict[tuple[str, str], list[Transformed]] = {}
        for record in records:
            place = self._place(record)
            if isinstance(place, Misfit):
                failed.append(_misfit(record, place))
            else:
                routed.setdefault(place, []).append(record)
        for (database, name), group in routed.items():
            failed += self._append(TableName(database, name), group, token)
        return failed

    def _place(self, record: Transformed) -> tuple[str, str] | Misfit:
        routing = record.metadata
        if str(routing.get("operation", "insert")).lower() != "insert":
            return Misfit("Iceberg.UnsupportedOperation", "the laptop's Firehose only inserts")
        database = routing.get("destinationDatabaseName")
        table = routing.get("destinationTableName")
        if database and table:
            return str(database), str(table)
        if len(self._settings.tables) == 1:
            return self._settings.tables[0]
        return Misfit("Iceberg.NoRoute", "The record names no table, and the stream has not one.")

    def _append(self, name: TableName, records: list[Transformed], token: str) -> list[Failed]:
        deadline = time.monotonic() + self._settings.retry_seconds
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._try(name, records, token)
            except (QueryFailed, NoSuchTableError) as error:
                return [_misfit(r, Misfit("Iceberg.NoSuchTable", str(error))) for r in records]
            except Transient as error:
                if self._stopping():
                    raise Interrupted from error
                # Tried anew from a fresh read: where the commit had happened, its token says so.
                if time.monotonic() > deadline:
                    why = Misfit("Iceberg.CommitFailed", f"{type(error).__name__}: {error}"[:500])
                    return [_misfit(record, why, attempt) for record in records]
                logger.warning("%s: append is tried again: %s", self._settings.name, error)
                time.sleep(min(0.05 * 2**attempt, 5))

    def _try(self, name: TableName, records: list[Transformed], token: str) -> list[Failed]:
        table = self._tables.fresh(name)
        columns = Columns(table.schema())
        failed = []
        for record in records:
            try:
                columns.add(record.data)
            except Misfit as misfit:
                failed.append(_misfit(record, misfit))
        if len(columns) and not delivered(table, token):
            properties = {TOKEN: token, STREAM: self._settings.arn}
            table.append(columns.table(), snapshot_properties=properties)
        return failed


def delivered(table: Table, token: str) -> bool:
    """Whether a delivery's rows are in the table already: its commit carries its token."""
    for snapshot in reversed(table.metadata.snapshots[-LOOKED_BACK:]):
        if snapshot.summary is not None and snapshot.summary.get(TOKEN) == token:
            return True
    return False


def _misfit(record: Transformed, why: Misfit, attempts: int = 1) -> Failed:
    return Failed(record.record, "iceberg-failed", attempts, why.code, str(why))
