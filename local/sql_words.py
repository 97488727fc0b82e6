"""The words of a statement, one after another, with the place of each."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from local.athena_errors import MalformedQuery

T = TypeVar("T")

_PATTERN = r"""(?P<space>\s+)
      | (?P<comment>--[^\n]*|/\*.*?\*/)
      | (?P<string>%s)
      | (?P<quoted>`(?:[^`]|``)*`|"(?:[^"]|"")*")
      | (?P<number>\d+)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<mark>.)"""
# A text of a query ends at a single apostrophe; in DDL a backslash takes the next character along.
_WORD, _DDL_WORD = (
    re.compile(_PATTERN % text, re.VERBOSE | re.DOTALL)
    for text in (r"'(?:[^']|'')*'", r"'(?:[^'\\]|\\.|'')*'")
)


class Word(NamedTuple):
    kind: str
    text: str
    start: int


class Words:
    """A cursor over a statement; keywords are compared in lower case.

    What was taken as a name or as a text is noted down, and so are the comments."""

    def __init__(self, sql: str) -> None:
        self.sql = sql.rstrip().rstrip(";").rstrip()
        written = [
            Word(str(m.lastgroup), m.group(), m.start()) for m in _DDL_WORD.finditer(self.sql)
        ]
        self._words = [word for word in written if word.kind not in ("space", "comment")]
        self._at = 0
        self.comments = [word for word in written if word.kind == "comment"]
        self.names: list[Word] = []
        self.texts: list[Word] = []

    def placed(self) -> tuple[int, int]:
        """Line and column, from 1, of the next word."""
        start = self._words[self._at].start if self._at < len(self._words) else len(self.sql)
        return place_of(self.sql, start)

    def error(self, message: str) -> MalformedQuery:
        return MalformedQuery(message, *self.placed())

    def unexpected(self, wanted: str) -> MalformedQuery:
        shown = self._words[self._at].text if self._at < len(self._words) else "<EOF>"
        return self.error(f"mismatched input '{shown}'. Expecting: {wanted}")

    def peek_word(self) -> str:
        """The next word in lower case; an opening parenthesis counts, anything else is ''."""
        if self._at >= len(self._words):
            return ""
        word = self._words[self._at]
        return word.text.lower() if word.kind == "word" or word.text == "(" else ""

    def accept(self, *keywords: str) -> bool:
        """Take these keywords if all of them come next."""
        ahead = self._words[self._at : self._at + len(keywords)]
        if [w.text.lower() for w in ahead if w.kind == "word"] != list(keywords):
            return False
        self._at += len(keywords)
        return True

    def expect(self, keyword: str) -> None:
        if not self.accept(keyword):
            raise self.unexpected(f"'{keyword.upper()}'")

    def accept_mark(self, mark: str) -> bool:
        if self._at < len(self._words) and self._words[self._at].text == mark:
            self._at += 1
            return True
        return False

    def expect_mark(self, mark: str) -> None:
        if not self.accept_mark(mark):
            raise self.unexpected(f"'{mark}'")

    def identifier(self) -> str:
        """A name, bare or quoted, in lower case as Glue keeps it."""
        word = self._take("word", "quoted", wanted="<identifier>")
        self.names.append(word)
        return _name(word)

    def function(self) -> str | None:
        """The name of a call up to its opening parenthesis, if a call comes next."""
        ahead = self._words[self._at : self._at + 2]
        if [word.kind for word in ahead] != ["word", "mark"] or ahead[1].text != "(":
            return None
        self._at += 2
        return ahead[0].text.lower()

    def string(self) -> str:
        word = self._take("string", wanted="<string>")
        self.texts.append(word)
        return re.sub(r"\\(.)|''", lambda m: m[1] or "'", word.text[1:-1], flags=re.DOTALL)

    def optional_string(self) -> str | None:
        at_string = self._at < len(self._words) and self._words[self._at].kind == "string"
        return self.string() if at_string else None

    def number(self) -> int:
        return int(self._take("number", wanted="<integer>").text)

    def type_text(self) -> str:
        """A column type as one text without spaces: `decimal(10,2)`, `array<struct<a:int>>`."""
        text = self._take("word", wanted="<type>").text.lower()
        if self._at < len(self._words) and self._words[self._at].text in "(<":
            depth = 0
            while self._at < len(self._words):
                word, mark = self._words[self._at], self._words[self._at].text
                self._at += 1
                if self._words[self._at : self._at + 1] and self._words[self._at].text == ":":
                    self.names.append(word)
                    mark = _name(word)
                text += mark.lower()
                depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(mark, 0)
                if depth == 0:
                    return text
            raise self.unexpected("'>'")
        return text

    def listed(self, read: Callable[["Words"], T]) -> tuple[T, ...]:
        """`( item, item )`."""
        self.expect_mark("(")
        items = [read(self)]
        while self.accept_mark(","):
            items.append(read(self))
        self.expect_mark(")")
        return tuple(items)

    def rest(self) -> str:
        """Everything from here to the end, as it was written."""
        start = self._words[self._at].start if self._at < len(self._words) else len(self.sql)
        self._at = len(self._words)
        return self.sql[start:]

    def end(self) -> None:
        if self._at < len(self._words):
            raise self.unexpected("<EOF>")

    def _take(self, *kinds: str, wanted: str) -> Word:
        if self._at >= len(self._words) or self._words[self._at].kind not in kinds:
            raise self.unexpected(wanted)
        self._at += 1
        return self._words[self._at - 1]


def _name(word: Word) -> str:
    text = word.text
    if word.kind == "quoted":
        text = text[1:-1].replace(text[0] * 2, text[0])
    return text.lower()


def place_of(sql: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character of a text."""
    before = sql[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def fill_parameters(sql: str, values: list[str]) -> str:
    """Put ExecutionParameters (SQL literals) where the question marks are."""
    marks = [m.start() for m in _WORD.finditer(sql) if m.group() == "?" and m.lastgroup == "mark"]
    if len(marks) != len(values):
        raise MalformedQuery(
            f"Incorrect number of parameters: expected {len(marks)} but found {len(values)}"
        )
    for offset, value in reversed(list(zip(marks, values, strict=True))):
        if not re.fullmatch(_LITERAL, value.strip(), re.IGNORECASE):
            raise MalformedQuery(f"an execution parameter is no literal: {value}")
        sql = sql[:offset] + value.strip() + sql[offset + 1 :]
    return sql


_LITERAL = (
    r"(?:(?:date|timestamp|decimal|time)\s*)?'(?:[^']|'')*'|[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?"
    r"|true|false|null"
)
