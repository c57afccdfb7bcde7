"""A saved view as it is stored: who sees it, who may change it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.contracts.views import ALL, MINE, ROLE


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named state of the list of an entity."""

    id: str
    entity: str
    name: str
    scope: str
    state: Mapping[str, Any]
    owner: str
    owner_email: str
    version: int
    created_at: str
    updated_at: str

    @property
    def is_shared(self) -> bool:
        """Whether others than its owner see it."""
        return self.scope != MINE

    @property
    def document(self) -> dict[str, Any]:
        """The view as an exported document has it."""
        return {"entity": self.entity, "name": self.name, "scope": self.scope, "state": self.state}

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.entity}/{self.scope}/{self.name}"

    def may_be_changed_by(self, caller: Identity) -> bool:
        """Whether a caller who sees it may change it."""
        return caller.is_admin if self.is_shared else self.owner == caller.id

    def to_dict(self, caller: Identity) -> dict[str, Any]:
        """The view as responses have it."""
        return {
            "id": self.id,
            **self.document,
            "owner": {"id": self.owner, "email": self.owner_email},
            "editable": self.may_be_changed_by(caller),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


def scopes_of(caller: Identity) -> list[str]:
    """The shared scopes whose views a caller sees, unless they are an admin, who sees all."""
    return [ALL, *(ROLE + role for role in caller.roles)]
