"""Python and JSON literals out of untrusted cells: read by a bounded scanner, never evaluated.

One pass, no recursion, no backtracking: time grows with the text's length and with nothing else.
`parse` wants a whole literal; `salvage` takes what is complete of a list that was cut.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from typing import Final, cast

from lake.errors import LakeError

# A cell of Excel holds 32,767 characters; other writers may hold more, but not without end.
MAX_LENGTH: Final = 1_000_000
MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 400


class LiteralError(LakeError):
    """A text that is not one complete literal."""

    def __init__(self, reason: str, position: int, cut: bool = False) -> None:
        super().__init__(f"{reason} at character {position}")
        self.reason, self.position, self.cut = reason, position, cut

    def __reduce__(self) -> tuple[type[LiteralError], tuple[str, int, bool]]:
        # Spark brings errors home by pickle, and pickle would call __init__ with the message.
        return LiteralError, (self.reason, self.position, self.cut)


@dataclass(frozen=True)
class Salvage:
    """What is whole of a list, and what is left behind it."""

    elements: list[object]
    rest: str = ""
    error: LiteralError | None = None


_TOKEN: Final = re.compile(
    r"""\s*(?:
      '([^'\\]*)'                                    # 1 text without escapes, by far the most
    | "([^"\\]*)"                                    # 2
    | ('[^'\\]*(?:\\.[^'\\]*)*' | "[^"\\]*(?:\\.[^"\\]*)*")   # 3 text with escapes
    | (-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])   # 4 number
    | (None|True|False|null|true|false)(?!\w)        # 5 name
    | ([\[({])                                       # 6 opens
    | ([\])}])                                       # 7 closes
    | (,)                                            # 8
    | (:)                                            # 9
    )""",
    re.VERBOSE | re.DOTALL,
)
_NAMES: Final[dict[str, object]] = {
    "None": None, "True": True, "False": False, "null": None, "true": True, "false": False,
}  # fmt: skip
_PAIRS: Final = {"]": "[", ")": "(", "}": "{"}
_BARE_TAIL: Final = re.compile(r"\s*[-+.\w]*\Z")
# What JSON reads otherwise than we do: names of its own, exponents, very long numbers.
_ODD: Final = re.compile(r"[nN]aN|Infinity|[0-9.][eE]|\d{400}")
_BRACKETS: Final = re.compile(r"[][{}]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MISSING: Final = object()


@dataclass(slots=True)
class _Open:
    """A container that waits for its closing bracket."""

    bracket: str
    items: list[object] = field(default_factory=list)
    pairs: dict[object, object] = field(default_factory=dict)
    key: object = _MISSING
    wants_value: bool = False  # a dict after its colon
    filled: bool = False  # a value stands where a comma or the end must follow
    commas: int = 0


def parse(text: str) -> object:
    """The value of a text that is one literal: numbers, texts, names, lists, tuples, dicts."""
    value = _quick(text)
    if value is not _MISSING:
        return value
    value, _, error = _scan(text)
    if error is not None:
        raise error
    return value


def salvage(text: str) -> Salvage:
    """The complete elements of a list, and the remainder when the list is not whole."""
    value = _quick(text)
    roots, error = None, None
    if value is _MISSING:
        value, roots, error = _scan(text)
    if error is None:
        if isinstance(value, list):
            return Salvage(value)
        return Salvage([], text, LiteralError("not a list", 0))
    if roots is None:
        return Salvage([], text, error)
    elements, end = roots
    return Salvage(elements, text[end:].lstrip(", \n\t"), error)


def _quick(text: str) -> object:
    """The value of a plain literal by the C parser of JSON; anything unusual is for the scanner.

    Without a backslash or a double quote every apostrophe delimits a text, so swapping the quotes
    (and the names between texts) is exact. It is seven times as fast, and most cells are plain.
    """
    if len(text) > MAX_LENGTH or "\\" in text or '"' in text:
        return _MISSING
    parts = text.split("'")
    outside = "".join(parts[::2])
    if len(parts) % 2 == 0 or _ODD.search(outside) or _depth(outside) > MAX_DEPTH:
        return _MISSING
    if not text.isascii() and _SURROGATE.search(text):
        return _MISSING
    parts[::2] = [
        part.replace("None", "null").replace("True", "true").replace("False", "false")
        for part in parts[::2]
    ]
    try:
        return cast(object, json.loads('"'.join(parts), strict=False))
    except ValueError:
        return _MISSING


def _depth(outside: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(outside):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _scan(text: str) -> tuple[object, tuple[list[object], int] | None, LiteralError | None]:
    """The value; of a list that broke off, its complete elements and where they end."""
    if len(text) > MAX_LENGTH:
        return None, None, LiteralError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH)
    stack: list[_Open] = []
    position, length = 0, len(text.rstrip())
    result: object = _MISSING
    whole, whole_end = 0, 0  # elements of the root list known to be complete, and their end
    bare = False  # the last element of the root list may go on behind the cut: 12 of 123
    root: _Open | None = None
    try:
        while position < length:
            if result is not _MISSING:
                raise LiteralError("more text behind the literal", position)
            match = _TOKEN.match(text, position)
            if match is None:
                raise _unreadable(text, position)
            kind = match.lastindex or 0
            start, position = position, match.end()
            if kind == 6:
                if len(stack) >= MAX_DEPTH:
                    raise LiteralError(f"nested deeper than {MAX_DEPTH}", start)
                if stack:
                    _expect_value(stack[-1], start)
                stack.append(_Open(match.group(6)))
                root = root or stack[0]
                continue
            if kind == 8:
                _comma(stack, start)
                if bare and len(stack) == 1:
                    whole, whole_end, bare = len(stack[0].items), start, False
                continue
            if kind == 9:
                _colon(stack, start)
                continue
            if kind == 7:
                value = _close(stack, match.group(7), start)
            else:
                value = _scalar(match, kind, start)
            if not stack:
                result = value
                continue
            _put(stack[-1], value, start)
            if len(stack) == 1:
                if kind in (4, 5):
                    bare = True
                else:
                    whole, whole_end = len(stack[0].items), position
        if result is _MISSING:
            raise LiteralError("ends before the literal does", length, cut=True)
        return result, None, None
    except LiteralError as error:
        if root is None or root.bracket != "[":
            return None, None, error
        return None, (root.items[:whole], whole_end or 1), error


def _unreadable(text: str, position: int) -> LiteralError:
    start = position + len(text[position:]) - len(text[position:].lstrip())
    if text[start] in "'\"":
        return LiteralError("a text that never ends", start, cut=True)
    if _BARE_TAIL.match(text, position):
        return LiteralError("ends inside a value", start, cut=True)
    return LiteralError(f"unreadable {text[start : start + 12]!r}", start)


def _scalar(match: re.Match[str], kind: int, position: int) -> object:
    if kind <= 2:
        return _clean(match.group(kind), position)
    token = match.group(kind)
    if kind == 3:
        return _clean(_unescaped(token, position), position)
    if kind == 5:
        return _NAMES[token]
    if len(token) > MAX_DIGITS:
        raise LiteralError(f"a number of more than {MAX_DIGITS} digits", position)
    if token.lstrip("-").isdigit():
        return int(token)
    number = float(token)
    if number in (float("inf"), float("-inf")):
        raise LiteralError("a number beyond every range", position)
    return number


def _unescaped(token: str, position: int) -> str:
    """The text of a quoted token; JSON's spelling first (it alone knows `\\/` and pairs)."""
    try:
        if token[0] == '"':
            try:
                return str(json.loads(token, strict=False))
            except ValueError:
                pass
        body = token.replace("\r", "\\r").replace("\n", "\\n")
        # One quoted token, checked by the pattern above: nothing in it can be an expression.
        return str(ast.literal_eval(body))
    except (ValueError, SyntaxError, MemoryError) as error:
        raise LiteralError("a text with a broken escape", position) from error


