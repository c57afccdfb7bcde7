"""Closures for comparisons, with a short way for the types met most."""

from __future__ import annotations

import operator

from libs.shared.expressions.compiling.code import Code, Run
from libs.shared.expressions.limits import CHARACTERS_PER_STEP, Meter
from libs.shared.expressions.scope import Names
from libs.shared.expressions.syntax.tree import ComparisonOperator
from libs.shared.expressions.values.comparing import Order, contains, equal, ordered

ORDERS: dict[str, Order] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(symbol: ComparisonOperator, left: Code, right: Code) -> Run:
    """The closure of any comparison but `in` a list of constants."""
    match symbol:
        case "==":
            return _equality(left, right)
        case "!=":
            return negated(_equality(left, right))
        case "in":
            return _membership(left, right)
        case "not in":
            return negated(_membership(left, right))
    return _ordering(ORDERS[symbol], left, right)


def negated(run: Run) -> Run:
    """The opposite of a closure that gives a boolean."""
    return lambda names, meter: not run(names, meter)


def one_of(item: Code, options: frozenset[str]) -> Run:
    """`item in ['a', 'b']`: one look into a set."""
    run = item.run
    choices = list(options)

    def check(names: Names, meter: Meter) -> bool:
        value = run(names, meter)
        return value in options if type(value) is str else contains(choices, value, meter)

    return check


def _equality(left: Code, right: Code) -> Run:
    if left.known:
        left, right = right, left
    if right.known and type(right.value) in (str, int):
        return _equals_constant(left.run, right.value)
    return _equals(left.run, right.run)


def _equals_constant(run: Run, expected: str | int) -> Run:
    usual = type(expected)

    def check(names: Names, meter: Meter) -> bool:
        value = run(names, meter)
        if type(value) is usual:
            return bool(value == expected)
        return value is not None and equal(value, expected, meter)

    return check


def _equals(left: Run, right: Run) -> Run:
    def check(names: Names, meter: Meter) -> bool:
        one, other = left(names, meter), right(names, meter)
        if type(one) is str and type(other) is str and len(one) < CHARACTERS_PER_STEP:
            return one == other
        return equal(one, other, meter)

    return check


def _ordering(order: Order, left: Code, right: Code) -> Run:
    if right.known and type(right.value) is int:
        return _ordered_to_int(order, left.run, right.value)
    first, second = left.run, right.run

    def check(names: Names, meter: Meter) -> bool:
        one, other = first(names, meter), second(names, meter)
        if type(one) is int and type(other) is int:
            return order(one, other)
        return ordered(order, one, other, meter)

    return check


def _ordered_to_int(order: Order, run: Run, limit: int) -> Run:
    def check(names: Names, meter: Meter) -> bool:
        value = run(names, meter)
        return order(value, limit) if type(value) is int else ordered(order, value, limit, meter)

    return check


def _membership(item: Code, container: Code) -> Run:
    run, where = item.run, container.run

    def check(names: Names, meter: Meter) -> bool:
        value = run(names, meter)
        return contains(where(names, meter), value, meter)

    return check
