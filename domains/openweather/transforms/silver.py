"""One city's day: what bronze holds of it and silver does not, loaded as files are on arrival.

A file is loaded when it comes. This looks again before gold is made, so that none is left out that
came while nobody loaded; what is loaded already is known by its accounts and left alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Any, Final

from pyspark.sql import SparkSession

from domains.openweather.transforms import observations
from domains.openweather.transforms.period import named
from jobs import batch, lakeio, pipeline
from jobs.load import Loader
from lake import keys, names
from lake.accounting import Counts
from lake.catalog import Catalog, Source

JOB: Final = "weather_silver"
LOADER: Final = "openweather"
UPSERT: Final = "upsert"
FULL: Final = "full"
_LOADS: Final = "ops.loads"
_AT_ONCE: Final = 10
_DAY: Final = timedelta(days=1)


def run(
    argv: Sequence[str], about: str | None = None, catalog: Catalog | None = None
) -> dict[str, Any]:
    """Brings silver up to date with bronze for one city; the answer says what it took."""
    known = catalog or Catalog.bundled()

    def work(args: argparse.Namespace, call: pipeline.Call) -> dict[str, Any]:
        spark = lakeio.session(JOB, args.warehouse)
        spark.conf.set("spark.sql.shuffle.partitions", str(args.shuffle_partitions))
        database = known.table(observations.TABLE).database
        prefix = lakeio.database_prefix(spark, args.db, database)
        bronze = (args.bronze or lakeio.submitted(spark, "bronze")).rstrip("/")
        days = None if args.mode == FULL or call.full else call.backfill or [call.business_date]
        return Silver(spark, known, prefix, bronze, args.city).load(days)

    return pipeline.run(JOB, _parser(about, known), argv, work)


def _parser(about: str | None, catalog: Catalog) -> argparse.ArgumentParser:
    city = named(catalog.data[observations.CITIES])
    parser = argparse.ArgumentParser(prog=JOB, description=about, allow_abbrev=False)
    more = parser.add_argument
    more("--mode", choices=(UPSERT, FULL), default=UPSERT, help="one day's files, or every file")
    more("--city", required=True, type=city, help="a city of the catalogue, as it is called there")
    more("--shuffle-partitions", type=pipeline.positive, default=8, metavar="N")
    more("--warehouse", metavar="URI", help="root of the silver tables; as submitted by default")
    more("--bronze", metavar="URI", help="where files wait; as submitted by default")
    more("--db", metavar="NAME", help="database of the table; as submitted by default")
    pipeline.add_arguments(parser)
    return parser


@dataclass(frozen=True)
class Silver:
    """What one run reads and writes."""

    spark: SparkSession
    catalog: Catalog
    prefix: str
    bronze: str
    city: str

    def load(self, days: Sequence[date] | None) -> dict[str, Any]:
        """Loads the files that may hold these days (none: all), and says what became of them."""
        loads: list[dict[str, Any]] = []
        for source in self._sources():
            todo = [self._file(source, uri) for uri in self._unread(source, days)]
            todo.sort(key=lambda file: (file.received_at, file.load_id))
            for start in range(0, len(todo), _AT_ONCE):
                files = tuple(todo[start : start + _AT_ONCE])
                transform, given = observations.TRANSFORM, batch.of_files(files)
                loader = Loader(self.spark, self.catalog, source, transform, self.prefix)
                loads += loader.run(given)["loads"]
        counts = Counts.total([Counts.of(load["counts"]) for load in loads])
        refused = [load for load in loads if load["status"] == "refused"]
        return {
            "status": "loaded" if loads else "unchanged",
            "city": self.city,
            "days": None if days is None else [day.isoformat() for day in days],
            "files": len(loads),
            "rows": counts.as_dict(),
            "refused": [{"load_id": one["load_id"], "reason": one["reason"]} for one in refused],
        }

    def _sources(self) -> list[Source]:
        return [
            source
            for source in self.catalog.sources.values()
            if source.job == LOADER and source.constants.get("city") == self.city
        ]

    def _unread(self, source: Source, days: Sequence[date] | None) -> Iterator[str]:
        objects = lakeio.objects(self.bronze)
        known = self._loaded(source)
        for folder in self._folders(source, days):
            for key, _ in objects.list(f"{folder}/"):
                if (uri := f"{self.bronze}/{key}") not in known:
                    yield uri

    def _folders(self, source: Source, days: Sequence[date] | None) -> Iterator[str]:
        """Where files of these days can lie: polls by the day they came, the rest anywhere.

        A local day touches two days of UTC, and a poll late in it comes on the second one.
        """
        if days is None or source.poll is None:
            yield source.path
            return
        near = {day + shift for day in days for shift in (-_DAY, timedelta(), _DAY)}
        yield from sorted(f"{source.path}/{keys.folder_of(source, day)}" for day in near)

    def _loaded(self, source: Source) -> set[str]:
        """Files whose accounts are closed, loaded or refused."""
        database = names.physical_database(self.prefix, self.catalog.table(_LOADS).database)
        table = lakeio.LakeTable(self.spark, database, self.catalog.table(_LOADS).name)
        head = table.head()
        if head is None:
            return set()
        rows = table.at(head, f"source = '{source.id}'").select("bronze_uri").distinct()
        return {str(row[0]) for row in rows.collect()}

    def _file(self, source: Source, uri: str) -> batch.File:
        sha256, received_at = lakeio.identity(uri)
        return batch.File(
            uri=uri,
            source=source.id,
            sha256=sha256,
            load_id=keys.load_id(sha256),
            received_at=received_at,
            file_name=PurePosixPath(uri).name,
        )
