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


def context_of(paths: Mapping[str, str], record_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """An instance's context: the values that the definition's paths have in what triggered it."""
    environment = {
        "trigger": {"record_id": record_id, "record": record},
        "record": record,
        "record_id": record_id,
    }
    return {key: resolve(path, environment) for key, path in paths.items()}
