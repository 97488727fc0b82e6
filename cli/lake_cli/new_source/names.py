"""What things are called: DOMAIN/NAME of a source, and a table's columns after a sheet's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lake_cli.exits import Exit, Stop

_SNAKE: Final = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_PART: Final = 32  # of a source: topics, files and lines of code carry both parts
_LONGEST_COLUMN: Final = 36
_WITHIN: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # stopId
_NUMBER: Final = re.compile(r"\bn[.]?\s?[º°]", re.IGNORECASE)  # folded it would be: no
_OTHER: Final = re.compile(r"[^a-z0-9]+")
_OURS: Final = "ingest_ts"  # every table has it: when the lake received the row


@dataclass(frozen=True)
class SourceName:
    """A source's name in its two parts."""

    domain: str
    name: str

    @property
    def id(self) -> str:
        """As commands take it."""
        return f"{self.domain}/{self.name}"

    @property
    def slug(self) -> str:
        """As files are called after it."""
        return f"{self.domain}_{self.name}"


def source_name(said: str) -> SourceName:
    """DOMAIN/NAME, or the refusal of what is none."""
    domain, _, name = said.partition("/")
    if not _SNAKE.fullmatch(domain) or not _SNAKE.fullmatch(name):
        raise Stop(
            f"'{said}' is no DOMAIN/NAME of small letters, digits and _, each with a letter first",
            "for example: lake new-source city/drinking_fountains",
            Exit.USAGE,
        )
    if max(len(domain), len(name)) > _LONGEST_PART:
        message = f"'{said}' is too long: {_LONGEST_PART} characters on either side of the slash"
        raise Stop(message, code=Exit.USAGE)
    return SourceName(domain, name)


def column_names(headers: Iterable[str]) -> list[str]:
    """A name in snake_case for each column of a sheet; one that is taken gets a number."""
    taken = {_OURS}
    names = []
    for place, header in enumerate(headers, start=1):
        wanted = name = _snake(header) or f"column_{place}"
        again = 1
        while name in taken:
            again += 1
            name = f"{wanted}_{again}"
        taken.add(name)
        names.append(name)
    return names


def _snake(header: str) -> str:
    """`Día de alta` is dia_de_alta, `stopId` stop_id, `Nº` number; what has no letter, nothing."""
    worded = _NUMBER.sub("number ", header)
    folded = unicodedata.normalize("NFKD", worded).encode("ascii", "ignore").decode()
    words = _OTHER.sub("_", _WITHIN.sub("_", folded).lower()).strip("_")
    if words and not words[0].isalpha():
        words = f"column_{words}"
    return words[:_LONGEST_COLUMN].rstrip("_")
