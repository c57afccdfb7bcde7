"""Closures for paths, members, elements and list literals."""

from __future__ import annotations

from typing import Any

from libs.shared.expressions.compiling.code import Code, Run
from libs.shared.expressions.limits import Meter
from libs.shared.expressions.scope import Names
from libs.shared.expressions.values.access import element, member


def path(names: tuple[str, ...]) -> Run:
    """One closure for the whole path, of any length."""
    match names:
        case (root,):
            return lambda names, meter: names.get(root)
        case (root, name):
            return _pair(root, name)
    return _chain(names[0], names[1:])


def _pair(root: str, name: str) -> Run:
    """The usual path, `record.field`."""

    def read(names: Names, meter: Meter) -> Any:
        target = names.get(root)
        return target.get(name) if type(target) is dict else member(target, name)

    return read


def _chain(root: str, rest: tuple[str, ...]) -> Run:
    def read(names: Names, meter: Meter) -> Any:
        target = names.get(root)
        for name in rest:
            target = target.get(name) if type(target) is dict else member(target, name)
        return target

    return read


def member_of(target: Code, name: str) -> Run:
    """A member of something computed."""
    run = target.run
    return lambda names, meter: member(run(names, meter), name)


def element_of(target: Code, index: Code) -> Run:
    """An element; a constant string is the same as a member."""
    if index.known and isinstance(index.value, str):
        return member_of(target, index.value)
    run, place = target.run, index.run
    return lambda names, meter: element(run(names, meter), place(names, meter))


def items(elements: list[Code]) -> Run:
    """A new list at every evaluation."""
    runs = [code.run for code in elements]
    return lambda names, meter: [run(names, meter) for run in runs]
