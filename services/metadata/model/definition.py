"""A definition as it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Definition:
    """A stored definition.

    The log knows an entity or a join table by `number`, and the fields of an entity by `ids`.
    """

    id: str
    kind: str
    key: str | None
    number: int
    document: dict[str, Any]
    ids: dict[str, dict[str, Any]]
    created_at: str
    updated_at: str

    @property
    def title(self) -> str:
        """What messages and paths call it: `kind.name`, or `kind.id` without a name."""
        return f"{self.kind}.{self.key or self.id}"
