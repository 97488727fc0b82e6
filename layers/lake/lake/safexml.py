"""XML from strangers: expat, with a bound on everything that expat would let grow.

No document type, hence no entity; no deep nesting, no tag of megabytes, no million names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NoReturn
from xml.parsers import expat

from lake.errors import FileRefused

_MAX_DEPTH: Final = 64
_MAX_TAG_BYTES: Final = 4 << 20
_MAX_NAMES: Final = 20_000
# 3.5 s of expat's calls into Python; no header, list of sheets or oddly spelled sheet needs more.
_MAX_ELEMENTS: Final = 2_100_000

Attributes = dict[str, str]


def corrupt(detail: str) -> FileRefused:
    """The refusal of a container or part that cannot be read to its end."""
    return FileRefused(
        "corrupt", f"The file is damaged ({detail}): open it in Excel, save it and upload it again"
    )


def refuse_entities() -> NoReturn:
    """The refusal of a document type, the only place where an entity can be declared."""
    raise FileRefused(
        "entities", "The file declares XML entities, which no workbook does: it is not read"
    )


def local(name: str) -> str:
    """`x:row` and `row` are one element: writers choose their prefix."""
    return name.rpartition(":")[2]


class _Locals(dict[str, str]):
    """The names of a part without their prefixes, each cut once: elements come by the million."""

    def __missing__(self, name: str) -> str:
        self[name] = short = local(name)
        return short


class SafeParser:
    """An expat parser of one part; element names come without their prefix."""

    def __init__(
        self,
        part: str,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        self._part = part
        self._start = start
        self._end = end
        self._local = _Locals()
        self._depth = 0
        self._elements = 0
        self._fed = 0
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = lambda *_: refuse_entities()
        self._expat.StartElementHandler = self._on_start
        self._expat.EndElementHandler = self._on_end
        if text is not None:
            self._expat.CharacterDataHandler = text

    def feed(self, chunk: bytes, final: bool = False) -> None:
        """Parse one more chunk; XML that is none is a damaged file."""
        try:
            self._expat.Parse(chunk, final)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise corrupt(f"its part {self._part} is not readable XML") from error
        self._fed += len(chunk)
        if self._fed - self._expat.CurrentByteIndex > _MAX_TAG_BYTES:
            raise corrupt(f"a tag in its part {self._part} does not end")
        if len(self._expat.intern) > _MAX_NAMES:
            raise corrupt(f"its part {self._part} uses too many different names")

    def feed_all(self, chunks: Iterable[bytes]) -> None:
        """Parse a whole part."""
        for chunk in chunks:
            self.feed(chunk)
        self.feed(b"", final=True)

    def _on_start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > _MAX_DEPTH:
            raise corrupt(f"its part {self._part} is nested too deeply")
        if self._elements > _MAX_ELEMENTS:
            raise FileRefused(
                "too_much_inside",
                f"The file's part {self._part} is very large or written in an unusual way:"
                " open it in Excel and save it",
            )
        self._start(self._local[name], attributes)

    def _on_end(self, name: str) -> None:
        self._depth -= 1
        if self._end is not None:
            self._end(self._local[name])
