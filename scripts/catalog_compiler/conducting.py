"""What conducts the lake: APIs that are asked, jobs that no source starts, pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lake.names import logical_database, nearest
from scripts.catalog_compiler import shapes
from scripts.catalog_compiler.reader import Entry, Shape, files

Declared = Mapping[str, Any]


def apis(root: Path) -> dict[str, Any]:
    """Each declared API by its id (`emt/emt`)."""
    found = {}
    for domain, name, entry in declared(root, "apis", shapes.API):
        auth = said(entry, "auth", "none")
        if (auth == "none") != ("secret" not in entry.value):
            raise entry.place.refuse("an API with 'auth' names its 'secret', one without does not")
        if auth in ("query", "header") and "parameter" not in entry.value:
            raise entry.place.refuse(f"'auth: {auth}' says the name of its 'parameter'")
        found[f"{domain}/{name}"] = {
            "id": f"{domain}/{name}",
            "domain": domain,
            "name": name,
            "about": sentence(entry),
            "url": entry.value["url"].value.rstrip("/"),
            "secret": said(entry, "secret", None),
            "environment": said(entry, "environment", {}),
            "auth": auth,
            "parameter": said(entry, "parameter", None),
            "retries": said(entry, "retries", 5),
            "timeout_seconds": said(entry, "timeout", 20),
            "quota_per_day": said(entry, "quota_per_day", None),
        }
    return found


def poll(source: Entry, domain: str, known: Declared) -> dict[str, Any] | None:
    """How a source is asked for; an API of the same domain needs no prefix."""
    if "poll" not in source.value:
        return None
    entry = source.value["poll"]
    named = entry.value["api"]
    api = named.value if "/" in named.value else f"{domain}/{named.value}"
    if api not in known:
        raise named.place.refuse(f"the API '{api}' is not declared{nearest(api, known)}")
    every = said(entry, "every", None)
    return {
        "api": api,
        "client": said(entry, "client", None),
        "schedule": _schedule(entry),
        "every_minutes": shapes.minutes(every) if every else None,
        "query": said(entry, "query", {}),
    }


def jobs(root: Path, tables: Declared, taken: Declared) -> dict[str, Any]:
    """Each job that a pipeline starts, by the name of its entry script."""
    databases = {table["database"] for table in tables.values()}
    layers = {table["layer"] for table in tables.values()}
    found: dict[str, Any] = {}
    for domain, name, entry in declared(root, "jobs", shapes.JOB):
        if name in taken or name in found:
            raise entry.place.refuse(f"the job '{name}' is declared twice")
        arguments = []
        for argument, value in entry.value.get("arguments", Entry({}, entry.place)).value.items():
            plain = value.plain()
            kind = next(iter(plain)) if isinstance(plain, dict) else "literal"
            word = plain[kind] if isinstance(plain, dict) else str(plain)
            choices = {"database": databases, "warehouse": layers}.get(kind, {word})
            if word not in choices:
                hint = nearest(word, choices)
                raise value.place.refuse(f"'{argument}' names the unknown {kind} '{word}'{hint}")
            arguments.append({"name": argument, kind: word})
        found[name] = {
            "about": sentence(entry),
            "script": said(entry, "script", name),
            "sources": [],
            "tables": _tables(entry, "writes", domain, tables),
            "reads": _tables(entry, "reads", domain, tables),
            "arguments": arguments,
            "timeout_minutes": shapes.minutes(said(entry, "timeout", "1h")),
        }
    return found


def pipelines(root: Path, known_jobs: Declared) -> dict[str, Any]:
    """Each pipeline by its id (`emt/gold`)."""
    found = {}
    for domain, name, entry in declared(root, "pipelines", shapes.PIPELINE):
        for stage in entry.value["stages"].value:
            if not stage.value:
                raise stage.place.refuse("a stage names at least one job")
            for job in stage.value:
                if job.value not in known_jobs:
                    hint = nearest(job.value, known_jobs)
                    raise job.place.refuse(f"the job '{job.value}' is not declared{hint}")
        found[f"{domain}/{name}"] = {
            "id": f"{domain}/{name}",
            "domain": domain,
            "name": name,
            "about": sentence(entry),
            "schedule": _schedule(entry),
            "timeout_minutes": shapes.minutes(said(entry, "timeout", "2h")),
            "stages": entry.value["stages"].plain(),
        }
    return found


def data(root: Path) -> dict[str, Any]:
    """Plain data of the domains, as it was written."""
    return {f"{file.domain}/{file.name}": file.read().plain() for file in files(root, "data")}


def declared(root: Path, kind: str, shape: Shape) -> Iterator[tuple[str, str, Entry]]:
    """Each file of one kind: its domain, its name and what it says."""
    for file in files(root, kind):
        entry = file.read()
        shape(entry, file.name)
        if not shapes.SNAKE.fullmatch(file.name) or not shapes.SNAKE.fullmatch(file.domain):
            what = kind.removesuffix("s")
            raise entry.place.refuse(f"{what} '{file.domain}/{file.name}' must be snake_case")
        yield file.domain, file.name, entry


def said(entry: Entry, key: str, default: Any) -> Any:
    """What stands under a key, without places."""
    return entry.value[key].plain() if key in entry.value else default


def sentence(entry: Entry) -> str:
    """`about` on one line."""
    return " ".join(str(entry.value["about"].value).split())


def _schedule(entry: Entry) -> dict[str, str] | None:
    clock = said(entry, "schedule", None)
    return None if clock is None else {"cron": clock["cron"], "zone": clock.get("zone", "UTC")}


def _tables(entry: Entry, key: str, domain: str, tables: Declared) -> list[str]:
    """Table ids; `gold.x` is the own domain's, `ops.loads` and `emt_silver.stops` are whole."""
    found = []
    for part in entry.value[key].value if key in entry.value else []:
        layer, _, name = part.value.partition(".")
        own = f"{logical_database(domain, layer)}.{name}"
        table_id = own if own in tables else part.value
        if table_id not in tables:
            hint = nearest(table_id, tables)
            raise part.place.refuse(f"the table '{table_id}' is not declared{hint}")
        found.append(table_id)
    return found