def _clean(text: str, position: int) -> str:
    if not text.isascii() and _SURROGATE.search(text):
        raise LiteralError("half a character (a lone surrogate)", position)
    return text


def _expect_value(parent: _Open, position: int) -> None:
    if parent.filled:
        raise LiteralError("a comma is missing", position)
    if parent.bracket == "{" and not parent.wants_value:
        raise LiteralError("a key must be a text or a number", position)


def _put(parent: _Open, value: object, position: int) -> None:
    if parent.filled:
        raise LiteralError("a comma is missing", position)
    if parent.bracket != "{":
        parent.items.append(value)
        parent.filled = True
    elif parent.wants_value:
        parent.pairs[parent.key] = value
        parent.key, parent.wants_value, parent.filled = _MISSING, False, True
    elif parent.key is _MISSING and not isinstance(value, list | dict | tuple):
        parent.key = value
    else:
        raise LiteralError("a colon is missing", position)


def _colon(stack: list[_Open], position: int) -> None:
    top = stack[-1] if stack else None
    if top is None or top.bracket != "{" or top.key is _MISSING or top.wants_value:
        raise LiteralError("a colon too many", position)
    top.wants_value = True


def _comma(stack: list[_Open], position: int) -> None:
    if not stack or not stack[-1].filled:
        raise LiteralError("a comma too many", position)
    stack[-1].filled = False
    stack[-1].commas += 1


def _close(stack: list[_Open], bracket: str, position: int) -> object:
    if not stack or stack[-1].bracket != _PAIRS[bracket]:
        raise LiteralError(f"'{bracket}' closes nothing", position)
    top = stack[-1]
    if top.bracket == "{":
        if top.key is not _MISSING or top.wants_value:
            raise LiteralError("a value is missing", position)
        stack.pop()
        return top.pairs
    stack.pop()
    if top.bracket == "(":
        # A pair of brackets around one value is that value, as everywhere in Python.
        return top.items[0] if len(top.items) == 1 and not top.commas else tuple(top.items)
    return top.items
