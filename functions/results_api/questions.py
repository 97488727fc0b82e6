"""What is asked of a result, read from a query string; nothing that was not declared gets in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from functions.results_api import cursors
from functions.results_api.cursors import Cursor, NoCursor
from functions.results_api.problems import Problem, unknown, wrong
from functions.results_api.values import MEANT, as_json, parse
from functions.results_api.views import View
from lake.served import is_snapshot

FORMATS: Final = ("json", "csv", "parquet")
OWN: Final = ("sort", "fields", "limit", "cursor", "snapshot", "format")
USUAL_LIMIT: Final = 100
MOST_PARAMETERS: Final = 100
MOST_VALUES: Final = 50


@dataclass(frozen=True)
class Condition:
    """What must be true of a column; several values mean any of them."""

    column: str
    operator: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Question:
    """A question that can be answered: every name in it is a column of the view."""

    conditions: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]  # column, descending; empty is the key's own order
    fields: tuple[str, ...]
    limit: int
    cursor: Cursor | None
    whole: bool  # nothing was left out: every row, every column

    @property
    def fingerprint(self) -> str:
        """The same for every page of one question."""
        said = [[c.column, c.operator, list(map(as_json, c.values))] for c in self.conditions]
        return _digest([sorted(said, key=repr), self.order])

    def etag(self, snapshot: str, form: str) -> str:
        """The same for the same answer, in the same form."""
        page = [self.fields, self.limit, self.cursor.dumps() if self.cursor else None]
        return f'"{snapshot}.{_digest([self.fingerprint, page, form])}"'


@dataclass(frozen=True)
class Asked:
    """The parameters of a request, in the order in which they came."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, query_string: str) -> Asked:
        """A query string's parameters; more than anybody needs are refused."""
        try:
            pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
        except ValueError:
            detail = f"at most {MOST_PARAMETERS} parameters"
            raise Problem(HTTPStatus.BAD_REQUEST, "too-many-parameters", detail) from None
        return cls(tuple(pairs))

    def one(self, name: str) -> str | None:
        """The value of a parameter that is said once, if at all."""
        found = [value for key, value in self.pairs if key == name]
        if len(found) > 1:
            raise wrong("repeated-parameter", f"'{name}' stands {len(found)} times", name)
        return found[0] if found else None

    def form(self) -> str | None:
        """The form that is asked for by parameter."""
        said = self.one("format")
        if said is not None and said not in FORMATS:
            raise unknown("unknown-format", "format", said, FORMATS, "format")
        return said

    def snapshot(self) -> str | None:
        """The snapshot that is asked for by name."""
        said = self.one("snapshot")
        if said is not None and not is_snapshot(said):
            detail = f"'{said[:80]}' names no snapshot: they look like 20260830T101500Z-1a2b3c4d"
            raise wrong("no-snapshot", detail, "snapshot")
        return said

    def cursor_snapshot(self) -> str | None:
        """The snapshot that a cursor is pinned to."""
        said = self.one("cursor")
        return None if said is None else _cursor(said, ()).snapshot

    def none_but(self, *names: str) -> None:
        """Refuse every parameter but these."""
        for name, _ in self.pairs:
            if name not in names:
                raise unknown("unknown-parameter", "parameter", name, names, name)


def question(view: View, asked: Asked) -> Question:
    """The question, checked against what the result offers."""
    conditions = _conditions(view, asked)
    order = _order(view, asked.one("sort"))
    fields = _names(view, asked.one("fields"))
    limit = _limit(view, asked.one("limit"))
    said = asked.one("cursor")
    kinds = [view.columns[name].type for name, _ in order]
    cursor = None if said is None else _cursor(said, kinds)
    only = {name for name, _ in asked.pairs} <= {"format", "snapshot"}
    found = Question(conditions, order, fields, limit, cursor, whole=only)
    if cursor is not None and cursor.question != found.fingerprint:
        detail = "this cursor belongs to another question: keep filters and sort from page to page"
        raise wrong("cursor-of-another-question", detail, "cursor")
    return found


def _conditions(view: View, asked: Asked) -> tuple[Condition, ...]:
    values: dict[tuple[str, str], list[Any]] = {}
    for name, text in asked.pairs:
        if name in OWN:
            continue
        column, dot, operator = name.partition(".")
        if not view.operators(column):
            allowed = [*view.filters, *OWN]
            kind = "not-filterable" if column in view.columns else "unknown-parameter"
            what = "filter" if column in view.columns else "parameter"
            raise unknown(kind, what, name, allowed, name)
        operator = operator if dot else "eq"
        if operator not in view.operators(column) or operator == "in":
            allowed = [f"{column}.{one}" for one in view.operators(column) if one != "in"]
            raise unknown("unknown-operator", "operator", operator, allowed, name)
        kind = view.columns[column].type
        try:
            value = parse(kind, text)
        except ValueError:
            detail = f"'{text[:80]}' is not {MEANT[kind]}"
            raise wrong("wrong-value", detail, name, [MEANT[kind]]) from None
        if operator not in ("eq", "ne") and (column, operator) in values:
            raise wrong("repeated-parameter", f"'{name}' stands more than once", name)
        several = values.setdefault((column, operator), [])
        several.append(value)
        if len(several) > MOST_VALUES:
            raise wrong("too-many-values", f"'{name}' takes at most {MOST_VALUES} values", name)
    return tuple(Condition(column, op, tuple(several)) for (column, op), several in values.items())


def _order(view: View, said: str | None) -> tuple[tuple[str, bool], ...]:
    if said is None:
        return ()
    allowed = [word for name in view.sorts for word in (name, f"-{name}")]
    order: dict[str, bool] = {}
    for word in _words(said, "sort", allowed):
        order.setdefault(word.removeprefix("-"), word.startswith("-"))
    if list(order) == list(view.key[: len(order)]) and not any(order.values()):
        return ()
    return tuple(order.items())


def _names(view: View, said: str | None) -> tuple[str, ...]:
    return tuple(view.columns if said is None else _words(said, "fields", list(view.columns)))


def _words(said: str, parameter: str, allowed: Sequence[str]) -> list[str]:
    words = said.split(",")
    for word in words:
        if word not in allowed:
            what = "column to sort by" if parameter == "sort" else "column"
            raise unknown(f"unknown-{parameter}", what, word, allowed, parameter)
    if len(set(words)) < len(words):
        raise wrong(f"repeated-{parameter}", f"'{parameter}' names a column twice", parameter)
    return words


def _limit(view: View, said: str | None) -> int:
    if said is None:
        return min(USUAL_LIMIT, view.page)
    try:
        value = parse("int", said)
    except ValueError:
        value = 0
    if not 1 <= value <= view.page:
        detail = f"'{said[:80]}' is no number of rows from 1 to {view.page}"
        raise wrong("wrong-limit", detail, "limit", [f"1 to {view.page}"])
    return int(value)


def _cursor(said: str, kinds: Sequence[str]) -> Cursor:
    spelled: Callable[[str], Any] = cursors.SPELLING.fullmatch
    if not spelled(said):
        raise wrong("no-cursor", "a cursor is letters, digits, - and _", "cursor")
    try:
        return cursors.loads(said, kinds)
    except NoCursor:
        detail = "there is no such cursor: take `next` of an answer, or ask without"
        raise Problem(
            HTTPStatus.NOT_FOUND, "no-cursor", detail, parameter="cursor", allowed=[]
        ) from None


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]
