"""Finds the path in a document of an error that pydantic reports.

Pydantic's locations contain labels of union members beside the keys and indices of the document. Walking along the
model tells the two apart, and knows which keys the model accepts there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from libs.shared.schema.strict import Strict, keys_of


@dataclass(frozen=True, slots=True)
class Location:
    """`path` leads through the document; `known` are the keys that are accepted in place of its last part.

    `is_alternative`: the value is not of one type that it could have, and that type is no object.
    """

    path: tuple[str | int, ...]
    known: Sequence[str]
    is_alternative: bool


def locate(model: type[BaseModel], document: Any, location: Sequence[str | int]) -> Location:
    """The path of pydantic's `location` in a `document` that was validated as `model`."""
    sort: Any = model
    value: Any = document
    path: list[str | int] = []
    known: Sequence[str] = ()
    alternative = False
    for part in location:
        alternative = False
        if _is_union(sort):
            sort = _member(sort, str(part))
            alternative = not _is_model(sort)
            continue
        known = keys_of(sort) if _is_model(sort) else ()
        path.append(part)
        sort = part_of(sort, part, value)
        value = _within(value, part)
    return Location(tuple(path), known, alternative)


def part_of(sort: Any, part: str | int, value: Any) -> Any:
    """The annotation of the value at a key or index of a `value` of type `sort`; Any if nothing is known."""
    if _is_model(sort):
        if issubclass(sort, Strict) and part in sort.decided_by:
            key, models = sort.decided_by[str(part)]
            return models.get(_within(value, key), Any)
        field = next((f for name, f in sort.model_fields.items() if (f.alias or name) == part), None)
        return _plain(field.annotation) if field else Any
    origin, parts = get_origin(sort), get_args(sort)
    if origin is list:
        return _plain(parts[0])
    return _plain(parts[1]) if origin in (dict, Mapping) else Any


def members_of(sort: Any) -> list[Any]:
    """The members of a union, without None."""
    return [_plain(member) for member in get_args(sort) if member is not NoneType]


def _plain(sort: Any) -> Any:
    """An annotation without its metadata; `X | None` is X."""
    if get_origin(sort) is Annotated:
        return _plain(get_args(sort)[0])
    if _is_union(sort) and len(members := members_of(sort)) == 1:
        return members[0]
    return sort


def _member(union: Any, label: str) -> Any:
    """The member of a union that a label of pydantic means."""
    for member in members_of(union):
        if _is_model(member) and (_is_named(member, label) or label in _tags(member)):
            return member
        if get_origin(member) is list and label.startswith("list["):
            return member
    return Any


def _is_named(model: type[BaseModel], label: str) -> bool:
    """Whether a label names a model; with validators of the whole it is `function-after[validator(), Model]`."""
    return label == model.__name__ or label.endswith(f", {model.__name__}]")


def _tags(model: type[BaseModel]) -> list[Any]:
    """The values of the key `type` that select a model in a union."""
    field = model.model_fields.get("type")
    kind = field.annotation if field else None
    return list(get_args(kind)) if get_origin(kind) is Literal else []


def _within(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _is_union(sort: Any) -> bool:
    return get_origin(sort) in (Union, UnionType)


def _is_model(sort: Any) -> bool:
    return isinstance(sort, type) and issubclass(sort, BaseModel)
