"""Small realistic bugs that one line of Python may hold, each as a replacement of its text.

Text, not trees: the rest of the module stays as it is, byte for byte, and the difference can be
read. What changes only words for people (logs, messages, descriptions) is no bug.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Final

# Whose arguments are words for people, a nearest name ("did you mean") among them.
_FOR_PEOPLE: Final = re.compile(
    r"\b(log|logger|Logger|logging|print|warnings?|console|parser)\b|add_argument|get_close_matches"
)
_WORDLESS: Final = (
    "help",
    "description",
    "title",
    "summary",
    "indent",
    "compresslevel",  # a speed
    "extra",
    "exc_info",
    "strict",
)
_UNSEEN_IN: Final = ("__repr__", "__str__")
_CODE: Final = re.compile(r"[A-Za-z][\w.:/-]{2,40}")
_AWS: Final = re.compile(r"[A-Z][A-Za-z]+")  # how AWS spells its parameters
_COMPARISONS: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
_ARITHMETIC: Final[dict[type[ast.operator], tuple[str, str]]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.FloorDiv: ("//", "*"),
}
_OPPOSITES: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_FEW: Final = 10  # up to here a number is off by one, above it is a limit that is off by far


@dataclass(frozen=True)
class Bug:
    """One replacement in one file; `first` to `last` are the lines of the statement it is in."""

    path: str
    kind: str
    start: int
    end: int
    text: str
    line: int
    first: int
    last: int

    def put(self, source: bytes) -> bytes:
        """The file with the bug in it."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def bugs(path: str, source: bytes) -> list[Bug]:
    """Every bug that can be put into a module, in the order of its lines."""
    made = _Maker(path, source)
    made.visit(ast.parse(source))
    return sorted(made.bugs, key=lambda bug: (bug.start, bug.end, bug.text))


