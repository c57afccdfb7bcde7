"""Members and elements: null-safe, of data only, never of Python objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.expressions.values.figures import exact
from libs.shared.expressions.values.kinds import Kind, kind

LENGTH = "length"


def member(target: Any, name: str) -> Any:
    """`target.name`: of an object, or the length of a list or string; nil for everything else."""
    if isinstance(target, Mapping):
        return target.get(name)
    if name == LENGTH and isinstance(target, (str, list, tuple)):
        return len(target)
    return None


def element(target: Any, index: Any) -> Any:
    """`target[index]`: a member by string, or an element by number, from the end if negative.

    nil for everything else: no such element, a fraction, a target that has neither.
    """
    if isinstance(index, str):
        return member(target, index)
    if kind(index) is not Kind.NUMBER or not isinstance(target, (list, tuple)):
        return None
    place = exact(index)
    if not -len(target) <= place < len(target) or place != int(place):
        return None
    return target[int(place)]
