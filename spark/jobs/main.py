"""What all entry scripts share: arguments, session, batch, result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from jobs import batch, lakeio
from jobs.load import Loader
from jobs.records import Transform
from lake import keys, names
from lake.catalog import Catalog
from lake.errors import CatalogError


def run(
    job: str,
    transform: Transform,
    argv: Sequence[str],
    about: str | None = None,
    catalog: Catalog | None = None,
) -> dict[str, Any]:
    """Loads what the arguments name; the answer is also written where they say."""
    args = batch.arguments(job, about, argv)
    catalog = catalog or Catalog.bundled()
    todo = _batch(job, args, catalog)
    source = catalog.source(todo.files[0].source)
    if source.job != job:
        raise CatalogError(f"source {source.id} is loaded by job {source.job}, not by {job}")
    database = catalog.table(source.feeds[0]).database
    prefix = names.database_prefix(args.db, database)

    spark = lakeio.session(job, args.warehouse)
    result = Loader(spark, catalog, source, transform, prefix).run(todo)
    text = json.dumps(result, ensure_ascii=False, indent=1)
    if args.result is not None:
        lakeio.kill_point("result")
        lakeio.write_bytes(args.result, text.encode())
    print(text)  # for whoever reads the job's log
    return result


def _batch(job: str, args: batch.Arguments, catalog: Catalog) -> batch.Batch:
    if args.batch is not None:
        return batch.from_manifest(lakeio.read_bytes(args.batch))
    if args.input is None:
        raise ValueError("neither --batch nor --input")  # the parser lets no such call pass
    sha256, received_at = lakeio.identity(args.input)
    file = batch.File(
        uri=args.input,
        source=catalog.jobs[job].sources[0],
        sha256=sha256,
        load_id=keys.load_id(sha256),
        received_at=received_at,
        file_name=PurePosixPath(args.input).name,
    )
    return batch.of_files([file])
