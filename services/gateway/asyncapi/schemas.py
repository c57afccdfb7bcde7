"""JSON schemas of messages, from the dataclasses that they are."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

Schema = dict[str, Any]

SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}


def schema_of(kind: type[Any]) -> Schema:
    """The schema of a dataclass: all of its fields, all there."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    return {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": {name: _of(hints[name]) for name in names},
        "required": names,
    }


def _of(hint: Any) -> Schema:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of(argument) for argument in arguments]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1])}
    if origin in (list, tuple, Sequence):
        return {"type": "array", "items": _of(arguments[0])}
    return dict(SCALARS[hint])
