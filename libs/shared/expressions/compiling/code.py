"""The compiled form of a node: a closure, and what is known about its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared.expressions.errors import EvaluationError
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.scope import Names
from libs.shared.expressions.values.kinds import Kind, kind, truthy

Run = Callable[[Names, Meter], Any]
NOWHERE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Code:
    """`run` evaluates the node.

    `pure`: it reads nothing. `boolean`: the result is always true or false. `known`: the result is
    always `value`, an immutable scalar.
    """

    run: Run
    pure: bool = False
    boolean: bool = False
    known: bool = False
    value: Any = None


def constant(value: Any) -> Code:
    """Code for a result known before the run."""
    return Code(lambda names, meter: value, pure=True, boolean=isinstance(value, bool), known=True, value=value)


def folded(code: Code, meter: Meter) -> Code:
    """`code`, or its result where that can be had now.

    An error is left for the run: the place may never be reached. Lists and objects stay code, as the
    caller of an evaluation may change what he is given.
    """
    if not code.pure or code.known:
        return code
    try:
        value = code.run(NOWHERE, meter)
    except EvaluationError:
        return code
    return code if kind(value) in (Kind.LIST, Kind.OBJECT) else constant(value)


def condition(code: Code) -> Run:
    """A closure for whether the result of `code` is truthy."""
    run = code.run
    if code.boolean:
        return run

    def check(names: Names, meter: Meter) -> bool:
        return truthy(run(names, meter))

    return check
