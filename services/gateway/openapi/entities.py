"""The records of an entity: their schemas, and what each operation on them takes and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from libs.shared.schema import EntityDefinition, FieldDefinition, Relation, Snapshot
from services.gateway.openapi import comments, imports, many
from services.gateway.openapi.components import answer, enveloped, json_body, ref
from services.gateway.openapi.details import LIVE
from services.gateway.openapi.parameters import (
    MOMENTS,
    PLACES,
    filter_parameter,
    name_of,
    selection_parameters,
    sort_parameter,
    texts,
)
from services.gateway.openapi.values import Schema, accepted, answered
from services.gateway.openapi.visible_fields import VisibleEntity


@dataclass(frozen=True, slots=True)
class RecordOperation:
    """One contract about records: what the caller must be allowed, and what OpenAPI says of it."""

    action: str
    describe: Callable[[VisibleEntity, Snapshot], Schema]
    needs: Callable[[VisibleEntity], bool] = field(default=lambda entity: True)


def schemas(entity: VisibleEntity) -> dict[str, Schema]:
    """The schemas of an entity's records: as answered, and as sent by a create and an update."""
    definition = entity.definition
    keys = set(definition.primary_key.names)
    record = {name: answered(f, name in keys) for name, f in _fields(definition).items()}
    record |= {name: {"description": "May be masked"} for name in entity.masked}
    if definition.primary_key.generated:
        record = {name: {**schema, "readOnly": True} if name in keys else schema for name, schema in record.items()}
    found: dict[str, Schema] = {name_of(entity): {"type": "object", "properties": record}}
    children = {relation.name: _nested(relation) for relation in entity.nested}
    if "create" in entity.actions:
        sent = _sent(entity.created)
        create = {name: accepted(f, name in keys) for name, f in sent.items()} | children
        required = [name for name, f in sent.items() if _needed(entity.created, f, keys)]
        found[name_of(entity, "create")] = _closed(create, required)
    if "update" in entity.actions:
        update = {name: accepted(f) for name, f in _sent(entity.updated).items() if name not in keys} | children
        for schema in update.values():
            schema.pop("default", None)
        found[name_of(entity, "update")] = _closed(update, [])
    return found


def _fields(definition: EntityDefinition) -> dict[str, FieldDefinition]:
    return {f.name: f for f in definition.fields} | {f.name: f for f in definition.key_fields}


def _sent(definition: EntityDefinition) -> dict[str, FieldDefinition]:
    keys = set(definition.primary_key.names)
    return {name: f for name, f in _fields(definition).items() if not _set_by_server(definition, f, keys)}


