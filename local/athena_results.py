"""Results as Athena gives them: types, the file on S3, the pages of GetQueryResults."""

import re
from dataclasses import dataclass, field
from typing import Any

Row = list[str | None]

_NAMES = {
    "BOOLEAN": ("boolean", 0, 0),
    "TINYINT": ("tinyint", 3, 0),
    "SMALLINT": ("smallint", 5, 0),
    "INTEGER": ("integer", 10, 0),
    "BIGINT": ("bigint", 19, 0),
    "FLOAT": ("float", 17, 0),
    "DOUBLE": ("double", 17, 0),
    "VARCHAR": ("varchar", 2147483647, 0),
    "DATE": ("date", 0, 0),
    "TIME": ("time", 3, 0),
    "TIMESTAMP": ("timestamp", 3, 0),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", 3, 0),
    "BLOB": ("varbinary", 1073741824, 0),
    "JSON": ("json", 2147483647, 0),
    "INTERVAL": ("interval day to second", 0, 0),
    '"NULL"': ("unknown", 0, 0),
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    precision: int = 0
    scale: int = 0

    @classmethod
    def of(cls, name: str, duckdb_type: str) -> "Column":
        """A result column from DuckDB's name of its type."""
        if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
            return cls(name, "decimal", int(match[1]), int(match[2]))
        if duckdb_type.endswith("]"):
            return cls(name, "array")
        if duckdb_type.startswith(("STRUCT", "MAP")):
            return cls(name, "row" if duckdb_type[0] == "S" else "map")
        return cls(name, *_NAMES.get(duckdb_type, ("varchar", 2147483647, 0)))


@dataclass
class Answer:
    """What a query answered; `csv` results have a header row, the texts of DDL have none."""

    columns: list[Column]
    rows: list[Row]
    csv: bool = True
    scanned_bytes: int = 0
    planning_ms: int = 0
    notes: list[str] = field(default_factory=list)


def text_answer(names: list[str] | None = None, rows: list[Row] | None = None) -> Answer:
    """The answer of a statement that is no query."""
    columns = [Column(name, "string") for name in names or []]
    return Answer(columns, rows or [], csv=False)


def write_csv(answer: Answer) -> str:
    """The result file: everything quoted, NULL is nothing at all."""
    if not answer.csv:
        return "".join("\t".join(c or "" for c in row) + "\n" for row in answer.rows)
    header: Row = [column.name for column in answer.columns]
    return "".join(_csv_line(row) for row in [header, *answer.rows])


def _csv_line(row: Row) -> str:
    cells = ("" if c is None else '"' + c.replace('"', '""') + '"' for c in row)
    return ",".join(cells) + "\n"


_CELL = re.compile(r'(?:"((?:[^"]|"")*)")?(,|\n)')


def read_csv(text: str) -> list[Row]:
    """The rows of a result file, without its header."""
    rows: list[Row] = []
    row: Row = []
    for match in _CELL.finditer(text):
        row.append(None if match[1] is None else match[1].replace('""', '"'))
        if match[2] == "\n":
            rows.append(row)
            row = []
    return rows[1:]


def read_text(text: str) -> list[Row]:
    return [list(line.split("\t")) for line in text.splitlines()]


def page(
    columns: list[Column], rows: list[Row], start: int, size: int, csv: bool
) -> dict[str, Any]:
    """One page of GetQueryResults; the header counts as the first row of a query."""
    every: list[Row] = [[c.name for c in columns], *rows] if csv and columns else rows
    data = [
        {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]}
        for row in every[start : start + size]
    ]
    infos = [
        {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": column.name,
            "Label": column.name,
            "Type": column.type,
            "Precision": column.precision,
            "Scale": column.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": column.type == "varchar",
        }
        for column in columns
    ]
    answer: dict[str, Any] = {
        "UpdateCount": 0,
        "ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": infos}},
    }
    if start + size < len(every):
        answer["NextToken"] = str(start + size)
    return answer
