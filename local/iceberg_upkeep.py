"""OPTIMIZE and VACUUM: fewer files with the same rows, fewer snapshots with the same present."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.snapshots import ancestors_of
from sqlglot import exp

from local import iceberg_statements as sql
from local.athena_errors import QueryFailed, unsupported
from local.athena_results import Answer, text_answer
from local.cloud_files import split
from local.iceberg_tables import Tables, files_of
from local.scan_filters import Evaluate, conjuncts_of
from local.trino_sql import parse_query

TRIES = 3
SMALL_BYTES = int(512 * 1024 * 1024 * 0.75)
# A file that no snapshot names may belong to a commit on its way; none takes as long as this.
IN_FLIGHT = timedelta(hours=1)
Group = list[FileScanTask]


def optimize(tables: Tables, statement: sql.Optimize, evaluate: Evaluate) -> Answer:
    """Rewrite the small files of each partition as few; begun anew when a writer was faster."""
    scanned = 0
    for attempt in range(1, TRIES + 1):
        table = tables.fresh(statement.table)
        groups = _groups(table, _condition(table, statement, evaluate))
        scanned += sum(task.file.file_size_in_bytes for group in groups for task in group)
        try:
            if groups:
                _rewrite(table, groups)
            answer = text_answer()
            answer.scanned_bytes = scanned
            return answer
        except (CommitFailedException, ValidationException) as error:
            if attempt == TRIES:
                raise QueryFailed(
                    "ICEBERG_COMMIT_ERROR", f"Failed to commit the rewrite: {error}"
                ) from error
    raise AssertionError("not reached")


def _condition(table: Table, statement: sql.Optimize, evaluate: Evaluate) -> BooleanExpression:
    if statement.where is None:
        return AlwaysTrue()
    name = statement.table
    text = " ".join(("SELECT 1 FROM", f'"{name.name}"', "WHERE", statement.where))
    query = parse_query(text, str(name.database))
    conditions_name_partition_columns(table, query.tree)
    condition: BooleanExpression = AlwaysTrue()
    for part, found in conjuncts_of(query.uses[0], table.schema(), evaluate):
        if not found:
            raise unsupported(f"OPTIMIZE ... WHERE {part.sql()}")
        for each in found:
            condition = And(condition, each)
    return condition


def conditions_name_partition_columns(table: Table, tree: exp.Expr) -> None:
    # https://docs.aws.amazon.com/athena/latest/ug/optimize-statement.html
    partitioned = {table.schema().find_column_name(f.source_id) for f in table.spec().fields}
    for column in tree.find_all(exp.Column):
        if column.name.lower() not in partitioned:
            raise QueryFailed(
                "NOT_SUPPORTED",
                "Unexpected FilterNode found in plan; probably connector was not able to handle"
                f" provided WHERE expression: '{column.name}' is no partition column",
            )


def _groups(table: Table, condition: BooleanExpression) -> list[Group]:
    """The files of each partition that are worth a rewrite, by Athena's two thresholds."""
    few = int(table.properties.get("optimize_rewrite_data_file_threshold", 5))
    deletes = int(table.properties.get("optimize_rewrite_delete_file_threshold", 2))
    by_partition: dict[Any, Group] = defaultdict(list)
    for task in table.scan(condition).plan_files():
        if isinstance(task, FileScanTask):
            by_partition[(task.file.spec_id, task.file.partition)].append(task)
    groups = []
    for tasks in by_partition.values():
        small = [task for task in tasks if task.file.file_size_in_bytes < SMALL_BYTES]
        deleted = [task for task in tasks if len(task.delete_files) >= deletes]
        chosen = small if len(small) >= few else deleted
        if chosen:
            groups.append(chosen)
    return groups


def _rewrite(table: Table, groups: list[Group]) -> None:
    written: list[DataFile] = []
    try:
        transaction = table.transaction()
        # "replace" would say it better; PyIceberg 0.12 cannot write a summary of that operation.
        with transaction.update_snapshot().overwrite() as snapshot:
            for group in groups:
                for file in _compacted(table, group):
                    written.append(file)
                    snapshot.append_data_file(file)
                for task in group:
                    snapshot.delete_data_file(task.file)
        transaction.commit_transaction()
    except BaseException:
        files_of(table).delete_many([file.file_path for file in written])
        raise


def _compacted(table: Table, group: Group) -> Iterable[DataFile]:
    reader = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue())
    rows = reader.to_table(group)
    expected = sum(task.file.record_count for task in group)
    if not any(task.delete_files for task in group) and rows.num_rows != expected:
        raise QueryFailed(
            "ICEBERG_BAD_DATA", f"files of {table.name()} hold {rows.num_rows}, not {expected} rows"
        )
    return list(_dataframe_to_data_files(table.metadata, rows, table.io)) if rows.num_rows else []


def vacuum(tables: Tables, statement: sql.Vacuum) -> Answer:
    """Expire old snapshots, then delete what no snapshot needs any more."""
    table = tables.fresh(statement.table)
    age = timedelta(seconds=int(table.properties.get("vacuum_max_snapshot_age_seconds", 432_000)))
    before = needed_files(table) | {entry.metadata_file for entry in table.metadata.metadata_log}
    expired = expired_snapshots(table, datetime.now(UTC) - age)
    if expired:
        try:
            table.maintenance.expire_snapshots().by_ids(expired).commit()
        except CommitFailedException as error:
            raise QueryFailed("ICEBERG_COMMIT_ERROR", str(error)) from error
    table = tables.fresh(statement.table)
    needed = needed_files(table)
    orphans = _objects_before(table, datetime.now(UTC) - max(age, IN_FLIGHT))
    files_of(table).delete_many(sorted((before | orphans) - needed))
    return text_answer()


def expired_snapshots(table: Table, oldest: datetime) -> list[int]:
    """Snapshots older than the limit, but never a head and never the last few."""
    keep_at_least = int(table.properties.get("vacuum_min_snapshots_to_keep", 1))
    kept = {ref.snapshot_id for ref in table.metadata.refs.values()}
    current = table.current_snapshot()
    if current is not None:
        history = list(ancestors_of(current, table.metadata))
        kept |= {snapshot.snapshot_id for snapshot in history[:keep_at_least]}
    limit = oldest.timestamp() * 1000
    return [
        snapshot.snapshot_id
        for snapshot in table.metadata.snapshots
        if snapshot.timestamp_ms < limit and snapshot.snapshot_id not in kept
    ]


def needed_files(table: Table) -> set[str]:
    """Every object that some snapshot, or the table's own history of metadata, refers to."""
    io, seen = table.io, set[str]()
    newest = int(table.properties.get("vacuum_max_metadata_files_to_keep", 100))
    log = [entry.metadata_file for entry in table.metadata.metadata_log]
    needed = {table.metadata_location, *log[max(0, len(log) - newest + 1) :]}
    needed |= {file.statistics_path for file in table.metadata.statistics}
    needed |= {file.statistics_path for file in table.metadata.partition_statistics}
    for snapshot in table.metadata.snapshots:
        needed.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(io):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            for entry in manifest.fetch_manifest_entry(io, discard_deleted=True):
                needed.add(entry.data_file.file_path)
    return needed | seen


def _objects_before(table: Table, moment: datetime) -> set[str]:
    bucket, folder = split(table.location())
    pages = files_of(table).s3.get_paginator("list_objects_v2")
    return {
        f"s3://{bucket}/{found['Key']}"
        for page in pages.paginate(Bucket=bucket, Prefix=folder.rstrip("/") + "/")
        for found in page.get("Contents", [])
        if found["LastModified"] < moment
    }
