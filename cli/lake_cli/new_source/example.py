"""The source that is written where there is no sheet to look at yet."""

from __future__ import annotations

from datetime import date

from lake_cli.new_source.draft import Column, Draft, Row
from lake_cli.new_source.guess import Guess
from lake_cli.new_source.keys import Key
from lake_cli.new_source.names import SourceName

_COLUMNS = (
    Column("item_id", "Id", Guess("string"), required=True),
    Column(
        "counted_on",
        "Fecha",
        Guess("date", "%d/%m/%Y", "How text spells a day or a moment: strptime's letters."),
        required=True,
    ),
    Column(
        "amount",
        "Cantidad",
        Guess("double", remark="Decimals may be written 12.5 or 12,5."),
        required=False,
    ),
)
_ROWS = (
    Row(2, ("0001", "15/08/2025", "12,5"), ("0001", date(2025, 8, 15), 12.5)),
    Row(3, ("0002", "16/08/2025", ""), ("0002", date(2025, 8, 16), None)),
)


def example(source: SourceName) -> Draft:
    """Three columns of the kinds that most sheets have."""
    return Draft(
        source=source,
        made_from="",
        sheet=None,
        columns=_COLUMNS,
        left_out=(),
        key=Key(("item_id",), "an example"),
        rows=_ROWS,
        looked_at="",
    )
