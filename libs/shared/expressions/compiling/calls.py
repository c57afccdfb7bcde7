"""Closures for the functions that compute with their arguments' values, and for the lazy few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from libs.shared.expressions.compiling.code import Code, Run
from libs.shared.expressions.errors import EvaluationError, ExpressionError, Position
from libs.shared.expressions.functions import Function
from libs.shared.expressions.functions.patterns import Pattern, PatternError, compiled, found_in, pay_for
from libs.shared.expressions.functions.texts import string
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.scope import Names


def plain(function: Function, compute: Callable[..., Any], arguments: list[Code]) -> Run:
    """A call of a function that is given values."""
    runs = [code.run for code in arguments]
    if not function.strict:
        return lambda names, meter: compute(meter, *[run(names, meter) for run in runs])
    if len(runs) == 1:
        return _strict_of_one(compute, runs[0], function.on_nil)
    return _strict(compute, runs, function.on_nil)


def _strict_of_one(compute: Callable[..., Any], run: Run, on_nil: Any) -> Run:
    def call(names: Names, meter: Meter) -> Any:
        value = run(names, meter)
        return on_nil if value is None else compute(meter, value)

    return call


def _strict(compute: Callable[..., Any], runs: list[Run], on_nil: Any) -> Run:
    def call(names: Names, meter: Meter) -> Any:
        values = [run(names, meter) for run in runs]
        for value in values:
            if value is None:
                return on_nil
        return compute(meter, *values)

    return call


def coalesce(arguments: list[Code]) -> Run:
    """The first value that is not nil; the ones after it are not evaluated."""
    runs = [code.run for code in arguments]

    def call(names: Names, meter: Meter) -> Any:
        for run in runs:
            value = run(names, meter)
            if value is not None:
                return value
        return None

    return call


def matches(text: Code, pattern: Code, position: Position) -> Run:
    """A search; a constant pattern is compiled now and refused (ExpressionError) if it is not sound."""
    if not pattern.known or not isinstance(pattern.value, str):
        return _matches_any(text.run, pattern.run)
    try:
        return _matches_one(text.run, compiled(pattern.value))
    except PatternError as bad:
        raise ExpressionError(str(bad), position) from None


def _matches_one(run: Run, pattern: Pattern) -> Run:
    def check(names: Names, meter: Meter) -> bool:
        value = run(names, meter)
        return value is not None and found_in(pattern, string(value, "matches"), meter)

    return check


def _matches_any(run: Run, source: Run) -> Run:
    def check(names: Names, meter: Meter) -> bool:
        value, pattern = run(names, meter), source(names, meter)
        if value is None or pattern is None:
            return False
        return found_in(_compiled_now(pattern, meter), string(value, "matches"), meter)

    return check


def _compiled_now(pattern: Any, meter: Meter) -> Pattern:
    try:
        found = compiled(string(pattern, "matches"))
    except PatternError as bad:
        raise EvaluationError(str(bad)) from None
    pay_for(found, meter)
    return found
