"""The tree of an expression, which the compilers to Python and to SQL read.

Two expressions that differ only in spelling (`===` or `==`, `and` or `&&`, spaces, needless
brackets) have equal trees. Positions are for messages and take no part in comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from libs.shared.expressions.errors import START, Position

ArithmeticOperator = Literal["+", "-", "*", "/", "%"]
ComparisonOperator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
LogicOperator = Literal["&&", "||"]
Scalar = None | bool | int | Decimal | str


@dataclass(frozen=True, slots=True)
class Located:
    """The base of all nodes: their position in the text (of an operator's node: the operator's)."""

    position: Position = field(default=START, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Constant(Located):
    """`1`, `2.5`, `'text'`, `true`, `nil`."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Path(Located):
    """`record.owner.email`: names looked up one in the other, the first in the environment.

    `positions` are those of each name in the text, if the path was parsed.
    """

    names: tuple[str, ...]
    positions: tuple[Position, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Member(Located):
    """`(a ? b : c).name`: a name in anything that is not a path."""

    target: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index(Located):
    """`target[index]`: an element of a list by number, of an object by key."""

    target: Node
    index: Node


@dataclass(frozen=True, slots=True)
class Items(Located):
    """`[a, b]`: a list."""

    elements: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call(Located):
    """`name(a, b)`. The name and the count are known to be right."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation(Located):
    """`!a`: true where `a` is not truthy."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Negative(Located):
    """`-a`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Located):
    """`left + right` and its like."""

    operator: ArithmeticOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison(Located):
    """`left == right` and its like; always a boolean."""

    operator: ComparisonOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic(Located):
    """`a && b && c`: two or more operands of one operator without brackets; always a boolean."""

    operator: LogicOperator
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice(Located):
    """`test ? then : otherwise`."""

    test: Node
    then: Node
    otherwise: Node


Node = Constant | Path | Member | Index | Items | Call | Negation | Negative | Arithmetic | Comparison | Logic | Choice


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below `node`, in the order of the text."""
    match node:
        case Constant() | Path():
            return ()
        case Member(target):
            return (target,)
        case Index(target, index):
            return (target, index)
        case Items(nodes) | Call(_, nodes) | Logic(_, nodes):
            return nodes
        case Negation(operand) | Negative(operand):
            return (operand,)
        case Arithmetic(_, left, right) | Comparison(_, left, right):
            return (left, right)
        case Choice(test, then, otherwise):
            return (test, then, otherwise)
