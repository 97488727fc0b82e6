"""Tables as people call them, turned into databases as they are deployed, and nothing else."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable

from lake.names import nearest, physical_database

Place = tuple[int, int]
# Statements that the parser only carries along as text.
CARRIED = re.compile(r"\s*(?:optimize|vacuum|show|describe|desc|msck|alter)\b", re.IGNORECASE)
EXPLAINED = re.compile(r"\s*explain\b(?:\s+analyze\b)?", re.IGNORECASE)
OWNER = re.compile(r"(?<![\w.`\"])[`\"]?(\w+)[`\"]?(?=\s*\.)")
SHOWN_IN = re.compile(r"\s*show\s.*\b(?:in|from)\s+[\"`]?(\w+)[\"`]?\s*;?\s*", re.IGNORECASE)
QUALIFIED = re.compile(r"\w+(?:\.\w+)+")


def physical(sql: str, databases: Collection[str], prefix: str) -> str:
    """The same text with `emt_silver.stops` spelled `tfm_dgv_mbdde_emt_silver.stops`.

    Only the name of the database is replaced, where it stands: the rest of what a person wrote
    reaches Athena as it is, so that its messages point at the right line.
    """
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    replaced = sql
    for start, end in sorted(set(_places(sql, databases)), reverse=True):
        written = sql[start:end]
        name = written.strip('"`')
        deployed = physical_database(prefix, name.lower())
        replaced = replaced[:start] + written.replace(name, deployed) + replaced[end:]
    return replaced


def _places(sql: str, databases: Collection[str]) -> Iterable[Place]:
    """Where names of databases stand: first character, and the one after the last."""
    if shown := SHOWN_IN.fullmatch(sql):
        return [shown.span(1)] if shown[1].lower() in databases else []
    if CARRIED.match(sql):
        owners = OWNER.finditer(sql)
        return [owner.span(1) for owner in owners if owner[1].lower() in databases]
    if explained := EXPLAINED.match(sql):
        offset = explained.end()
        return [(s + offset, e + offset) for s, e in _places(sql[offset:], databases)]
    return _places_by_tree(sql, databases)


def _places_by_tree(sql: str, databases: Collection[str]) -> Iterable[Place]:
    """A parser knows an alias `ops` from the database `ops`."""
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    try:
        trees = [tree for tree in parse(sql, read="trino") if tree]
    except SqlglotError:
        return _places_by_word(sql, databases)
    names = [
        table.args["db"]
        for tree in trees
        for table in tree.find_all(exp.Table)
        if table.args.get("db")
    ]
    if any(isinstance(tree, exp.Command) for tree in trees) or not all(n.meta for n in names):
        return _places_by_word(sql, databases)
    return [(n.meta["start"], n.meta["end"] + 1) for n in names if n.name.lower() in databases]


def _places_by_word(sql: str, databases: Collection[str]) -> Iterable[Place]:
    """For what the parser cannot read: a known database, then a dot, and no dot before."""
    from sqlglot import TokenType
    from sqlglot.dialects.trino import Trino
    from sqlglot.errors import SqlglotError

    try:
        tokens = Trino().tokenize(sql)
    except SqlglotError:
        return []
    return [
        (token.start, token.end + 1)
        for before, token, after in zip([None, *tokens], tokens, tokens[1:], strict=False)
        if after.token_type is TokenType.DOT
        and token.text.lower() in databases
        and not (before and before.token_type is TokenType.DOT)
    ]


def meant(message: str, prefix: str, known: Collection[str]) -> str:
    """The table that somebody may have meant, out of Athena's complaint about another."""
    for word in QUALIFIED.findall(message.lower()):
        said = ".".join(word.split(".")[-2:]).removeprefix(prefix)
        if said not in known and (guess := nearest(said, known)):
            return guess.strip(" ()")
    return ""
