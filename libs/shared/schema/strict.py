"""The base of every model of a definition: a key that no model knows is a mistake, and nothing of it is kept.

What is stored was checked when it was saved. It is read tolerantly, so that definitions that an older Rocket took
still load: a key that is unknown today is passed over, and expressions are not compiled once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo

STORED = {"lenient": True, "stored": True}
"""The validation context of what was checked when it was stored."""


class Strict(BaseModel):
    """A definition or a part of one. Unknown keys are refused, at any depth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decided_by: ClassVar[Mapping[str, tuple[str, Mapping[str, type[BaseModel]]]]] = {}
    """Key whose model another key decides → that other key, and the models by its value."""

    @classmethod
    def stored(cls, document: Any) -> Self:
        """The model of what is kept in a database. Raises ValidationError where it can't be read at all."""
        return cls.model_validate(document, context=STORED, extra="ignore")

    @classmethod
    def under(cls, info: ValidationInfo, document: Any) -> Self:
        """The model of a part whose whole is being validated: strict, lenient or stored as that is."""
        return cls.stored(document) if is_stored(info) else cls.model_validate(document, context=info.context)


def is_stored(info: ValidationInfo) -> bool:
    """Whether what is validated comes from a database."""
    return isinstance(info.context, dict) and bool(info.context.get("stored"))


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a model knows, as they are written in a document."""
    return [field.alias or name for name, field in model.model_fields.items()]
