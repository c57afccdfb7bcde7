"""Renames the fields of an entity in the states of saved views. Pure.

A state is any JSON, so only the places that lists usually have are known: keys that hold names, and conditions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NAMES = frozenset(
    {
        *("sort", "columns", "fields", "hidden", "pinned", "order", "widths", "group_by", "sum", "q_fields"),
        *("filter", "filters"),
    }
)
"""Keys below which keys are names of fields, and, except in conditions, texts too."""
CONDITIONS = ("filter", "filters")
HEAD = re.compile(r"(\s*-?)([A-Za-z_][A-Za-z0-9_]*)(.*)", re.DOTALL)
BRACKETS = re.compile(r"(filter|having)\[([A-Za-z_][A-Za-z0-9_]*)(.*)", re.DOTALL)
"""A condition as a parameter of a URL: `filter[status.in]`."""

Renamed = Mapping[str, str]
"""Old name → new name."""


def renamed_in_state(state: Any, renamed: Renamed) -> Any:
    """The state of a view whose entity's fields got new names."""
    if isinstance(state, list):
        return [renamed_in_state(part, renamed) for part in state]
    if not isinstance(state, dict):
        return state
    return {_key(key, renamed): _value(key, value, renamed) for key, value in state.items()}


def _key(key: str, renamed: Renamed) -> str:
    match = BRACKETS.fullmatch(key)
    return f"{match[1]}[{renamed.get(match[2], match[2])}{match[3]}" if match else key


def _value(key: str, value: Any, renamed: Renamed) -> Any:
    if key == "field" and isinstance(value, str):
        return _name(value, renamed)
    if key in NAMES:
        return _names(value, renamed, texts=key not in CONDITIONS)
    return renamed_in_state(value, renamed)


def _names(value: Any, renamed: Renamed, texts: bool) -> Any:
    """Names: a text with commas between them, a list, or the keys of an object."""
    if isinstance(value, str):
        return ",".join(_name(part, renamed) for part in value.split(",")) if texts else value
    if isinstance(value, list):
        return [_names(part, renamed, texts) if isinstance(part, str) else _item(part, renamed) for part in value]
    if isinstance(value, dict):
        return {_name(key, renamed): _item(part, renamed) for key, part in _item(value, renamed).items()}
    return value


def _item(value: Any, renamed: Renamed) -> Any:
    return renamed_in_state(value, renamed)


def _name(text: str, renamed: Renamed) -> str:
    """A name, with a sign before it or an operator behind it."""
    match = HEAD.fullmatch(text)
    return f"{match[1]}{renamed.get(match[2], match[2])}{match[3]}" if match else text
