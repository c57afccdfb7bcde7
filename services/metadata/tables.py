"""Which statements make, change and retire an entity's table. Pure: plans are lists of SQL.

Columns are never dropped: a field that is left out keeps its column, its data and its id, and gets
them back when it returns. A deleted entity's table moves to schema `retired` under its number.
"""

from __future__ import annotations

from typing import Any

from libs.shared.errors import invalid_field
from libs.shared.schema import DELETED, VERSION_COLUMN, EntityDefinition, FieldDefinition
from libs.shared.schema.fields import can_widen

Ids = dict[str, dict[str, Any]]
"""Field name → `{"id": number, "definition": last known definition}`, for every field there ever was."""


def quote(identifier: str) -> str:
    """An SQL identifier, whatever word it is."""
    return '"' + identifier.replace('"', '""') + '"'


def number_fields(known: Ids, entity: EntityDefinition) -> Ids:
    """The ids after this definition: old names keep theirs, new ones get the next numbers."""
    ids = dict(known)
    following = max((entry["id"] for entry in known.values()), default=0) + 1
    for field in entity.fields:
        if field.name in known:
            ids[field.name] = {"id": known[field.name]["id"], "definition": field.model_dump(mode="json")}
        else:
            ids[field.name] = {"id": following, "definition": field.model_dump(mode="json")}
            following += 1
    return ids


def plan_create(number: int, ids: Ids, entity: EntityDefinition) -> list[str]:
    """A new entity's table, with its unique and other indexes."""
    keys = entity.primary_key.names
    columns = _key_columns(entity)
    columns += [f"{quote(f.name)} {f.column_type}" for f in entity.fields if f.name not in keys]
    if entity.soft_delete and DELETED not in [f.name for f in entity.fields]:
        columns.append(f"{quote(DELETED)} timestamptz")
    columns.append(f"{quote(VERSION_COLUMN)} bigint NOT NULL")
    create = f"CREATE TABLE {_table(entity)} ({', '.join(columns)}, PRIMARY KEY ({', '.join(map(quote, keys))}))"
    indexes = [_index(number, ids, entity, f) for f in entity.fields if f.name not in keys]
    return [create, *(statement for statement in indexes if statement)]


def plan_change(number: int, old_ids: Ids, ids: Ids, before: EntityDefinition, after: EntityDefinition) -> list[str]:
    """From one definition to the next. Raises VALIDATION_FAILED where stored values would not fit."""
    if [(f.name, f.type) for f in before.key_fields] != [(f.name, f.type) for f in after.key_fields]:
        raise invalid_field("primary_key", "The primary key can't be changed")
    if before.soft_delete and not after.soft_delete:
        # Records in the trash would come back to life, which the log knows nothing of.
        raise invalid_field("soft_delete", "soft_delete can't be switched off")
    plan = []
    if before.table != after.table:
        plan.append(f"ALTER TABLE {_table(before)} RENAME TO {quote(after.table)}")
    if after.soft_delete and not before.soft_delete:
        plan.append(f"ALTER TABLE {_table(after)} ADD COLUMN IF NOT EXISTS {quote(DELETED)} timestamptz")
    for field in after.fields:
        if field.name not in after.primary_key.names:
            plan += _field_change(number, old_ids, ids, after, field)
    for name in {f.name for f in before.fields} - {f.name for f in after.fields}:
        # Left-out fields must not refuse new records for values nobody can see.
        plan.append(f"DROP INDEX IF EXISTS records.{_index_name('u', number, ids, name)}")
    return plan


def plan_retire(number: int, entity: EntityDefinition) -> list[str]:
    """Put a deleted entity's table aside, with its data."""
    return [
        f"ALTER TABLE {_table(entity)} RENAME TO entity_{number}",
        f"ALTER TABLE records.entity_{number} SET SCHEMA retired",
    ]


def _field_change(number: int, old_ids: Ids, ids: Ids, entity: EntityDefinition, field: FieldDefinition) -> list[str]:
    known = old_ids.get(field.name)
    if known is None:
        add = f"ALTER TABLE {_table(entity)} ADD COLUMN IF NOT EXISTS {quote(field.name)} {field.column_type}"
        index = _index(number, ids, entity, field)
        return [add, index] if index else [add]
    old = FieldDefinition.model_validate(known["definition"])
    plan = []
    if not can_widen(old, field):
        raise invalid_field(field.name, f"{field.name} can't change from {old.column_type} to {field.column_type}")
    if old.column_type != field.column_type:
        plan.append(f"ALTER TABLE {_table(entity)} ALTER COLUMN {quote(field.name)} TYPE {field.column_type}")
    for prefix, wanted in (("u", field.unique), ("i", field.indexed)):
        if not wanted:
            plan.append(f"DROP INDEX IF EXISTS records.{_index_name(prefix, number, ids, field.name)}")
    index = _index(number, ids, entity, field)
    return [*plan, index] if index else plan


def _index(number: int, ids: Ids, entity: EntityDefinition, field: FieldDefinition) -> str | None:
    if field.unique:
        kind, prefix = "UNIQUE INDEX", "u"
    elif field.indexed:
        kind, prefix = "INDEX", "i"
    else:
        return None
    name = _index_name(prefix, number, ids, field.name)
    return f"CREATE {kind} IF NOT EXISTS {name} ON {_table(entity)} ({quote(field.name)})"


def _index_name(prefix: str, number: int, ids: Ids, field: str) -> str:
    return f"{prefix}_{number}_{ids[field]['id']}"


def _key_columns(entity: EntityDefinition) -> list[str]:
    generated = entity.primary_key.generated
    return [
        f"{quote(key.name)} {key.column_type}"
        + (" GENERATED BY DEFAULT AS IDENTITY" if generated and key.type in ("int", "bigint") else "")
        for key in entity.key_fields
    ]


def _table(entity: EntityDefinition) -> str:
    return f"records.{quote(entity.table)}"
