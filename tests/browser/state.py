"""A state of the lake with one trouble of each kind, in the shapes of /v1/status."""

from __future__ import annotations

from typing import Any, Final

State = dict[str, Any]
AT: Final = "2025-08-30T10:15:00Z"
SHA: Final = "3f5c9a1b2c3d4e5f" + "0" * 48


def counts(read: int, duplicate: int = 0, rejected: int = 0, empty: int = 0) -> dict[str, int]:
    """Read rows, of which all that is not told otherwise was accepted."""
    accepted = read - duplicate - rejected - empty
    return {
        "read": read,
        "accepted": accepted,
        "duplicate": duplicate,
        "rejected": rejected,
        "empty": empty,
    }


def source(name: str, about: str, status: str, **more: Any) -> State:
    return {
        "source": name,
        "domain": name.partition("/")[0],
        "about": about,
        "kind": "upload",
        "polled": False,
        "status": status,
        "last_load": "2025-08-30T09:55:00Z",
        "age_minutes": 20.0,
        "promise_minutes": 2880,
        "counts": counts(0),
        "files": 0,
        "waiting": 0,
        "loading": 0,
        "failed": 0,
        "quarantined": 0,
    } | more


def table(name: str, about: str, rows: int, size: int, age: float, **more: Any) -> State:
    snapshots = [
        {
            "id": str(4_000_000_000_000_000_000 + one),
            "at": f"2025-08-30T{9 - one:02d}:55:00Z",
            "operation": "overwrite" if one else "append",
            "added": 1200 - one,
            "deleted": one * 3,
        }
        for one in range(4)
    ]
    return {
        "table": name,
        "layer": "silver" if "silver" in name else "gold",
        "about": about,
        "rows": rows,
        "bytes": size,
        "files": 12,
        "snapshot": snapshots[0]["id"],
        "updated_at": "2025-08-30T09:55:00Z",
        "age_minutes": age,
        "promise_minutes": 2880,
        "late": age > 2880,
        "snapshots": snapshots,
        "error": None,
    } | more


def check(of: str, kind: str, passed: bool, severity: str = "stop", **more: Any) -> State:
    return {
        "table": of,
        "check": kind,
        "column": None,
        "severity": severity,
        "expected": ">= 1",
        "actual": "5,040",
        "passed": passed,
        "reason": None,
        "run": "emt-gold-20250830",
        "at": "2025-08-30T09:50:00Z",
    } | more


def pipeline(name: str, about: str, status: str, **more: Any) -> State:
    return {
        "pipeline": name,
        "about": about,
        "schedule": "cron(0 10 * * ? *) UTC",
        "run": "run-1",
        "status": status,
        "started_at": "2025-08-30T09:48:00Z",
        "ended_at": "2025-08-30T09:51:05Z",
        "seconds": 185,
        "reason": None,
    } | more


def advice(kind: str, text: str, command: str, anchor: str) -> State:
    return {
        "kind": kind,
        "text": text,
        "command": command,
        "runbook": f"docs/operations.md#{anchor}",
    }


