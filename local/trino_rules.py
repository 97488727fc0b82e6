"""What Athena refuses in the text of a query though sqlglot would read it, one small rule each."""

from collections.abc import Callable, Iterator

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from local.athena_words import QUERY_RESERVED

# What a token or a piece of a query breaks, in words; nothing when it breaks no rule.
TokenRule = Callable[[Token], str | None]
TreeRule = Callable[[exp.Expr], str | None]

_NOT_TRINO = (exp.ILike, exp.Qualify, exp.Pivot, exp.IntDiv)


def casts_are_written_out(token: Token) -> str | None:
    return "mismatched input '::'" if token.token_type is TokenType.DCOLON else None


def names_are_quoted_by_double_quotes(token: Token) -> str | None:
    """Backticks are for DDL."""
    if token.text != "`":
        return None
    return "backquoted identifiers are not supported; use double quotes to quote identifiers"


def reserved_words_are_quoted(node: exp.Expr) -> str | None:
    if not isinstance(node, exp.Identifier) or node.args.get("quoted"):
        return None
    if node.name.lower() not in QUERY_RESERVED or "start" not in node.meta:
        return None
    return f"mismatched input '{node.name}': a reserved word, as a name \"{node.name}\""


def operators_are_trinos(node: exp.Expr) -> str | None:
    return f"mismatched input '{node.key.upper()}'" if isinstance(node, _NOT_TRINO) else None


TOKEN_RULES: tuple[TokenRule, ...] = (casts_are_written_out, names_are_quoted_by_double_quotes)
TREE_RULES: tuple[TreeRule, ...] = (reserved_words_are_quoted, operators_are_trinos)


def broken_in_tokens(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    for token in tokens:
        for rule in TOKEN_RULES:
            if message := rule(token):
                yield token, message


def broken_in_tree(tree: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    for node in tree.walk():
        for rule in TREE_RULES:
            if message := rule(node):
                yield node, message
