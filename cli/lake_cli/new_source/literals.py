"""Values as Python literals, laid out as the project's formatter leaves them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

WIDTH: Final = 100
_STEP: Final = 4
# Characters that a reader takes for others (the linter minds them) are written by their numbers.
_LAST_PLAIN: Final = "\u017e"
_PLAIN_TOO: Final = "\u20ac"
_TAKEN_FOR_OTHERS: Final = "\u00b4\u00b8\u00d7\u0131"


def entry(before: str, value: object, indent: int) -> str:
    """A line such as `before value,`, broken where it is too long for one."""
    pad = " " * indent
    flat = f"{pad}{before}{_flat(value)},"
    if len(flat) <= WIDTH or not isinstance(value, str | list):
        return f"{flat}\n"
    if isinstance(value, list):
        inner = "".join(entry("", part, indent + _STEP) for part in value)
        return f"{pad}{before}[\n{inner}{pad}],\n"
    room = WIDTH - indent - _STEP
    lines = [_text(value)] if len(_text(value)) <= room else _pieces(value, room)
    inner = "".join(f"{pad}{' ' * _STEP}{line}\n" for line in lines)
    return f"{pad}{before}(\n{inner}{pad}),\n"


def _flat(value: object) -> str:
    match value:
        case str():
            return _text(value)
        case float():
            return repr(value).replace("e+", "e")
        case date():
            return repr(value).removeprefix("datetime.")
        case list():
            return f"[{', '.join(map(_flat, value))}]"
    return repr(value)


def _text(value: str) -> str:
    quote = "'" if value.count('"') > value.count("'") else '"'
    return f"{quote}{''.join(_written(char, quote) for char in value)}{quote}"


def _written(char: str, quote: str) -> str:
    """A character as it stands between such quotes."""
    if char == quote:
        return f"\\{char}"
    usual = char <= _LAST_PLAIN or char in _PLAIN_TOO
    if usual and char.isprintable() and char != "\\" and char not in _TAKEN_FOR_OTHERS:
        return char
    return char.encode("unicode_escape").decode()


def _pieces(value: str, room: int) -> Iterator[str]:
    """A text in literals of at most so many characters, which Python joins again."""
    start = 0
    while start < len(value):
        end = start + 1
        while end < len(value) and len(_text(value[start : end + 1])) <= room:
            end += 1
        yield _text(value[start:end])
        start = end