class _Maker(ast.NodeVisitor):
    """Walks one module; knows the statement it is in."""

    def __init__(self, path: str, source: bytes) -> None:
        self.bugs: list[Bug] = []
        self._path = path
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._statement: ast.stmt | None = None

    # --- where ------------------------------------------------------------------------------

    def _from(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def _to(self, node: ast.expr | ast.stmt | ast.keyword) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None  # noqa: S101, PT018
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def _said(self, node: ast.expr | ast.stmt) -> str:
        return self._source[self._from(node) : self._to(node)].decode()

    def _bug(self, kind: str, start: int, end: int, text: str) -> None:
        statement = self._statement
        if statement is None or self._source[start:end].decode() == text:
            return
        last = statement.end_lineno or statement.lineno
        if isinstance(statement, ast.If | ast.For | ast.While | ast.With | ast.Try):
            last = max(statement.lineno, statement.body[0].lineno - 1)
        line = self._source[:start].count(b"\n") + 1
        self.bugs.append(
            Bug(self._path, kind, start, end, text, line, statement.lineno, max(last, line))
        )

    def _between(self, left: ast.expr, right: ast.expr, old: str, new: str, kind: str) -> None:
        """Replaces the one word that stands between two expressions."""
        start, end = self._to(left), self._from(right)
        gap = self._source[start:end].decode()
        word = re.escape(old).replace(r"\ ", r"\s+")
        match = re.search(rf"\b{word}\b" if old[0].isalpha() else word, gap)
        if match and "#" not in gap:
            at = start + len(gap[: match.start()].encode())
            self._bug(kind, at, at + len(match.group().encode()), new)

    # --- statements -------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> None:
        if not isinstance(node, ast.stmt):
            super().visit(node)
            return
        around, self._statement = self._statement, node
        super().visit(node)
        self._statement = around

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name in _UNSEEN_IN:
            return
        for default in (*node.args.defaults, *(one for one in node.args.kw_defaults if one)):
            self.visit(default)
        for part in node.body:
            self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in node.body:
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in self._said(node.test) or "__name__" in self._said(node.test):
            return
        if not node.orelse and isinstance(node.body[-1], ast.Raise | ast.Return | ast.Continue):
            self._bug("a guard removed", self._from(node), self._to(node), "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        """What it raises is words for people but for its numbers: only whether it does matters."""

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant | ast.Yield | ast.Await):
            return
        if isinstance(node.value, ast.Call):
            if _FOR_PEOPLE.search(self._said(node.value.func)):
                return
            self._bug("a call removed", self._from(node), self._to(node), "pass")
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._bug("continue is break", self._from(node), self._to(node), "break")

    def visit_Break(self, node: ast.Break) -> None:
        self._bug("break is continue", self._from(node), self._to(node), "continue")

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if isinstance(node.type, ast.Tuple):
            for place, dropped in enumerate(node.type.elts):
                rest = [one for one in node.type.elts if one is not dropped]
                text = "(" + ", ".join(map(self._said, rest)) + ",)"
                kind = f"an error not caught ({place + 1})"
                self._bug(kind, self._from(node.type), self._to(node.type), text)
        for statement in node.body:
            self.visit(statement)

    # --- expressions ------------------------------------------------------------------------

    def visit_Compare(self, node: ast.Compare) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self._between(left, right, *_COMPARISONS[type(operator)], "a comparison changed")
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, old, new, f"{old} is {new}")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            word = re.match(rb"not\s*", self._source[self._from(node) :])
            end = self._from(node) + (len(word.group()) if word else 0)
            self._bug("a not removed", self._from(node), end, "")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.LShift | ast.Pow):  # 8 << 20: the 8 says how much
            self.visit(node.left)
            return
        texts = any(
            isinstance(one, ast.JoinedStr | ast.List | ast.Tuple)
            or (isinstance(one, ast.Constant) and isinstance(one.value, str | bytes))
            for one in (node.left, node.right)
        )
        if type(node.op) in _ARITHMETIC and not texts:
            self._between(node.left, node.right, *_ARITHMETIC[type(node.op)], "arithmetic changed")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        place = node.slice
        if isinstance(place, ast.Slice):
            if place.step is None and isinstance(node.ctx, ast.Load):
                text = self._said(node.value)
                self._bug("a slice removed", self._from(node), self._to(node), text)
        elif self._said(place) in ("0", "-1"):
            other = "-1" if self._said(place) == "0" else "0"
            self._bug("the other end", self._from(place), self._to(place), other)
            self.visit(node.value)
            return
        elif isinstance(place, ast.Constant):  # a name: whoever reads and who writes must agree
            self.visit(node.value)
            return
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = self._said(node.func)
        if _FOR_PEOPLE.search(called):
            return
        if called in _OPPOSITES and node.args:
            kind = f"{called} is {_OPPOSITES[called]}"
            self._bug(kind, self._from(node.func), self._to(node.func), _OPPOSITES[called])
        for word in node.keywords:
            aws = word.arg is not None and _AWS.fullmatch(word.arg)
            plain = isinstance(word.value, ast.Constant) and word.arg not in _WORDLESS
            if word.arg is not None and (aws or plain):
                self._dropped(f"{word.arg} not given", self._from(word), self._to(word))
        self.visit(node.func)
        for argument in node.args:
            self.visit(argument)
        for word in node.keywords:
            if word.arg not in _WORDLESS:
                self.visit(word.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else None
            if key is not None and isinstance(name, str) and _AWS.fullmatch(name):
                self._dropped(f"{name} not given", self._from(key), self._to(value))
            if name not in _WORDLESS:
                self.visit(value)

    def _dropped(self, kind: str, start: int, end: int) -> None:
        """Removes an argument and the comma behind it."""
        comma = re.match(rb"\s*,\s*", self._source[end:])
        self._bug(kind, start, end + (len(comma.group()) if comma else 0), "")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """A text with values in it: half words for people, half keys that other tests pin."""

    def visit_Constant(self, node: ast.Constant) -> None:
        value, start, end = node.value, self._from(node), self._to(node)
        if isinstance(value, bool):
            self._bug(f"{value} is {not value}", start, end, str(not value))
        elif isinstance(value, int | float):
            changed = value + 1 if abs(value) <= _FEW else value * 10
            self._bug("a number changed", start, end, repr(changed))
        elif isinstance(value, str) and self._said(node)[1:-1] == value and _CODE.fullmatch(value):
            self._bug("a code changed", start, end, f'"{value}x"')

    def visit_arg(self, node: ast.arg) -> None:
        """Types are the type checker's."""
