"""The Iceberg tables of the laptop's Glue catalogue."""

import contextlib
from collections import OrderedDict
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from ministack.core.responses import get_account_id, get_region
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table

from local.athena_errors import QueryFailed
from local.cloud_files import ACCOUNT, ENDPOINT, IDENTITY, REGION, CloudFiles, client
from local.iam.gate import caller
from local.iceberg_statements import TableName

DEFAULT_DATABASE = "default"  # where a statement without a database resolves its names
_KEPT_METADATA = 64


class Scope(NamedTuple):
    """Whose tables: one endpoint, account and region, and the key of the session that asks."""

    endpoint: str
    account: str
    region: str
    identity: str = ""


class Tables:
    """Finds tables; what a metadata location says never changes, so it is read once."""

    def __init__(self, scope: Scope) -> None:
        self.glue: Any = client("glue", *scope)
        self.catalog = GlueCatalog(
            "laptop",
            client=self.glue,
            **{
                "py-io-impl": f"{CloudFiles.__module__}.{CloudFiles.__name__}",
                ENDPOINT: scope.endpoint,
                ACCOUNT: scope.account,
                REGION: scope.region,
                IDENTITY: scope.identity,
            },
        )
        self._kept: OrderedDict[str, Table] = OrderedDict()
        self._lock = Lock()

    def find(self, name: TableName, place: tuple[int, int] | None = None) -> Table:
        """The table as it is now, or TABLE_NOT_FOUND as Athena says it."""
        try:
            found = self.glue.get_table(DatabaseName=name.database, Name=name.name)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            self.check_database(name.database, place)
            raise QueryFailed(
                "TABLE_NOT_FOUND",
                f"Table 'awsdatacatalog.{name.database}.{name.name}' does not exist",
                *(place or (None, None)),
                in_ddl=f"SemanticException [Error 10001]: Table not found {name.name}",
            ) from None
        parameters = found.get("Parameters", {})
        if parameters.get("table_type", "").upper() != "ICEBERG":
            raise QueryFailed(
                "NOT_SUPPORTED",
                f"Table '{name.database}.{name.name}' is no Iceberg table; "
                "the laptop engine reads Iceberg only",
            )
        return self._at(str(parameters["metadata_location"]), name)

    def _at(self, location: str, name: TableName) -> Table:
        with self._lock:
            if location in self._kept:
                self._kept.move_to_end(location)
                return self._kept[location]
        table = self.catalog.load_table((name.database or "", name.name))
        with self._lock:
            self._kept[table.metadata_location] = table
            while len(self._kept) > _KEPT_METADATA:
                self._kept.popitem(last=False)
        return table

    def fresh(self, name: TableName) -> Table:
        """A table object of one's own, to change: the kept ones are shared by threads."""
        self.find(name)
        return self.catalog.load_table((name.database or "", name.name))

    def check_database(self, database: str | None, place: tuple[int, int] | None = None) -> None:
        try:
            self.glue.get_database(Name=database)
        except self.glue.exceptions.EntityNotFoundException:
            raise QueryFailed(
                "SCHEMA_NOT_FOUND",
                f"Schema '{database}' does not exist",
                *(place or (None, None)),
                in_ddl=f"SemanticException [Error 10072]: Database does not exist: {database}",
            ) from None

    def look_at_default(self) -> None:
        """Athena does so before anything: nothing has to be there, but the look is a right."""
        with contextlib.suppress(self.glue.exceptions.EntityNotFoundException):
            self.glue.get_database(Name=DEFAULT_DATABASE)


def files_of(table: Table) -> CloudFiles:
    if not isinstance(table.io, CloudFiles):
        raise TypeError(f"{table.name()} is not of the laptop's own catalogue")
    return table.io


@lru_cache
def _tables(scope: Scope) -> Tables:
    return Tables(scope)


def tables_of_request(endpoint: str) -> Tables:
    """The catalogue of the current request's account and region, with its caller's rights."""
    return _tables(Scope(endpoint, get_account_id(), get_region(), caller()))
