"""Closures for `sum`, `any` and the like: over a list, or over a value computed of each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from libs.shared.expressions.compiling.code import Code, Run
from libs.shared.expressions.functions.lists import Aggregate, elements
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.scope import Names, RowScope


def over_list(name: str, aggregate: Aggregate, source: Code) -> Run:
    """`sum(list)`."""
    run = source.run

    def call(names: Names, meter: Meter) -> Any:
        return aggregate(_visited(elements(run(names, meter), name), meter), meter)

    return call


def over_rows(name: str, aggregate: Aggregate, source: Code, row: Code, price: int) -> Run:
    """`sum(list, expression)`: the expression is evaluated in every row, for `price` steps each."""
    run, evaluate = source.run, row.run

    def call(names: Names, meter: Meter) -> Any:
        rows = elements(run(names, meter), name)
        return aggregate(_evaluated(rows, evaluate, names, meter, price), meter)

    return call


def over_values(aggregate: Aggregate, arguments: list[Code]) -> Run:
    """`min(a, b, c)`: the arguments themselves are the list."""
    runs = [code.run for code in arguments]
    return lambda names, meter: aggregate([run(names, meter) for run in runs], meter)


def rows_or_values(aggregate: Aggregate, source: Code, other: Code, price: int) -> Run:
    """`min(a, b)`: whether `b` is a row's expression or a second value shows when `a` is known."""
    run, evaluate = source.run, other.run

    def call(names: Names, meter: Meter) -> Any:
        first = run(names, meter)
        if isinstance(first, (list, tuple)):
            return aggregate(_evaluated(first, evaluate, names, meter, price), meter)
        return aggregate((first, evaluate(names, meter)), meter)

    return call


def _visited(values: Iterable[Any], meter: Meter) -> Iterator[Any]:
    for value in values:
        meter.spend(1)
        yield value


def _evaluated(rows: Iterable[Any], evaluate: Run, names: Names, meter: Meter, price: int) -> Iterator[Any]:
    for row in rows:
        meter.spend(price)
        yield evaluate(RowScope(row, names), meter)
