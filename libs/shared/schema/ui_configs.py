"""UI configs: how a UI shows an entity. No service acts on them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from libs.shared.schema.strict import Strict

APP = "_app"
"""Names the app itself in place of an entity."""
DEFAULT = "default"

Word = Annotated[str, Field(min_length=1, max_length=200)]


class UiConfig(Strict):
    """How a UI shows an entity. Natural key: entity, scope."""

    entity: Word
    scope: Word = DEFAULT
    config: dict[str, Any] = Field(default_factory=dict)
