"""Renames an entity and its fields in the queries of dashboards. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared.schema.figures import FUNCTIONS
from libs.shared.schema.links import Link, find_link
from services.metadata.checking.renames import Renames

Links = Mapping[str, Sequence[Link]]
"""The links of each entity, as they were before."""


@dataclass(frozen=True, slots=True)
class NamesAfter:
    """What names in queries become when an entity and its fields get new names."""

    entity: str
    new_name: str
    renamed: Renames
    links: Links

    def dashboard(self, document: dict[str, Any]) -> dict[str, Any]:
        """A stored dashboard."""
        widgets = [{**widget, "query": self._query(widget["query"])} for widget in document["widgets"]]
        return {**document, "widgets": widgets}

    def path(self, path: str, entity: str) -> str:
        """A field, or a way along relations to one, with what follows it: `name`, `supplier.name`, `day.month`."""
        first, dot, rest = path.partition(".")
        if entity == self.entity and first in self.renamed:
            return self.renamed[first] + dot + rest
        link = find_link(self.links.get(entity, ()), first) if rest else None
        return path if link is None else f"{self._way(link, first, entity)}.{self.path(rest, link.entity)}"

    def _way(self, link: Link, name: str, entity: str) -> str:
        """The name of a link: that of its relation, of the entity there, or of the foreign key without its `_id`."""
        if name == link.relation.name:
            return name
        if name == link.entity:
            return self.new_name if name == self.entity else name
        key = self.renamed.get(link.own, link.own) if entity == self.entity else link.own
        return key.removesuffix("_id") if key.endswith("_id") else link.relation.name

    def _query(self, query: dict[str, Any]) -> dict[str, Any]:
        if "entity" not in query:
            return query
        entity: str = query["entity"]
        after = {key: self._value(key, value, entity, query.get("group_by") or ()) for key, value in query.items()}
        return {**after, "entity": self.new_name if entity == self.entity else entity}

    def _value(self, key: str, value: Any, entity: str, groups: Sequence[str]) -> Any:
        if not value:
            return value
        match key:
            case "time_field":
                return self.path(value, entity)
            case "filter":
                return {self.path(name, entity): each for name, each in value.items()}
            case "having":
                return {self._label(name, entity, ()): each for name, each in value.items()}
            case "sort":
                return [self._signed(name, entity, groups) for name in value]
            case "group_by" | "fields":
                return [self.path(name, entity) for name in value]
        return [self.path(name, entity) for name in value] if key in FUNCTIONS else value

    def _signed(self, text: str, entity: str, groups: Sequence[str]) -> str:
        name = text.lstrip("+-")
        return text.removesuffix(name) + self._label(name, entity, groups)

    def _label(self, name: str, entity: str, groups: Sequence[str]) -> str:
        """The label of a group or of a figure, or the name of a field."""
        function, dot, rest = name.partition(".")
        if name not in groups and dot and function in FUNCTIONS:
            return f"{function}.{self.path(rest, entity)}"
        return self.path(name, entity)
