"""Makes the tree's nodes, called by the parser as it recognises the grammar's rules."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from lark import Token, Transformer, v_args

from libs.shared.expressions.errors import ExpressionError, Position, position_at
from libs.shared.expressions.functions import FUNCTIONS
from libs.shared.expressions.syntax import tree
from libs.shared.expressions.syntax.strings import EscapeError, unquote
from libs.shared.expressions.syntax.tree import Node
from libs.shared.expressions.values.figures import LIMIT, PRECISION_DIGITS

SPELLINGS = {"===": "==", "!==": "!=", "and": "&&", "or": "||"}
"""Operators with two spellings, and the one the tree uses."""

inline = cast(Callable[[Any], Any], v_args(inline=True))


def _position(token: Token) -> Position:
    return Position(token.line or 1, token.column or 1)


def _operator(token: Token) -> Any:
    return SPELLINGS.get(token.value, token.value)


@inline
class Builder(Transformer[Token, Node]):
    """One method per rule of the grammar; raises ExpressionError for errors that the grammar accepts."""

    def choice(self, test: Node, then: Node, otherwise: Node) -> Node:
        return tree.Choice(test, then, otherwise, position=test.position)

    def logic(self, first: Node, operator: Token, *rest: Any) -> Node:
        operands = (first, *rest[::2])
        return tree.Logic(_operator(operator), operands, position=_position(operator))

    def comparison(self, left: Node, operator: Token, right: Node) -> Node:
        return tree.Comparison(_operator(operator), left, right, position=_position(operator))

    def absence(self, left: Node, word: Token, _in: Token, right: Node) -> Node:
        return tree.Comparison("not in", left, right, position=_position(word))

    def arithmetic(self, left: Node, operator: Token, right: Node) -> Node:
        return tree.Arithmetic(_operator(operator), left, right, position=_position(operator))

    def negation(self, operator: Token, operand: Node) -> Node:
        return tree.Negation(operand, position=_position(operator))

    def negative(self, operator: Token, operand: Node) -> Node:
        return tree.Negative(operand, position=_position(operator))

    def member(self, target: Node, name: Token) -> Node:
        if isinstance(target, tree.Path):
            positions = (*target.positions, _position(name))
            return tree.Path((*target.names, name.value), positions, position=target.position)
        return tree.Member(target, name.value, position=_position(name))

    def index(self, target: Node, bracket: Token, index: Node) -> Node:
        return tree.Index(target, index, position=_position(bracket))

    def items(self, bracket: Token, *elements: Node) -> Node:
        return tree.Items(elements, position=_position(bracket))

    def path(self, name: Token) -> Node:
        return tree.Path((name.value,), (_position(name),), position=_position(name))

    def call(self, name: Token, *arguments: Node) -> Node:
        _check_call(name, name.value, len(arguments))
        return tree.Call(name.value, arguments, position=_position(name))

    def construct(self, new: Token, _name: Token, *_arguments: Node) -> Node:
        raise ExpressionError("nothing is made with 'new', date(...) makes a date", _position(new))

    def integer(self, token: Token) -> Node:
        # Counting digits first: Python itself refuses to read very long integers.
        if len(token.lstrip("0")) > PRECISION_DIGITS + 1 or int(token) > LIMIT:
            raise ExpressionError("the number is too large", _position(token))
        return tree.Constant(int(token), position=_position(token))

    def decimal(self, token: Token) -> Node:
        if len(token.strip("0")) > PRECISION_DIGITS + 1:
            raise ExpressionError("the number has too many digits", _position(token))
        return tree.Constant(Decimal(token), position=_position(token))

    def string(self, token: Token) -> Node:
        try:
            return tree.Constant(unquote(token), position=_position(token))
        except EscapeError as bad:
            start = _position(token)
            inside = position_at(token, bad.offset)
            column = inside.column + (start.column - 1 if inside.line == 1 else 0)
            raise ExpressionError(bad.reason, Position(start.line + inside.line - 1, column)) from None

    def true(self, token: Token) -> Node:
        return tree.Constant(True, position=_position(token))

    def false(self, token: Token) -> Node:
        return tree.Constant(False, position=_position(token))

    def nil(self, token: Token) -> Node:
        return tree.Constant(None, position=_position(token))


def _check_call(token: Token, name: str, count: int) -> None:
    """Refuse a function that does not exist, or a number of arguments it does not take."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError(f"there is no function {_clip(name)}", _position(token))
    if count < function.least or (function.most is not None and count > function.most):
        raise ExpressionError(f"{name} takes {function.arity}, not {count}", _position(token))


def _clip(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:40]}..."
