"""What the catalogue demands of a table as a whole, measured on rows that nobody sees yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any, Final

from pyspark.sql import DataFrame, SparkSession

from jobs import merging
from jobs.lakeio import LakeTable
from jobs.publish import GONE, Staged
from jobs.sql import literal
from lake.catalog import Check, Quality, Table
from lake.errors import LakeError

_WEEKS: Final = 4
_DAYS_WEIGHED: Final = 7  # a rebuild of years weighs its last week


class QualityFailed(LakeError):
    """Rows that must not be shown."""

    def __init__(self, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.details = details


@dataclass(frozen=True)
class Verdict:
    """What one check said."""

    table_id: str
    rule: Quality
    actual: float | None
    passed: bool
    reason: str | None
    snapshot_id: int | None

    @property
    def stops(self) -> bool:
        """Whether the rows may not be shown."""
        return not self.passed and self.rule.severity == "stop"

    def said(self) -> dict[str, Any]:
        """As a row of ops.quality, without run and time."""
        return {
            "table_id": self.table_id,
            "check_name": self.rule.check,
            "column_name": self.rule.column or "",
            "severity": self.rule.severity,
            "expected": _expected(self.rule),
            "actual": self.actual,
            "passed": self.passed,
            "reason": self.reason,
            "snapshot_id": self.snapshot_id,
        }


def audit(
    staged: Staged, moment: str, where: str | None, days: Collection[date] | None, before: date
) -> list[Verdict]:
    """Every declared check on the staged rows of these days; only days before one are whole."""
    table = staged.table
    if not table.quality:
        return []
    rows = staged.seen(where)
    told = rows.selectExpr(*_measures(table)).collect()[0]
    verdicts = []
    for number, rule in enumerate(table.quality):
        unknown = None
        match rule.check:
            case "unique":
                actual: float | None = float(repeated(rows, table.key))
                passed = actual == 0
            case "volume":
                actual, unknown = _volume(staged, moment, days, before)
                passed = actual is None or _within(rule, actual)
            case _:
                actual = None if told[number] is None else float(told[number])
                unknown = "no row to look at" if actual is None else None
                passed = actual is None or _within(rule, actual)
        name = f"{rule.check} of {rule.column}" if rule.column else rule.check
        reason = unknown if passed else f"{table.id}: {name} is {actual:g}, {_expected(rule)}"
        verdicts.append(Verdict(table.id, rule, actual, passed, reason, staged.snapshot_id))
    return verdicts


def write(
    spark: SparkSession, target: LakeTable, table: Table, verdicts: Sequence[Verdict], run: str
) -> None:
    """Appends the verdicts; another look in the same run gets a name of its own."""
    at = datetime.now(UTC).replace(tzinfo=None)
    since = at - timedelta(days=1)
    held = target.rows(
        f"checked_at >= TIMESTAMP_NTZ '{since}' AND startswith(run_id, {literal(run)})"
    )
    looks = {row["run_id"] for row in held} & {run, *(f"{run}#{n}" for n in range(2, 100))}
    run_id = f"{run}#{len(looks) + 1}" if looks else run
    known = {"run_id": run_id, "checked_at": at}
    names = merging.names(table)
    rows = [tuple({**one.said(), **known}[name] for name in names) for one in verdicts]
    schema = merging.columns(table)
    target.append(spark.createDataFrame(rows, schema, verifySchema=False).coalesce(1))


def repeated(rows: DataFrame, key: Sequence[str]) -> int:
    """How many keys stand there more than once."""
    columns = ", ".join(f"`{name}`" for name in key)
    # By hash first: eight bytes a row travel, not the keys; two keys of one hash are told apart.
    hashes = rows.selectExpr(f"xxhash64({columns}) AS _hash").groupBy("_hash").count()
    suspects = [row[0] for row in hashes.where("count > 1").limit(10_000).collect()]
    if not suspects:
        return 0
    listed = ", ".join(map(str, suspects))
    exact = rows.where(f"xxhash64({columns}) IN ({listed})").groupBy(*key).count()
    return exact.where("count > 1").count()


def _measures(table: Table) -> list[str]:
    """One expression a rule; those that need more than one pass are measured elsewhere."""
    found = []
    for number, rule in enumerate(table.quality):
        measure = "CAST(NULL AS double)"
        if rule.check == "rows":
            measure = "count(*)"
        elif rule.check == "nulls":
            measure = f"avg(IF(`{rule.column}` IS NULL, 1, 0))"
        elif rule.check == "checks":
            checks = [one for one in table.checks if rule.column in (None, one.column)]
            broken = " OR ".join(f"({breaks(one)})" for one in checks) or "false"
            measure = f"avg(IF({broken}, 1, 0))"
        found.append(f"{measure} AS m{number}")
    return found


def breaks(check: Check) -> str:
    """The condition under which a row breaks a check; what is unknown breaks none."""
    name, parts = f"`{check.column}`", []
    if check.between is not None:
        low, high = check.between
        parts.append(f"{name} < {low} OR {name} > {high}")
    if check.one_of is not None:
        listed = ", ".join(literal(word) for word in check.one_of)
        parts.append(f"{name} NOT IN ({listed})")
    if check.matches is not None:
        parts.append(f"NOT {name} RLIKE {literal(f'^(?:{check.matches})$')}")
    return f"coalesce({' OR '.join(parts) or 'false'}, false)"


def _volume(
    staged: Staged, moment: str, days: Collection[date] | None, before: date
) -> tuple[float | None, str | None]:
    """The share of a day's rows in the usual of its weekday, where it strays farthest from 1."""
    if days is None:
        last = staged.seen(None).selectExpr(f"max({moment})").collect()[0][0]
        days = [] if last is None else [last.date() - timedelta(days=n) for n in range(8)]
    whole = sorted((day for day in days if day < before), reverse=True)[:_DAYS_WEIGHED]
    asked = {day - timedelta(weeks=week) for day in whole for week in range(_WEEKS + 1)}
    if not asked:
        return None, "no day is whole yet"
    where = merging.touched(asked, moment, "timestamp")
    seen = staged.seen(where).selectExpr(f"CAST({moment} AS date) AS day").groupBy("day").count()
    counts: dict[date, int] = {row[0]: row[1] for row in seen.collect()}
    shares = []
    for day in whole:
        weeks = (counts.get(day - timedelta(weeks=week)) for week in range(1, _WEEKS + 1))
        usual = [count for count in weeks if count]
        # A day that nothing was sent for is late, not small; one that is emptied is small.
        if usual and (day in counts or staged.rows.get(GONE)):
            shares.append(counts.get(day, 0) / median(usual))
    if not shares:
        return None, "no history to weigh it against"
    return max(shares, key=lambda share: max(share, 1 / max(share, 1e-9))), None


def _within(rule: Quality, actual: float) -> bool:
    low, high = rule.within or (rule.at_least, rule.at_most)
    return (low is None or actual >= low) and (high is None or actual <= high)


def _expected(rule: Quality) -> str:
    if rule.check == "unique":
        return "no key more than once"
    if rule.within is not None:
        return f"from {rule.within[0]:g} to {rule.within[1]:g}"
    if rule.at_least is not None:
        return f"at least {rule.at_least:g}"
    return f"at most {rule.at_most or 0:g}"
