"""The names and types that expressions, templates and paths of each kind can read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from libs.shared.expressions.checking import ANY, DATE, NUMBER, STRING, Environment, ListOf, Object, Simple, Type
from libs.shared.expressions.checking.types import BOOLEAN
from libs.shared.expressions.values.kinds import Kind
from libs.shared.schema import DELETED, FieldDefinition
from libs.shared.schema.links import MAX_HOPS, find_link, to_one_links
from services.metadata.model.schema import LiveSchema

TYPES: Mapping[str, Type] = {
    **dict.fromkeys(("string", "text", "uuid"), STRING),
    **dict.fromkeys(("int", "bigint", "decimal", "float"), NUMBER),
    **dict.fromkeys(("date", "timestamp"), STRING),
    "boolean": BOOLEAN,
}
"""Field types as records have them: times are ISO texts. Others (json, file) are anything."""
USER = Object({"id": STRING, "email": STRING, "roles": ListOf(STRING)})
_OF_NO_ENTITY: Environment = {
    "record": ANY, "entity": STRING, "user": USER, "app": Object({"id": STRING, "name": STRING}), "now": DATE,
}  # fmt: skip
"""What rules see that are about no entity: `record` is the one that the event or instance is about."""
ACTIONS = Simple(Kind.STRING, frozenset({"create", "update", "delete"}))


def record_type(schema: LiveSchema, entity: str) -> Type:
    """A record of an entity; anything if the entity does not exist."""
    return Object(_fields(schema, entity), entity) if schema.knows(entity) else ANY


class _Related(Mapping[str, Type]):
    """The fields of an entity, and the records that it refers to by to-one relations, made when they are looked up."""

    def __init__(self, schema: LiveSchema, entity: str, hops: int) -> None:
        self._schema, self._entity, self._hops = schema, entity, hops
        self._fields = _fields(schema, entity)
        definitions = {name: each.definition for name, each in schema.entities.items()}
        self._links = to_one_links(schema.links(entity), definitions, entity) if hops else {}

    def __getitem__(self, name: str) -> Type:
        if name in self._fields:
            return self._fields[name]
        return related_type(self._schema, self._links[name].entity, self._hops - 1)

    def __iter__(self) -> Iterator[str]:
        return iter([*self._fields, *self._links])

    def __len__(self) -> int:
        return len(self._fields) + len(self._links)

    def __eq__(self, other: object) -> bool:
        # Relations may lead in circles.
        return isinstance(other, _Related) and (self._entity, self._hops) == (other._entity, other._hops)

    __hash__ = None  # type: ignore[assignment]


def related_type(schema: LiveSchema, entity: str, hops: int = MAX_HOPS) -> Type:
    """A record of an entity with the records that it refers to: `record.department.head_id`."""
    return Object(_Related(schema, entity, hops), entity) if entity in schema.entities else record_type(schema, entity)


def changes_type(schema: LiveSchema, entity: str) -> Type:
    """The changes of an update: `{field: {old, new}}`."""
    if not schema.knows(entity):
        return ANY
    changes = {name: Object({"old": kind, "new": kind}) for name, kind in _fields(schema, entity).items()}
    return Object(changes, entity)


def of_rule(schema: LiveSchema, entity: str, loads: Iterable[Mapping[str, Any]] = ()) -> Environment:
    """Rules, guards and actions of transitions."""
    record = record_type(schema, entity)
    related = {str(load.get("name") or load.get("relation")): _loaded(schema, entity, load) for load in loads}
    return {
        "record": record, "old": record, "action": ACTIONS, "user": USER, "related": Object(related), "now": DATE,
    }  # fmt: skip


def of_event(schema: LiveSchema, entity: str) -> Environment:
    """Conditions of notification rules, and with `event` of webhooks."""
    record = record_type(schema, entity)
    return {
        "record": record, "old": record, "changes": changes_type(schema, entity), "action": ACTIONS, "user": USER,
        "entity": Simple(Kind.STRING, frozenset([entity]), entity), "now": DATE,
    }  # fmt: skip


def of_webhook(schema: LiveSchema, entity: str, hook: str) -> Environment:
    """Conditions of webhooks."""
    user = Object({"id": STRING, "roles": ListOf(STRING)})
    return {**of_event(schema, entity), "user": user, "event": Simple(Kind.STRING, frozenset([hook]))}


def of_message(schema: LiveSchema, entity: str) -> Environment:
    """Templates and recipients of notification rules."""
    seen = {name: kind for name, kind in of_event(schema, entity).items() if name != "now"}
    return {**seen, "app": Object({"id": STRING, "name": STRING})}


def of_business_event(schema: LiveSchema, name: str) -> Environment:
    """Conditions, templates and recipients of notification rules about business events."""
    about = {"action": Simple(Kind.STRING, frozenset([name])), "entity": STRING, "record_id": STRING, "user_id": STRING}
    return {"event": Object({**about, "metadata": ANY}), **_OF_NO_ENTITY}


def of_workflow_occasion(schema: LiveSchema, name: str) -> Environment:
    """Conditions, templates and recipients of notification rules about workflows."""
    texts = ("id", "name", "instance_id", "occasion", "step", "decision", "comment", "reason")
    return {"workflow": Object({**dict.fromkeys(texts, STRING), "form": ANY}), **_OF_NO_ENTITY}


def of_visibility(schema: LiveSchema, entity: str) -> Environment:
    """Conditionally visible fields."""
    return {"record": record_type(schema, entity), "user": USER, "now": DATE}


def _fields(schema: LiveSchema, entity: str) -> dict[str, Type]:
    definition = schema.definition(entity)
    fields = {field.name: type_of(field) for field in (*definition.key_fields, *definition.fields)}
    return {DELETED: STRING, **fields} if definition.soft_delete else fields


def type_of(field: FieldDefinition) -> Type:
    """The type of a field's values."""
    known = TYPES.get(field.type, ANY)
    if known is STRING and field.enum and field.type in ("string", "text"):
        return Simple(Kind.STRING, frozenset(str(option) for option in field.enum))
    return known


def _loaded(schema: LiveSchema, entity: str, load: Mapping[str, Any]) -> Type:
    link = find_link(schema.links(entity), str(load.get("relation"))) if entity in schema.entities else None
    return ListOf(record_type(schema, link.entity)) if link is not None else ANY
