"""Closures for `&&`, `||`, `!` and `?:`; they evaluate no more than they need."""

from __future__ import annotations

from typing import Any

from libs.shared.expressions.compiling.code import Code, Run, condition
from libs.shared.expressions.compiling.comparisons import negated
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.scope import Names
from libs.shared.expressions.syntax.tree import LogicOperator


def logic(operator: LogicOperator, operands: list[Code]) -> Run:
    """The closure of a chain of `&&` or of `||`."""
    checks = [condition(code) for code in operands]
    if operator == "&&":
        return _both(*checks) if len(checks) == 2 else _every(checks)
    return _either(*checks) if len(checks) == 2 else _some(checks)


def negation(operand: Code) -> Run:
    """`!a`."""
    return negated(condition(operand))


def choice(test: Code, then: Code, otherwise: Code) -> Run:
    """`test ? then : otherwise`."""
    check, yes, no = condition(test), then.run, otherwise.run

    def choose(names: Names, meter: Meter) -> Any:
        return yes(names, meter) if check(names, meter) else no(names, meter)

    return choose


def _both(first: Run, second: Run) -> Run:
    return lambda names, meter: first(names, meter) and second(names, meter)


def _either(first: Run, second: Run) -> Run:
    return lambda names, meter: first(names, meter) or second(names, meter)


def _every(checks: list[Run]) -> Run:
    def check(names: Names, meter: Meter) -> bool:
        for holds in checks:  # noqa: SIM110 - a generator would double the time
            if not holds(names, meter):
                return False
        return True

    return check


def _some(checks: list[Run]) -> Run:
    def check(names: Names, meter: Meter) -> bool:
        for holds in checks:  # noqa: SIM110 - a generator would double the time
            if holds(names, meter):
                return True
        return False

    return check
