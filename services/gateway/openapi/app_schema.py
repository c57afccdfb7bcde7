"""`GET /_schema`: entities, fields, relations and transitions as the caller may use them, in a compact form.

Programs with screens build lists and forms from it. The OpenAPI document says the same and much more, at more than ten
times the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from libs.shared.contracts.context import Identity
from libs.shared.schema import Entity, FieldDefinition, Snapshot
from services.gateway.openapi.visible_fields import VisibleEntities, VisibleEntity

Document = dict[str, Any]


def describe(snapshot: Snapshot, caller: Identity) -> Document:
    """The document for a caller: `{version, entities: [...]}`. Entities that no policy opens are left out."""
    sights = VisibleEntities(snapshot, caller)
    seen = {name: sights.of(entity) for name, entity in snapshot.entities.items()}
    visible = {name: sight for name, sight in seen.items() if sight.actions}
    entities = [_entity(snapshot, snapshot.entities[name], sight, visible) for name, sight in sorted(visible.items())]
    return {"version": snapshot.version, "entities": entities}


def _entity(snapshot: Snapshot, entity: Entity, sight: VisibleEntity, visible: Mapping[str, VisibleEntity]) -> Document:
    definition = entity.definition
    key = definition.primary_key
    slug = definition.slug
    computed = _computed(snapshot, entity.name)
    return {
        "name": entity.name,
        "actions": sorted(sight.actions),
        "primary_key": {"fields": key.names, "type": key.type, "generated": key.generated},
        "soft_delete": definition.soft_delete,
        "comments": definition.comments,
        "slug": {"field": slug.field, "source": slug.source} if slug else None,
        "fields": [_field(entity, each, sight, each.name in computed) for each in _fields(entity, sight)],
        "relations": list(_relations(snapshot, sight, visible)),
        "state_machines": list(_machines(snapshot, sight)),
    }


def _fields(entity: Entity, sight: VisibleEntity) -> Iterator[FieldDefinition]:
    granted = {f.name for view in (sight.definition, sight.created, sight.updated) for f in view.fields}
    keys = {field.name: field for field in entity.definition.key_fields}
    for field in entity.definition.fields:
        if field.name in granted or field.name in keys:
            yield keys.get(field.name, field)


def _computed(snapshot: Snapshot, entity: str) -> frozenset[str]:
    """The fields that active rules compute, whatever is sent."""
    rules = [each for each in snapshot.documents.get("rules", ()) if each.get("entity") == entity]
    active = [each for each in rules if each.get("type") == "computed" and each.get("active", True)]
    return frozenset(each["definition"]["field"] for each in active)


def _field(entity: Entity, field: FieldDefinition, sight: VisibleEntity, is_computed: bool) -> Document:
    key = field.name in entity.definition.primary_key.names
    server_sets = field.auto is not None or is_computed or (key and entity.definition.primary_key.generated)
    return {
        "name": field.name,
        "type": field.type,
        "required": field.required,
        "unique": field.unique or key,
        "default": field.default,
        "enum": field.enum,
        "precision": field.precision,
        "auto": field.auto,
        "computed": is_computed,
        "read": _has(sight, "definition", field),
        "create": not server_sets and "create" in sight.actions and _has(sight, "created", field),
        "update": not server_sets and not key and "update" in sight.actions and _has(sight, "updated", field),
        "filter": _has(sight, "asked", field),
        "masked": field.name in sight.masked,
    }


def _has(sight: VisibleEntity, view: str, field: FieldDefinition) -> bool:
    return any(each.name == field.name for each in getattr(sight, view).fields)


def _relations(snapshot: Snapshot, sight: VisibleEntity, visible: Mapping[str, VisibleEntity]) -> Iterator[Document]:
    nested = {relation.name for relation in sight.nested}
    for name in sight.includes:
        relation = snapshot.relations[name]
        if relation.source in visible and relation.target in visible:
            yield {
                "name": name,
                "type": relation.type,
                "source": relation.source,
                "target": relation.target,
                "source_key": relation.source_key,
                "target_key": relation.target_key,
                "on_delete": relation.on_delete,
                "nested": name in nested and relation.source == sight.name,
                "joined": relation.joined,
            }


def _machines(snapshot: Snapshot, sight: VisibleEntity) -> Iterator[Document]:
    readable = {field.name for field in sight.definition.fields}
    for document in snapshot.documents.get("state-machines", ()):
        active = document.get("active", True) and document.get("entity") == sight.name
        if active and document.get("field") in readable:
            body = document["definition"]
            yield {
                "field": document["field"],
                "initial": body["initial"],
                "transitions": [
                    {"from": each["from"], "to": each["to"], "roles": each.get("roles", [])}
                    for each in body["transitions"]
                ],
            }
