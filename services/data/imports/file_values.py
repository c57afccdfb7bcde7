"""Values that may occur once: within the file, and (of rows that make new records) among the stored records."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from libs.shared.ids import UUID
from libs.shared.postgres.databases import Connection
from libs.shared.schema import BadValue, FieldDefinition, parse_value
from services.data.imports import store
from services.data.imports.mapping import ColumnTarget, ImportPlan
from services.data.imports.rows import ImportedRow
from services.data.model import EntityModel
from services.data.writes.requests.upserts import find_records

REFERRED = "="
"""Before the name of a field: its values are those that rows refer to, and may occur more than once."""
HASHED = ("json", "file")
"""Types that no unique field has."""


def unique_names(entity: EntityModel, plan: ImportPlan, dry_run: bool) -> list[str]:
    """The fields whose values are compared within the file: the key; where nothing is stored, all unique ones."""
    names = [plan.key.name] if plan.key is not None else []
    if dry_run:
        own = () if entity.key.generated or entity.key.composite else entity.key.names
        names += [name for name in (*own, *entity.exclusive) if name not in names]
    return [name for name in names if entity.fields[name].type not in HASHED]


def parsed_values(field: FieldDefinition, rows: Sequence[ImportedRow]) -> dict[int, Any]:
    """Place of a row → its value; rows without one, or with an invalid one, are left out."""
    found = {}
    for place, row in enumerate(rows):
        sent = row.body.get(field.name)
        if row.reasons or sent is None or sent == "":
            continue
        try:
            found[place] = parse_value(field, sent)
        except BadValue:
            continue  # refused by the write, in its own words
    return found


async def refuse_repeated(
    connection: Connection, job_id: UUID, entity: EntityModel, names: Sequence[str], rows: Sequence[ImportedRow]
) -> None:
    """Give reasons to rows with a value that an earlier row of the file has, and remember the values of the others."""
    wanted = [
        (name, _hash(value), place)
        for name in names
        for place, value in parsed_values(entity.fields[name], rows).items()
    ]
    if not wanted:
        return
    fields, hashes, places = map(list, zip(*wanted, strict=True))
    known = await connection.fetch(store.KNOWN_VALUES, job_id, fields, hashes)
    first = {(row["field"], row["hash"]): row["row"] for row in known}
    for name, digest, place in wanted:
        number = rows[place].number
        earlier = first.setdefault((name, str(digest)), number)
        if earlier != number:
            message = f"is that of row {earlier} again"
            rows[place].reasons.append({"field": name, "rule": "unique", "message": message})
    numbers = [rows[place].number for place in places]
    await connection.execute(store.NOTE_VALUES, job_id, fields, hashes, numbers)


async def first_rows(
    connection: Connection, job_id: UUID, entity: EntityModel, plan: ImportPlan, rows: Sequence[ImportedRow]
) -> dict[tuple[str, Any], int]:
    """In which row of the file the values first stand by which rows refer to others of it, by field and value."""
    found: dict[tuple[str, Any], int] = {}
    for target in plan.references:
        if target.link is None or target.by is None or target.link.entity != entity.name:
            continue
        by, label = target.by, f"{REFERRED}{target.by.name}"
        own = {rows[place].number: _hash(value) for place, value in parsed_values(by, rows).items()}
        await connection.execute(store.NOTE_VALUES, job_id, [label] * len(own), list(own.values()), list(own))
        wanted = {value: _hash(value) for row in rows if (value := _looked_up(target, row)) is not None}
        known = await connection.fetch(store.KNOWN_VALUES, job_id, [label] * len(wanted), list(wanted.values()))
        first = {row["hash"]: row["row"] for row in known}
        found |= {(by.name, value): first[str(each)] for value, each in wanted.items() if str(each) in first}
    return found


def _looked_up(target: ColumnTarget, row: ImportedRow) -> Any:
    sent = row.lookups.get(target.field.name)
    if sent is None or target.by is None:
        return None
    try:
        return parse_value(target.by, sent)
    except BadValue:
        return None


async def refuse_taken(
    connection: Connection, entity: EntityModel, plan: ImportPlan, rows: Sequence[ImportedRow]
) -> None:
    """Give reasons to rows for new records with a value that a record has already.

    PostgreSQL would name one of them at a time; whatever this leaves out, it finds.
    """
    known = await _known(connection, entity, plan, rows)
    for name in entity.exclusive:
        field = entity.fields[name]
        if field.type in HASHED or (plan.key is not None and name == plan.key.name):
            continue
        values = {place: value for place, value in parsed_values(field, rows).items() if place not in known}
        taken = await find_records(connection, entity, name, list(set(values.values())))
        moving = set(known.values())
        for place, value in values.items():
            if value in taken and taken[value].key not in moving:
                rows[place].reasons.append({"field": name, "rule": "unique", "message": "is taken"})


async def _known(
    connection: Connection, entity: EntityModel, plan: ImportPlan, rows: Sequence[ImportedRow]
) -> dict[int, Any]:
    """Place → key of the stored record, for rows that update one."""
    if plan.key is None:
        return {}
    values = parsed_values(entity.fields[plan.key.name], rows)
    found = await find_records(connection, entity, plan.key.name, list(set(values.values())))
    return {place: found[value].key for place, value in values.items() if value in found}


def _hash(value: Any) -> UUID:
    text = format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
    return UUID(hashlib.md5(text.encode(), usedforsecurity=False).digest())
