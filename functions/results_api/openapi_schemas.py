"""Schemas of the API's description: parameters of a result, and the shapes of answers."""

from __future__ import annotations

from typing import Any, Final

from functions.results_api.questions import FORMATS, MOST_VALUES
from functions.results_api.values import LONGEST
from functions.results_api.views import View
from lake.catalog import Column

Json = dict[str, Any]

MOMENT: Final[Json] = {"type": "string", "format": "date-time"}
SNAPSHOT: Final[Json] = {"type": "string", "pattern": "^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$"}
KINDS: Final[dict[str, Json]] = {
    "string": {"type": "string", "maxLength": LONGEST},
    "int": {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    "long": {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1},
    "double": {"type": "number", "format": "double"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": MOMENT,
    "array<string>": {"type": "array", "items": {"type": "string"}},
}
WORDS: Final = {
    "eq": "is one of",
    "ne": "is none of",
    "ge": "is at least",
    "gt": "is above",
    "le": "is at most",
    "lt": "is below",
}


def content(about: str, schema: str) -> Json:
    """A response in JSON."""
    place = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    return {"description": about, "content": {"application/json": place}}


def column(column_: Column) -> Json:
    """A value of an answer; any may be missing."""
    kind = KINDS[column_.type]
    said = column_.about + (f" ({column_.unit})" if column_.unit else "")
    return {**kind, "type": [kind["type"], "null"], "description": said}


def filters(view: View) -> list[Json]:
    """A parameter for each column and operator."""
    found = []
    for name in view.filters:
        for operator in view.operators(name):
            if operator == "in":
                continue
            kind = KINDS[view.columns[name].type]
            several = operator in ("eq", "ne")
            found.append(
                {
                    "name": name if operator == "eq" else f"{name}.{operator}",
                    "in": "query",
                    "description": f"{name} {WORDS[operator]}: {view.columns[name].about}",
                    "schema": _several(kind) if several else kind,
                    **({"style": "form", "explode": True} if several else {}),
                }
            )
    return found


def _several(kind: Json) -> Json:
    """One value, or the parameter again for each of several.

    Types side by side, no `anyOf`: by that nobody can tell how a value is to be written, and a
    client's object went as the words of its keys, which are values like any other.
    """
    values = {"items": kind, "minItems": 1, "maxItems": MOST_VALUES}
    return {**kind, "type": [kind["type"], "array"], **values}


def usual(view: View, limit: int) -> list[Json]:
    """What every result takes."""
    sorts = [word for name in view.sorts for word in (name, f"-{name}")]
    return [
        _list("sort", "Columns to sort by; a minus turns the order", sorts),
        _list("fields", "Columns to answer with", list(view.columns)),
        {
            "name": "limit",
            "in": "query",
            "description": "Rows of a page",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": view.page,
                "default": min(limit, view.page),
            },
        },
        {
            "name": "cursor",
            "in": "query",
            "description": "`next` of the page before; it stays in that page's snapshot",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,4000}$"},
        },
        {
            "name": "snapshot",
            "in": "query",
            "description": "A snapshot that is kept, in place of the current one",
            "schema": SNAPSHOT,
        },
        {
            "name": "format",
            "in": "query",
            "description": "The form of the answer, in place of the header Accept",
            "schema": {"type": "string", "enum": list(FORMATS)},
        },
    ]


def _list(name: str, about: str, words: list[str]) -> Json:
    return {
        "name": name,
        "in": "query",
        "description": about,
        "style": "form",
        "explode": False,
        "schema": {
            "type": "array",
            "items": {"type": "string", "enum": words},
            "minItems": 1,
            "uniqueItems": True,
        },
    }


def _object(required: dict[str, Json], optional: dict[str, Json] | None = None) -> Json:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


TEXT: Final[Json] = {"type": "string"}
NUMBER: Final[Json] = {"type": "integer"}
MAYBE_TEXT: Final[Json] = {"type": ["string", "null"]}
MAYBE_NUMBER: Final[Json] = {"type": ["integer", "null"]}
LINES: Final[Json] = {"type": "array", "items": {"type": "object"}}
BRIEF: Final[dict[str, Json]] = {
    "name": TEXT,
    "about": TEXT,
    "domain": TEXT,
    "rows": MAYBE_NUMBER,
    "snapshot": MAYBE_TEXT,
    "published_at": {"type": ["string", "null"], "format": "date-time"},
    "age_minutes": MAYBE_NUMBER,
    "fresh_within_minutes": MAYBE_NUMBER,
    "fresh": {"type": ["boolean", "null"]},
    "href": TEXT,
}
COLUMN: Final = _object(
    {
        "name": TEXT,
        "type": TEXT,
        "unit": MAYBE_TEXT,
        "about": TEXT,
        "filters": {"type": "array", "items": TEXT},
        "sortable": {"type": "boolean"},
    }
)
SCHEMAS: Final[dict[str, Json]] = {
    "Problem": _object(
        {"type": TEXT, "title": TEXT, "status": NUMBER, "detail": TEXT},
        {"parameter": TEXT, "allowed": {"type": "array", "items": TEXT}},
    ),
    "Health": _object({"status": {"const": "ok"}, "version": TEXT}),
    "Results": _object({"results": {"type": "array", "items": _object(BRIEF)}}),
    "Result": _object(
        {
            **BRIEF,
            "rolled_back": {"type": "boolean"},
            "columns": {"type": "array", "items": COLUMN},
            "key": {"type": "array", "items": TEXT},
            "page": NUMBER,
            "keep_days": NUMBER,
            "snapshots": {"type": "array", "items": SNAPSHOT},
            "sources": {"type": "object", "additionalProperties": NUMBER},
            "bytes": MAYBE_NUMBER,
        }
    ),
    **{
        name.capitalize(): _object({name: LINES, "at": MAYBE_TEXT})
        for name in ("tables", "loads", "quality")
    },
    "Status": _object({"at": MAYBE_TEXT, "results": LINES}),
    "Texts": {"type": "object", "additionalProperties": TEXT},
    "Error": _object({"error": TEXT}),
}
