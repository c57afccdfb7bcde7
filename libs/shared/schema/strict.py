"""The base of every model of a definition: unknown keys are refused.

Stored documents were checked when they were saved. They are read tolerantly, so that definitions which an older version
accepted still load: unknown keys are ignored, and expressions are not compiled again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo

STORED = {"lenient": True, "stored": True}
"""The validation context of stored documents."""


class Strict(BaseModel):
    """A definition or a part of one. Unknown keys are refused, at any depth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decided_by: ClassVar[Mapping[str, tuple[str, Mapping[str, type[BaseModel]]]]] = {}
    """Key whose model depends on another key → that other key, and the models by its value."""

    @classmethod
    def stored(cls, document: Any) -> Self:
        """The model of a stored document. Raises ValidationError if it can't be read at all."""
        return cls.model_validate(document, context=STORED, extra="ignore")

    @classmethod
    def under(cls, info: ValidationInfo, document: Any) -> Self:
        """The model of a part, validated as its whole is: strict, lenient or stored."""
        return cls.stored(document) if is_stored(info) else cls.model_validate(document, context=info.context)


def is_stored(info: ValidationInfo) -> bool:
    """Whether a stored document is being validated."""
    return isinstance(info.context, dict) and bool(info.context.get("stored"))


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a model knows, as they are written in a document."""
    return [field.alias or name for name, field in model.model_fields.items()]
