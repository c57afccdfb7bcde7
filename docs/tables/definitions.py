"""The tables of docs/reference/definitions: the keys of each kind of definition, from its model.

A table stands between `<!-- keys: ModelName -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
import types
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.tables.meanings import MEANINGS
from libs.shared.schema.kinds import KINDS

PAGES = Path(__file__).resolve().parent.parent / "reference" / "definitions"
TABLE = re.compile(r"<!-- keys: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
WORDS = {
    str: "text", int: "int", float: "number", bool: "boolean", Path: "path", Any: "any value", type(None): "null",
}  # fmt: skip


def models() -> dict[str, type[BaseModel]]:
    """Every model of a definition, and of its parts, by name."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = [kind.model for kind in KINDS.values()]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation.__name__ not in found:
                found[annotation.__name__] = annotation
                waiting += [field.annotation for field in annotation.model_fields.values()]
        else:
            waiting += typing.get_args(annotation)
    return found


def written(page: str) -> str:
    """The page with its tables rewritten from the models. Raises KeyError for a model or key without a meaning."""
    known = models()
    return TABLE.sub(lambda found: _table(known[found[1]]), page)


def _table(model: type[BaseModel]) -> str:
    keys = {field.alias or name: field for name, field in model.model_fields.items()}
    rows = [
        f"| `{key}` | {type_in_words(field.annotation)} | {_default(field)} | {_meaning(model, key)} |"
        for key, field in keys.items()
        if key not in HIDDEN.get(model.__name__, ())
    ]
    head = ["| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"<!-- keys: {model.__name__} -->", "", *head, *rows, "", "<!-- end -->"])


HIDDEN = {"PolicyDefinition": ("id",)}
"""Fields of a model that are no keys of the document."""


def _meaning(model: type[BaseModel], key: str) -> str:
    for each in model.__mro__:
        if key in MEANINGS.get(each.__name__, {}):
            return MEANINGS[each.__name__][key]
    raise KeyError(f"{model.__name__}.{key} has no meaning in docs/meanings.py")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        made = field.default_factory()  # type: ignore[call-arg]
        return f"`{_json(made)}`" if isinstance(made, (list, dict)) else ""
    return "" if field.default in (None, PydanticUndefined, "", "none") else f"`{_json(field.default)}`"


def _json(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def type_in_words(annotation: Any) -> str:
    """The type of a key as the tables say it: `text`, `list of int`."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return type_in_words(arguments[0])
    if origin is Literal:
        return ", ".join("null" if value is None else f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        parts = [type_in_words(each) for each in arguments if each is not type(None)]
        return " or ".join(dict.fromkeys(parts))
    if origin is list:
        return f"list of {type_in_words(arguments[0])}"
    if origin is dict:
        return "object"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "object"
    return WORDS.get(annotation, "object")
