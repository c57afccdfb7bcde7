"""A tree as text, with no more brackets than needed: the parser must give the tree back."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from libs.shared.expressions.syntax.tree import (
    Arithmetic,
    Call,
    Choice,
    Comparison,
    Constant,
    Index,
    Items,
    Logic,
    Member,
    Negation,
    Negative,
    Node,
    Path,
    Scalar,
)

CHOICE, EITHER, BOTH, EQUALITY, ORDERING, SUM, PRODUCT, UNARY, POSTFIX = range(9)
"""How tightly a place binds: a node that binds less needs brackets there."""

BINARY = {
    "==": (EQUALITY, EQUALITY, ORDERING),
    "!=": (EQUALITY, EQUALITY, ORDERING),
    "+": (SUM, SUM, PRODUCT),
    "-": (SUM, SUM, PRODUCT),
    "*": (PRODUCT, PRODUCT, UNARY),
    "/": (PRODUCT, PRODUCT, UNARY),
    "%": (PRODUCT, PRODUCT, UNARY),
}
"""The place that an operator's node fits, and the places of its two sides; all others order."""


def text_of(node: Node, place: int = CHOICE) -> str:
    """The text of `node` where the grammar wants something that binds like `place`."""
    level, text = _text(node)
    return text if level >= place else f"({text})"


def _text(node: Node) -> tuple[int, str]:
    match node:
        case Constant(value):
            return POSTFIX, _constant(value)
        case Path(names):
            return POSTFIX, ".".join(names)
        case Member(target, name):
            return POSTFIX, f"{text_of(target, POSTFIX)}.{name}"
        case Index(target, index):
            return POSTFIX, f"{text_of(target, POSTFIX)}[{text_of(index)}]"
        case Items(elements):
            return POSTFIX, f"[{_list(elements)}]"
        case Call(name, arguments):
            return POSTFIX, f"{name}({_list(arguments)})"
    return _operators(node)


def _operators(node: Node) -> tuple[int, str]:
    match node:
        case Negation(operand):
            return UNARY, f"!{text_of(operand, UNARY)}"
        case Negative(operand):
            return UNARY, f"-{text_of(operand, UNARY)}"
        case Arithmetic(operator, left, right) | Comparison(operator, left, right):
            level, before, after = BINARY.get(operator, (ORDERING, SUM, SUM))
            return level, f"{text_of(left, before)} {operator} {text_of(right, after)}"
        case Logic("||", operands):
            return EITHER, " || ".join(text_of(operand, BOTH) for operand in operands)
        case Logic(_, operands):
            return BOTH, " && ".join(text_of(operand, EQUALITY) for operand in operands)
        case Choice(test, then, otherwise):
            return CHOICE, f"{text_of(test, EITHER)} ? {text_of(then)} : {text_of(otherwise)}"
    raise AssertionError(node)


def _list(nodes: Iterable[Node]) -> str:
    return ", ".join(text_of(node) for node in nodes)


def _constant(value: Scalar) -> str:
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case str():
            return quoted(value)
    return str(value)


def quoted(value: str) -> str:
    """A string literal, escaped as little as possible."""
    quote = '"' if "'" in value else "'"
    return quote + value.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote
