"""The data dictionary: a page for people out of the same declarations."""

from __future__ import annotations

from typing import Any

from scripts.catalog_compiler.compiler import tables_of


def data_dictionary(catalog: dict[str, Any]) -> str:
    """Markdown: each source and each table with its columns."""
    lines = [
        "# Data dictionary",
        "",
        "Made from the declarations by `make build`; edit those, not this page.",
        "",
        "## Sources",
        "",
        "| source | what it is | feeds |",
        "|---|---|---|",
    ]
    for source in sorted(catalog["sources"].values(), key=lambda entry: str(entry["id"])):
        tables = ", ".join(f"`{table}`" for table in [*source["feeds"], *source["derives"]])
        lines.append(f"| `{source['id']}` | {source['about']} | {tables} |")
    for table in tables_of(catalog):
        lines += ["", f"## `{table['id']}`", "", table["about"], ""]
        lines.append(
            f"One row for each `({', '.join(table['key'])})`. {_partition(table)}".rstrip()
        )
        if table["streamed"]:
            counts = f"the row with the newest `{table['newest_by']}` counts"
            lines += ["", f"A stream may bring a key twice: {counts}."]
        lines += _columns(table)
    for result in catalog["results"].values():
        lines += ["", f"## Result `{result['id']}`", "", result["about"], ""]
        tables = ", ".join(f"`{table}`" for table in result["reads"])
        lines.append(f"One row for each `({', '.join(result['key'])})`, out of {tables}.")
        lines += _columns(result)
    return "\n".join(lines) + "\n"


def _columns(described: dict[str, Any]) -> list[str]:
    lines = ["", "| column | type | unit | meaning |", "|---|---|---|---|"]
    for column in described["columns"]:
        required = "" if column["required"] else "?"
        unit = column["unit"] or ""
        about = column["about"].replace("|", "\\|")
        lines.append(f"| `{column['name']}` | {column['type']}{required} | {unit} | {about} |")
    return lines


def _partition(table: dict[str, Any]) -> str:
    parts = ", ".join(f"`{part}`" for part in table["partition"])
    return f"Partitioned by {parts}." if parts else ""
