"""The scope of a request: its values as they are numbered, and what its caller may see of each entity.

Everything that reads records gets its permissions here, so no path can forget them.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Protocol

from libs.shared.contracts.context import Identity
from libs.shared.contracts.records import Pairs
from libs.shared.errors import RocketError
from libs.shared.parameters import Parameters
from libs.shared.schema import FieldDefinition, Relation
from services.data.model import EntityModel, Link, Model
from services.data.permissions import EVERYTHING, Grant, granted, person_of, profile_for
from services.data.query.shapes import View, Visible


class QueryRequest(Protocol):
    """A request with a URL's query, and the parameters that it may have."""

    @property
    def query(self) -> Pairs: ...

    @property
    def parameters(self) -> Parameters: ...


NOTHING: Mapping[str, FieldDefinition] = {}


class Scope:
    """A caller's request against one schema. `reserved` places come before its values."""

    def __init__(self, model: Model, caller: Identity, reserved: int = 0) -> None:
        self.model = model
        self.caller = caller
        self._reserved = reserved
        self._visible: dict[str, Visible] = {}
        self._granted: dict[str, Grant | None] = {}
        self.views: list[View] = []
        """Every view whose values are among the values."""
        self.values: list[Any] = []

    def slot(self, value: Any) -> int:
        """The place of a value, from 1."""
        self.values.append(value)
        return self._reserved + len(self.values)

    def visible(self, entity: EntityModel) -> Visible:
        """What the caller may see of an entity. Raises FORBIDDEN for nothing."""
        if entity.name not in self._visible:
            self._visible[entity.name] = self._view(entity, "read")
        return self._visible[entity.name]

    def removable(self, entity: EntityModel) -> Visible:
        """Which records of an entity the caller may delete. Raises FORBIDDEN for none."""
        return self._view(entity, "delete")

    def fields(self, entity: EntityModel) -> Mapping[str, FieldDefinition]:
        """The fields of an entity that the caller may filter and sort by: those visible as they are in some record."""
        grant = self._reading(entity)
        if grant is None:
            return NOTHING
        return entity.fields if grant.profile is None else grant.profile.askable

    def visible_fields(self, entity: EntityModel) -> Container[str]:
        """The fields of an entity that the caller may see, masked or not."""
        grant = self._reading(entity)
        if grant is None:
            return NOTHING
        return entity.fields if grant.profile is None else grant.profile.access

    def link(self, entity: EntityModel, name: str) -> Link | None:
        """The way to related records that `name` means, if the caller may see the values that relate them.

        Raises FORBIDDEN where they may see nothing of what is there.
        """
        link = entity.link(name)
        if link is None or link.own not in self.fields(entity) or self.hides(entity, link.relation):
            return None
        profile_for(self.beyond(link), "read", self.caller)
        return link if link.other in self.fields(self.beyond(link)) else None

    def hides(self, entity: EntityModel, relation: Relation) -> bool:
        """Whether the caller's policies keep a relation from them, by its name."""
        grant = self._reading(entity)
        return grant is not None and grant.profile is not None and grant.profile.hides(relation.name)

    def _reading(self, entity: EntityModel) -> Grant | None:
        """What the caller may read; needed for each name in a query, so it is looked up once."""
        if entity.name in self._visible:
            view = self._visible[entity.name]
            return EVERYTHING if view is None else Grant(view.profile)
        if entity.name not in self._granted:
            self._granted[entity.name] = granted(entity, "read", self.caller)
        return self._granted[entity.name]

    def _view(self, entity: EntityModel, action: str) -> Visible:
        profile = profile_for(entity, action, self.caller)
        if profile is None:
            return None
        view = View(profile, self._reserved + len(self.values))
        # Who asks is worked out where any of the values depends on it; mostly all are the policies' own.
        self.values += profile.values(person_of(entity, self.caller)) if profile.is_personal else profile.constants
        self.views.append(view)
        return view

    def beyond(self, link: Link) -> EntityModel:
        """The entity at a link's other end."""
        return self.model.entity(link.entity)


def check_parameters(scope: Scope, entity: EntityModel, request: QueryRequest) -> None:
    """Raises UNKNOWN_FIELD for unknown parameters. For a field's name it says how to filter by the field."""
    if request.query:
        request.parameters.check([name for name, _ in request.query], scope.fields(entity))


def unknown_field(name: str, message: str = "unknown field") -> RocketError:
    """400 about a field that is not there, or not there for this."""
    return RocketError("UNKNOWN_FIELD", f"Unknown field: {name}", [{"field": name, "message": message}])


def refused(name: str, problem: object) -> RocketError:
    """400 about a part of the URL's query."""
    return RocketError("INVALID_PAYLOAD", f"{name} {problem}", [{"field": name, "message": str(problem)}])
