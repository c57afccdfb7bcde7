"""One request while it is read: its values as they are numbered, and what its caller may see of which entity.

Everything that reads records gets its permissions here, so no path can forget them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.errors import RocketError
from libs.shared.schema import FieldDefinition
from services.data.model import EntityModel, Link, Model
from services.data.permissions import grant_for, readable_fields
from services.data.query.shapes import Visible


class Scope:
    """A caller's request against one schema. `reserved` places come before its values."""

    def __init__(self, model: Model, caller: Identity, reserved: int = 0) -> None:
        self.model = model
        self._caller = caller
        self._reserved = reserved
        self._visible: dict[str, Visible] = {}
        self.values: list[Any] = []

    def slot(self, value: Any) -> int:
        """The place of a value, from 1."""
        self.values.append(value)
        return self._reserved + len(self.values)

    def visible(self, entity: EntityModel) -> Visible:
        """Which records of an entity the caller may read. Raises FORBIDDEN for none."""
        if entity.name not in self._visible:
            self._visible[entity.name] = grant_for(entity, "read", self._caller).visible(self.slot)
        return self._visible[entity.name]

    def removable(self, entity: EntityModel) -> Visible:
        """Which records of an entity the caller may delete. Raises FORBIDDEN for none."""
        return grant_for(entity, "delete", self._caller).visible(self.slot)

    def fields(self, entity: EntityModel) -> Mapping[str, FieldDefinition]:
        """The fields of an entity that the caller may ask for."""
        return readable_fields(entity, self._caller)

    def beyond(self, link: Link) -> EntityModel:
        """The entity at a link's other end."""
        return self.model.entity(link.entity)


def unknown_field(name: str, message: str = "unknown field") -> RocketError:
    """400 about a field that is not there, or not there for this."""
    return RocketError("UNKNOWN_FIELD", f"Unknown field: {name}", [{"field": name, "message": message}])


def refused(name: str, problem: object) -> RocketError:
    """400 about a part of the URL's query."""
    return RocketError("INVALID_PAYLOAD", f"{name} {problem}", [{"field": name, "message": str(problem)}])
