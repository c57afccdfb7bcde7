"""What is kept for UIs and acts on nothing: how entities are shown, and which roles there are to choose from."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from libs.shared.schema.strict import Strict

APP = "_app"
"""Stands for the app itself, where the name of an entity would stand."""
DEFAULT = "default"
MAX_DESCRIPTION = 2_000

Word = Annotated[str, Field(min_length=1, max_length=200)]


class UiConfig(Strict):
    """How a UI shows an entity (api.md, section 4). Natural key: entity, scope."""

    entity: Word
    scope: Word = DEFAULT
    config: dict[str, Any] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """What no two of them share; names of entities hold no slash."""
        return f"{self.entity}/{self.scope}"


class RoleDefinition(Strict):
    """A role that can be picked (api.md, part B 15); one that is not among them works as well. Natural key: name."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    label: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=MAX_DESCRIPTION)

    @field_validator("name")
    @classmethod
    def _is_trimmed(cls, name: str) -> str:
        if name != name.strip() or not name.isprintable():
            raise ValueError("must be printable, without blanks around it")
        return name
