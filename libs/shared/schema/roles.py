"""Roles that a UI offers to choose from. No service acts on them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from libs.shared.schema.strict import Strict

MAX_DESCRIPTION_CHARACTERS = 2_000
"""Characters of a role's description."""


class RoleDefinition(Strict):
    """A role that can be picked; one that is not among them works as well. Natural key: name."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    label: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=MAX_DESCRIPTION_CHARACTERS)

    @field_validator("name")
    @classmethod
    def _is_trimmed(cls, name: str) -> str:
        if name != name.strip() or not name.isprintable():
            raise ValueError("must be printable, without blanks around it")
        return name
