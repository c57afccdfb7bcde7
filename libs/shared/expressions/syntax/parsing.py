"""From text to tree, and from the parser's complaints to ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from libs.shared.expressions.errors import ExpressionError, Position, position_at
from libs.shared.expressions.syntax.building import Builder
from libs.shared.expressions.syntax.measuring import check_text, check_tree
from libs.shared.expressions.syntax.tree import Node

GRAMMAR = Path(__file__).with_name("grammar.lark")
MAX_CLIPPED_CHARACTERS = 20
"""Characters of an unexpected word that a message repeats."""


def parse(text: str) -> Node:
    """The tree of `text`; ExpressionError at the first error, or when a limit is passed."""
    check_text(text)
    try:
        # The builder's nodes come out instead of lark's own tree, so the parser never recurses.
        root = cast(Node, _parser().parse(text))
    except UnexpectedInput as complaint:
        raise _mistake(text, complaint) from None
    check_tree(root)
    return root


@cache
def _parser() -> Lark:
    """The parser: made at the first use, it takes some 30 ms."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=Builder(), cache=False)


def _mistake(text: str, complaint: UnexpectedInput) -> ExpressionError:
    match complaint:
        case UnexpectedToken(token=Token(type="$END")):
            return ExpressionError("the expression ends too early", position_at(text, len(text)))
        case UnexpectedToken(token=token):
            return ExpressionError(f"unexpected {_clipped(token)}", _position(complaint))
        case UnexpectedCharacters(char=quote) if quote in ("'", '"'):
            return ExpressionError("the string is not closed", _position(complaint))
        case UnexpectedCharacters(char=character):
            return ExpressionError(f"unexpected {_clipped(character)}", _position(complaint))
    return ExpressionError("the expression cannot be read", _position(complaint))


def _position(complaint: UnexpectedInput) -> Position:
    return Position(max(complaint.line, 1), max(complaint.column, 1))


def _clipped(word: str) -> str:
    clipped = word if len(word) <= MAX_CLIPPED_CHARACTERS else f"{word[:MAX_CLIPPED_CHARACTERS]}..."
    return f"'{clipped}'" if clipped.isprintable() else "character"