def _closed(properties: dict[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _set_by_server(definition: EntityDefinition, each: FieldDefinition, keys: set[str]) -> bool:
    if each.name in keys:
        return definition.primary_key.generated
    return each.auto is not None or (definition.soft_delete and each.name == "deleted_at")


def _needed(definition: EntityDefinition, each: FieldDefinition, keys: set[str]) -> bool:
    slug = definition.slug
    if slug and slug.source and each.name == slug.field:
        return False
    return ((each.required and not each.nullable) or each.name in keys) and each.default is None


def _nested(relation: Relation) -> Schema:
    mode = {"type": "string", "enum": ["diff", "replace", "append"]}
    rows = {"type": "array", "items": {"type": "object", "description": f"A row of {relation.target}"}}
    return {"type": "object", "properties": {"_write_mode": mode, "data": rows}, "required": ["data"]}


def _list(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    rows = {"type": "array", "items": ref("schemas", name_of(entity))}
    return {
        "parameters": [
            filter_parameter(entity),
            sort_parameter(entity),
            ref("parameters", "Page"),
            ref("parameters", "PerPage"),
            *selection_parameters(entity, snapshot),
            {"name": "count", "in": "query", "schema": {"type": "string", "enum": ["exact", "estimated", "none"]}},
            {"name": "deleted", "in": "query", "schema": {"type": "string", "enum": ["with", "only"]}},
            {"name": "q", "in": "query", "description": "Text to find", "schema": {"type": "string", "maxLength": 200}},
            *PLACES,
            *texts(*MOMENTS),
        ],
        "responses": {"200": answer("A page of records", enveloped(rows, meta=True))},
    }


def _get(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    version = {
        "name": "version",
        "in": "query",
        "description": "An earlier version",
        "schema": {"type": "integer", "minimum": 1, "maximum": 2**53},
    }
    return {
        "parameters": [version, *selection_parameters(entity, snapshot), *texts(*MOMENTS)],
        "responses": {
            "200": answer("The record", enveloped(ref("schemas", name_of(entity))), "ETag"),
            "304": {"description": "If-None-Match still holds"},
        },
    }


def _create(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    return {
        "requestBody": {"required": True, "content": json_body(ref("schemas", name_of(entity, "create")))},
        "responses": {"201": _written(entity, "The new record")},
    }


def _update(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    return {
        "requestBody": {"required": True, "content": json_body(ref("schemas", name_of(entity, "update")))},
        "responses": {"200": _written(entity, "The whole record as it is now")},
    }


def _delete(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    gone = {"type": "object", "required": ["id"], "properties": {"id": {}}}
    return {"responses": {"200": answer("It is gone", enveloped(gone), "X-Commit", "Idempotency-Replayed")}}


def _restore(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    return {"responses": {"200": _written(entity, "The record, back again")}}


def _transitions(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    text: Schema = {"type": "string"}
    option = {
        "type": "object",
        "required": ["field", "from", "to", "allowed"],
        "properties": {
            "field": text,
            "from": {"type": ["string", "null"]},
            "to": text,
            "allowed": {"type": "boolean"},
            "reason": {"enum": ["state", "permission", "role", "guard", "rule"]},
            "message": text,
            "roles": {"type": "array", "items": text},
            "guard": text,
        },
    }
    return {
        "responses": {"200": answer("Those of its present state first", enveloped({"type": "array", "items": option}))}
    }


def _listed(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    check = {
        "type": "object",
        "required": ["check", "holds"],
        "properties": {
            "check": {"enum": ["permission", "deleted", "filter", "q"]},
            "holds": {"type": "boolean"},
            "parameter": {"type": "string"},
            "value": {"type": "string"},
            "stored": {},
            "message": {"type": "string"},
        },
    }
    found = {
        "type": "object",
        "required": ["listed", "checks"],
        "properties": {"listed": {"type": "boolean"}, "checks": {"type": "array", "items": check}},
    }
    return {
        "parameters": [filter_parameter(entity), *many.CHOICES],
        "responses": {"200": answer("What each condition of the list says", enveloped(found))},
    }


def _changes(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    difference = {
        "type": "object",
        "required": ["id", "change", "position", "version", "record"],
        "properties": {
            "id": {"type": "string"},
            "change": {"enum": ["entered", "left", "changed"]},
            "position": {"type": "integer"},
            "version": {"type": "integer"},
            "record": ref("schemas", name_of(entity)),
            "changed": {"type": "object"},
        },
    }
    moments = (("since", "A time, or a position of the log"), ("until", "The same; without it now"))
    fields = [each for each in selection_parameters(entity, snapshot) if each["name"] == "fields"]
    return {
        "parameters": [filter_parameter(entity), many.FOUND, *fields, *texts(*moments)],
        "responses": {"200": answer("Last changed first", enveloped({"type": "array", "items": difference}, True))},
    }


def _history(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    version = {
        "type": "object",
        "properties": {
            "version": {"type": "integer"},
            "action": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "user": {"type": "object", "properties": {"id": {"type": "string"}, "email": {"type": "string"}}},
            "on_behalf_of": {"type": "string"},
            "cause": {"type": "string"},
            "changed": {"type": "object"},
            "commit_id": {"type": "string", "format": "uuid"},
            "trace_id": {"type": "string", "format": "uuid"},
        },
    }
    return {
        "parameters": [ref("parameters", "Page"), ref("parameters", "PerPage")],
        "responses": {"200": answer("Versions, newest first", enveloped({"type": "array", "items": version}, True))},
    }


def _live(entity: VisibleEntity, snapshot: Snapshot) -> Schema:
    parameters = [filter_parameter(entity), *selection_parameters(entity, snapshot), *LIVE["parameters"]]
    return {**LIVE, "parameters": parameters}


def _written(entity: VisibleEntity, description: str) -> Schema:
    headers = ("ETag", "X-Commit", "Idempotency-Replayed")
    return answer(description, enveloped(ref("schemas", name_of(entity))), *headers)


QUESTIONS: dict[str, RecordOperation] = {
    "ListRecords": RecordOperation("read", _list),
    "GetRecord": RecordOperation("read", _get),
    "CreateRecord": RecordOperation("create", _create),
    "UpdateRecord": RecordOperation("update", _update),
    "DeleteRecord": RecordOperation("delete", _delete),
    "CreateRecords": RecordOperation("create", many.create),
    "UpdateRecords": RecordOperation("update", many.update),
    "DeleteRecords": RecordOperation("delete", many.delete),
    "RestoreRecords": RecordOperation("delete", many.restore, lambda entity: entity.definition.soft_delete),
    "RestoreRecord": RecordOperation("delete", _restore, lambda entity: entity.definition.soft_delete),
    "CompareLists": RecordOperation("read", _changes),
    "ListTransitions": RecordOperation("read", _transitions),
    "CheckListed": RecordOperation("read", _listed),
    "RecordHistory": RecordOperation("read", _history),
    **{name: RecordOperation("read", comments.describing(name), comments.needs(name)) for name in comments.OPERATIONS},
    "AggregateRecords": RecordOperation("read", many.aggregate),
    "export": RecordOperation("read", many.export),
    "watch_entity": RecordOperation("read", _live),
    "import_file": RecordOperation("create", imports.begin),
    "ListImports": RecordOperation("create", imports.jobs),
    "GetImport": RecordOperation("create", imports.job),
    "refused_rows": RecordOperation("create", imports.refused),
    "CancelImport": RecordOperation("create", imports.job),
    "ResumeImport": RecordOperation("create", imports.job_again),
    "UndoImport": RecordOperation("create", imports.job_again),
}
"""Contract or function → what is said of it. Others are described from the routing table alone."""

ACTIONS = {"GET": "read", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
"""What a caller must be allowed where nothing else is said."""


def operation_of(name: str, method: str) -> RecordOperation:
    """What is said of the contract, or the gateway's own function, of this name."""
    return QUESTIONS.get(name) or RecordOperation(ACTIONS[method], lambda entity, snapshot: {})
