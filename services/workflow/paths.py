"""Paths such as `trigger.record.customer.id`: how a workflow names values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def resolve(path: str, environment: Mapping[str, Any]) -> Any:
    """The value at `path`; None when there is none."""
    value: Any = environment
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
