"""The statements that create, change and retire an entity's table. Pure.

Columns are never dropped: a field that is left out keeps its column, data and id, and gets them back when it returns.
A deleted entity's table moves to schema `retired` under its number. Keys and sequences are named by that number, too
(`_p_…`, `_s_…`), so that they have no namesakes there. Indexes are planned by indexes.py.
"""

from __future__ import annotations

from typing import Any

from libs.shared import exact
from libs.shared.errors import invalid_field
from libs.shared.schema import DELETED, VERSION_COLUMN, EntityDefinition, FieldDefinition
from libs.shared.schema.fields import can_widen
from services.metadata.checking.renames import Renames
from services.metadata.model.identifiers import put_aside, quote, table_of

Ids = dict[str, dict[str, Any]]
"""Field name → `{"id": number, "definition": last known definition}`, for every field that ever existed."""
IMPLICIT_DELETED = 0
"""The log's id of `deleted_at` where the mark was there before a field of that name was defined."""


def number_fields(known: Ids, entity: EntityDefinition, renamed: Renames, marked: bool = False) -> Ids:
    """The ids of an entity's fields: known fields keep theirs, also under new names; new ones get the next numbers.

    `marked`: records were soft-deleted before, so the log knows a new field `deleted_at` by its implicit id.
    """
    ids = {renamed.get(name, name): entry for name, entry in known.items()}
    following = max((entry["id"] for entry in known.values()), default=0) + 1
    for field in entity.fields:
        if field.name in ids:
            number = ids[field.name]["id"]
        elif marked and field.name == DELETED:
            number = IMPLICIT_DELETED
        else:
            number, following = following, following + 1
        ids[field.name] = {"id": number, "definition": exact.document(field)}
    return ids


def plan_create(number: int, entity: EntityDefinition) -> list[str]:
    """The statements that create an entity's table."""
    keys = entity.primary_key.names
    columns = _key_columns(number, entity)
    columns += [f"{quote(f.name)} {f.column_type}" for f in entity.fields if f.name not in keys]
    if entity.soft_delete and DELETED not in [f.name for f in entity.fields]:
        columns.append(f"{quote(DELETED)} timestamptz")
    columns.append(f"{quote(VERSION_COLUMN)} bigint NOT NULL")
    columns.append(f"CONSTRAINT _p_{number} PRIMARY KEY ({', '.join(map(quote, keys))})")
    return [f"CREATE TABLE {table_of(entity.table)} ({', '.join(columns)})"]


def plan_change(old_ids: Ids, before: EntityDefinition, after: EntityDefinition, renamed: Renames) -> list[str]:
    """The statements from one definition to the next. Raises VALIDATION_FAILED where stored values would not fit."""
    if [(renamed.get(f.name, f.name), f.type) for f in before.key_fields] != [
        (f.name, f.type) for f in after.key_fields
    ]:
        raise invalid_field("primary_key", "The primary key can't be changed")
    if before.primary_key.generated != after.primary_key.generated:
        raise invalid_field("primary_key", "Who makes the keys can't be changed")
    if before.soft_delete and not after.soft_delete:
        # Deleted records would reappear without an entry in the log.
        raise invalid_field("soft_delete", "soft_delete can't be switched off")
    known = {renamed.get(name, name): entry["definition"] for name, entry in old_ids.items()}
    if after.soft_delete and not before.soft_delete:
        _check_mark(known.get(DELETED))
    plan = []
    if before.table != after.table:
        plan.append(f"ALTER TABLE {table_of(before.table)} RENAME TO {quote(after.table)}")
    table = table_of(after.table)
    plan += [f"ALTER TABLE {table} RENAME COLUMN {quote(old)} TO {quote(new)}" for old, new in renamed.items()]
    if after.soft_delete and not before.soft_delete:
        plan.append(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {quote(DELETED)} timestamptz")
    for field in after.fields:
        if field.name not in after.primary_key.names:
            plan += _field_change(table, known.get(field.name), field)
    return plan


def plan_retire(number: int, entity: EntityDefinition) -> list[str]:
    """The statements that put a deleted entity's table aside, with its data."""
    return put_aside(entity.table, number, f"entity_{number}")


def _check_mark(known: dict[str, Any] | None) -> None:
    """Raises VALIDATION_FAILED where a former field has left a column that can't hold the mark."""
    if known is not None and (kind := known["type"]) != "timestamp":
        message = f"{DELETED} of a soft-deleted entity must be a timestamp, and its data was kept as {kind}"
        raise invalid_field(DELETED, message)


def _field_change(table: str, known: dict[str, Any] | None, field: FieldDefinition) -> list[str]:
    if known is None:
        return [f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {quote(field.name)} {field.column_type}"]
    old = FieldDefinition.stored(known)
    if not can_widen(old, field):
        raise invalid_field(field.name, f"{field.name} can't change from {old.column_type} to {field.column_type}")
    if old.column_type == field.column_type:
        return []
    return [f"ALTER TABLE {table} ALTER COLUMN {quote(field.name)} TYPE {field.column_type}"]


def _key_columns(number: int, entity: EntityDefinition) -> list[str]:
    counted = f" GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME records._s_{number})"
    generated = entity.primary_key.generated
    return [
        f"{quote(key.name)} {key.column_type}" + (counted if generated and key.type in ("int", "bigint") else "")
        for key in entity.key_fields
    ]
