"""The API's description in OpenAPI 3.1, made of the catalogue: what can be asked is in it."""

from __future__ import annotations

from typing import Any, Final

from functions.results_api import openapi_schemas as schemas
from functions.results_api.forms import json_text
from functions.results_api.questions import USUAL_LIMIT
from functions.results_api.views import View
from lake import __version__
from lake.catalog import Catalog, Result

Json = dict[str, Any]

ABOUT: Final = (
    "Refined results of the lake: rows with filters and pages, what they mean, how fresh they are. "
    "A key travels in the header `x-api-key`."
)
KEYED: Final[list[Json]] = [{"key": []}]
PROBLEMS: Final = {
    "400": "A parameter that cannot be meant; it is named, with what it may be.",
    "401": "No key.",
    "403": "A key that opens nothing.",
    "404": "There is no such thing; what there is, is named.",
    "405": "A method that this path does not take.",
    "406": "No such form of an answer.",
    "410": "The cursor's snapshot is not kept any more.",
    "429": "This key asks too often.",
    "500": "An error of the API.",
    "503": "Something that the answer needs does not answer.",
}
OPEN_PROBLEMS: Final = ("404", "405", "429", "500", "503")
KEYED_PROBLEMS: Final = ("400", "401", "403", *OPEN_PROBLEMS)


def text(catalog: Catalog, url: str) -> str:
    """The description of the deployed catalogue at an address; made once."""
    if (catalog.sha256, url) not in _texts:
        _texts[catalog.sha256, url] = json_text(described(catalog, url))
    return _texts[catalog.sha256, url]


_texts: dict[tuple[str, str], str] = {}


def described(catalog: Catalog, url: str) -> Json:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Albufera: results", "version": __version__, "description": ABOUT},
        "servers": [{"url": url}],
        "paths": _paths(catalog),
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
            "schemas": schemas.SCHEMAS,
            "responses": {
                status: {
                    "description": said,
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                }
                for status, said in PROBLEMS.items()
            },
        },
    }


def _paths(catalog: Catalog) -> Json:
    paths: Json = {
        "/v1/health": _get("health", "Whether the API is there", "Health", keyed=False),
        "/v1/results": _get("listResults", "Every result, and how fresh it is", "Results"),
    }
    if catalog.results:
        paths["/v1/results/{name}"] = _get(
            "describeResult", "What a result means, its columns, its snapshots", "Result"
        )
        paths["/v1/results/{name}"]["parameters"] = [_name(catalog)]
    for result in catalog.results.values():
        paths[f"/v1/results/{result.id}/rows"] = _rows(result)
    for name, about in (
        ("tables", "The lake's tables, with their snapshots and sizes"),
        ("loads", "The newest files, and what became of their rows"),
        ("quality", "What was checked before a table was shown"),
        ("status", "Sources, tables, pipelines, queues, and what to do"),
    ):
        paths[f"/v1/{name}"] = _get(name, about, name.capitalize())
    legacy = _get("extractTrustedInfo", "Every result as CSV in one object", "Texts")
    legacy["get"]["deprecated"] = True
    legacy["get"]["responses"]["500"] = schemas.content("What went wrong", "Error")
    return {**paths, "/extract-trusted-info": legacy}


def _get(operation: str, about: str, schema: str, keyed: bool = True) -> Json:
    problems = KEYED_PROBLEMS if keyed else OPEN_PROBLEMS
    return {
        "get": {
            "operationId": operation,
            "summary": about,
            "security": KEYED if keyed else [],
            "responses": {"200": schemas.content("The answer", schema), **_refs(problems)},
        }
    }


def _name(catalog: Catalog) -> Json:
    names = {"type": "string", "enum": sorted(catalog.results)}
    return {"name": "name", "in": "path", "required": True, "schema": names}


def _rows(result: Result) -> Json:
    view = View.of(result)
    row = {
        "type": "object",
        "additionalProperties": False,
        "properties": {c.name: schemas.column(c) for c in view.columns.values()},
    }
    page = {
        "type": "object",
        "required": ["result", "snapshot", "published_at", "count", "rows", "next"],
        "properties": {
            "result": {"const": result.id},
            "snapshot": schemas.SNAPSHOT,
            "published_at": schemas.MOMENT,
            "count": {"type": "integer"},
            "rows": {"type": "array", "items": row},
            "next": {"type": ["string", "null"]},
        },
    }
    content = {
        "application/json": {"schema": page},
        "text/csv": {"schema": {"type": "string"}},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
    }
    headers = {
        "ETag": {"description": "Of this page in this form", "schema": {"type": "string"}},
        "Link": {"description": 'The next page, rel="next"', "schema": {"type": "string"}},
    }
    return {
        "get": {
            "operationId": f"rows_{result.id}",
            "summary": f"Rows of {result.id}",
            "description": f"{result.about}\n\nIn the order of {', '.join(view.key)}.",
            "security": KEYED,
            "parameters": [*schemas.filters(view), *schemas.usual(view, USUAL_LIMIT)],
            "responses": {
                "200": {"description": "A page", "headers": headers, "content": content},
                "303": {"description": "The whole snapshot lies at another address for a while"},
                "304": {"description": "What you hold is still the answer"},
                **_refs((*KEYED_PROBLEMS, "406", "410")),
            },
        }
    }


def _refs(statuses: tuple[str, ...]) -> Json:
    return {status: {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}
