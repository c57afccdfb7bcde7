"""Closures for arithmetic; small ints take a short way."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from libs.shared.expressions.compiling.code import Code, Run
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.scope import Names
from libs.shared.expressions.syntax.tree import ArithmeticOperator
from libs.shared.expressions.values import arithmetic as slow
from libs.shared.expressions.values.figures import bounded

Operation = Callable[[Any, Any, Meter], Any]

OPERATIONS: dict[str, Operation] = {
    "+": slow.plus,
    "-": slow.minus,
    "*": slow.times,
    "/": slow.divided,
    "%": slow.modulo,
}
ON_INTS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
"""Operators whose result on ints Python computes just as we do."""


def arithmetic(symbol: ArithmeticOperator, left: Code, right: Code) -> Run:
    """The closure of `left <symbol> right`."""
    operation = OPERATIONS[symbol]
    if symbol in ON_INTS:
        return _with_ints(ON_INTS[symbol], operation, left.run, right.run)
    first, second = left.run, right.run
    return lambda names, meter: operation(first(names, meter), second(names, meter), meter)


def negative(operand: Code) -> Run:
    """`-a`."""
    run = operand.run
    return lambda names, meter: slow.negative(run(names, meter))


def _with_ints(on_ints: Callable[[int, int], int], operation: Operation, first: Run, second: Run) -> Run:
    def compute(names: Names, meter: Meter) -> Any:
        one, other = first(names, meter), second(names, meter)
        if type(one) is int and type(other) is int:
            return bounded(on_ints(one, other))
        return operation(one, other, meter)

    return compute