def troubled() -> State:
    """Two things fail, one is late, one waits for a person."""
    gold = "emt_gold.delay_weather_hourly"
    return {
        "at": AT,
        "sources": [
            source(
                "emt/arrivals",
                "A day's polled arrivals.",
                "fresh",
                counts=counts(248_310, duplicate=12_400, rejected=37, empty=1_890),
                files=184,
                quarantined=1,
            ),
            source(
                "emt/lines",
                "The network's lines and timetables.",
                "fresh",
                counts=counts(9_420, empty=12),
                files=3,
            ),
            source(
                "emt/stops",
                "Stops and where they stand.",
                "late",
                age_minutes=4_321.0,
                last_load="2025-08-27T10:14:00Z",
                counts=counts(5_210, duplicate=5_200),
                files=2,
            ),
            source(
                "meteo/observations",
                "Observed weather at places.",
                "fresh",
                kind="stream",
                age_minutes=4.0,
                promise_minutes=60,
                counts=counts(10_368, duplicate=192),
                files=9,
            ),
            source(
                "emt/line_list",
                "Names of all lines.",
                "failing",
                failed=1,
                counts=counts(220),
                files=1,
            ),
            source(
                "meteo/air",
                "Air quality by hand.",
                "never",
                last_load=None,
                age_minutes=None,
                promise_minutes=None,
            ),
        ],
        "loads": [],
        "quarantine": [
            {
                "source": "emt/arrivals",
                "file_name": "buses-august.xlsx",
                "reason": "The sheet 'Sheet1' has no column 'StopInfo'; it has stop, line.",
                "at": "2025-08-30T08:02:00Z",
                "sha256": SHA,
            }
        ],
        "tables": [
            table(
                "emt_silver.arrivals_predictions",
                "One prediction of one bus for one stop.",
                233_983,
                18_400_000,
                20.0,
            ),
            table("emt_silver.stops", "Stops with their places.", 10, 24_000, 4_321.0),
            table(
                "emt_silver.lines_timetable",
                "When a line runs, and how often.",
                9_408,
                310_000,
                600.0,
                promise_minutes=None,
            ),
            table(
                "meteo_silver.observations",
                "One observation of one place.",
                10_176,
                1_900_000,
                4.0,
                promise_minutes=60,
            ),
            table(
                "emt_gold.arrivals_weather",
                "Each prediction beside its weather.",
                233_983,
                31_200_000,
                24.0,
            ),
            table(gold, "How late a line was in an hour.", 5_040, 640_000, 24.0),
        ],
        "pipelines": [
            pipeline(
                "emt/gold",
                "Arrivals beside their weather, and how late each line was.",
                "succeeded",
            ),
            pipeline(
                "emt/upkeep",
                "Joins small files, forgets old snapshots.",
                "running",
                ended_at=None,
                seconds=41,
            ),
            pipeline(
                "meteo/daily",
                "A day's weather by place.",
                "failed",
                seconds=12,
                reason="job meteo_daily failed: meteo_silver.observations has no column uv",
            ),
        ],
        "quality": [
            check(gold, "rows", True),
            check(gold, "unique", True, expected="0 repeats", actual="0"),
            check(
                gold, "nulls", False, "warn", column="delay_rate", expected="<= 0.5", actual="0.61"
            ),
            check("emt_gold.arrivals_weather", "rows", True, actual="233,983"),
        ],
        "queues": [
            {
                "queue": "loads",
                "messages": 2,
                "in_flight": 0,
                "dead": False,
                "arn": "arn:aws:sqs:loads",
            }
        ],
        "advice": [
            advice(
                "late",
                "emt/stops: the last load is 3 days old, promised within 2 days",
                "lake upload emt/stops FILE... --wait",
                "table-stale",
            ),
            advice(
                "person",
                "1 file of emt/arrivals was refused, the last one buses-august.xlsx",
                "lake quarantine --source emt/arrivals",
                "files-quarantined",
            ),
            advice(
                "failing",
                "the last run of meteo/daily failed 24 minutes ago",
                "lake run meteo/daily --wait",
                "pipeline-failed",
            ),
            advice(
                "failing",
                "1 file of emt/line_list failed three times; mend the cause, then send it again",
                f"lake replay {SHA[:16]}",
                "jobs-failed",
            ),
        ],
        "errors": [],
        "results": [
            {
                "name": name,
                "about": about,
                "rows": rows,
                "published_at": "2025-08-30T09:51:00Z",
                "fresh": True,
                "age_minutes": 24,
            }
            for name, about, rows in (
                ("emt_network_by_hour", "How late the network was in each hour.", 48),
                ("emt_lines", "How late each line was.", 15),
                ("emt_stops", "How late the buses were at each stop.", 141),
                ("emt_weather", "How late buses were in each weather.", 5),
            )
        ],
    }


def calm() -> State:
    """Nothing to do."""
    state = troubled()
    state["sources"] = [one for one in state["sources"] if one["status"] == "fresh"]
    state["tables"] = [one for one in state["tables"] if not one["late"]]
    state["quality"] = [one for one in state["quality"] if one["passed"]]
    state["pipelines"] = state["pipelines"][:1]
    return state | {"advice": [], "quarantine": [], "queues": []}


def untouched() -> State:
    """Nobody has looked at the lake yet, as the API says it."""
    return {"at": None}
