"""Inserts the sample records of a document, with their log entries, in the transaction of the import."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from libs.shared.errors import RocketError, detail_of, invalid_field
from libs.shared.postgres.limits import Limit, LimitReached
from libs.shared.schema.relations import field_of
from libs.shared.schema.slugs import free_slug, slugify
from services.metadata.editing.change import Change
from services.metadata.import_export import batches
from services.metadata.import_export.batches import ImportBatch
from services.metadata.import_export.document import Document
from services.metadata.import_export.samples import Record, Row, pairs_of, records_of
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveEntity, LiveRelation
from services.metadata.store import sample_records
from services.metadata.store.sample_records import CommitInfo, DuplicateRecords
from services.metadata.tables import acyclic


async def prepare(change: Change, document: Document, created: Collection[str], now: datetime) -> list[ImportBatch]:
    """The sample rows as records to insert; rows of undefined entities are ignored. `created` are new entities."""
    await sample_records.allow_idle_transaction(change.transaction)
    joined = {live.relation.join_table: live for live in change.schema.relations.values() if live.relation.joined}
    prepared: list[ImportBatch] = []
    for name, rows in document.samples.items():
        if live := change.schema.entities.get(name):
            try:
                prepared.append(await _entity_batch(change, live, rows, now, new=name in created))
            except LimitReached as limit:
                raise _too_much(change, prepared, limit) from None
        elif relation := joined.get(name):
            prepared.append(await _pair_batch(change, relation, rows))
    return [batch for batch in prepared if batch.rows]


async def insert(change: Change, prepared: list[ImportBatch], commit: CommitInfo, version: int) -> tuple[int, int]:
    """Insert records with their log entries as one commit; returns their number and its position.

    Raises CONFLICT and VALIDATION_FAILED naming the field whose values exclude one another, or are too long.
    """
    numbers = {batch.number for batch in prepared}
    entities, relations = change.schema.entities, [live.relation for live in change.schema.relations.values()]
    changed = [each for each in relations if each.acyclic and entities[each.target].row.number in numbers]
    await acyclic.hold(change.transaction, entities, changed)
    try:
        done = await sample_records.insert(change.transaction, [batch.to_dict() for batch in prepared], commit, version)
    except DuplicateRecords as duplicate:
        raise _conflict(change, duplicate.index) from None
    except LimitReached as limit:
        raise _too_much(change, prepared, limit) from None
    await acyclic.refuse_imported_cycles(change.transaction, entities, changed)
    return done


async def _entity_batch(change: Change, live: LiveEntity, rows: Any, now: datetime, new: bool) -> ImportBatch:
    # In a thread, as many rows take long.
    records: list[Record] = await asyncio.to_thread(records_of, live.definition, rows, now)
    key = live.definition.primary_key
    if key.generated and key.type in ("int", "bigint"):
        records = await _numbered(change, live, records, new)
    await _slugged(change, live, records)
    return batches.of_entity(live, records)


async def _pair_batch(change: Change, live: LiveRelation, rows: Sequence[Row]) -> ImportBatch:
    relation, entities = live.relation, change.schema.entities
    columns = {
        relation.source_join_key: field_of(entities[relation.source].definition, relation.source_key),
        relation.target_join_key: field_of(entities[relation.target].definition, relation.target_key),
    }
    return batches.of_relation(relation, await asyncio.to_thread(pairs_of, relation.join_table, columns, rows))


async def _numbered(change: Change, live: LiveEntity, records: list[Record], new: bool) -> list[Record]:
    """Records with numbered keys, greater than all given keys. Rows that exist already are left out.

    Without a key, only its content tells whether a row exists.
    """
    name = live.definition.primary_key.names[0]
    keyless = [record for record in records if name not in record]
    if keyless and not new:
        auto = {f.name for f in live.definition.fields if f.auto}
        content = [{k: v for k, v in record.items() if k not in auto} for record in keyless]
        missing = await sample_records.find_missing(change.transaction, table_of(live.definition.table), content)
        keyless = [keyless[number] for number in missing]
    given = [record for record in records if name in record]
    highest = max((record[name] for record in given), default=0)
    keys = await sample_records.next_keys(change.transaction, f"records._s_{live.row.number}", highest, len(keyless))
    return given + [{**record, name: key} for record, key in zip(keyless, keys, strict=True)]


async def _slugged(change: Change, live: LiveEntity, records: list[Record]) -> None:
    slug = live.definition.slug
    if slug is None or slug.source is None:
        return
    wanting = [record for record in records if record.get(slug.field) is None and record.get(slug.source)]
    bases = {base for record in wanting if (base := slugify(str(record[slug.source])))}
    taken = await sample_records.similar_slugs(change.transaction, table_of(live.definition.table), slug.field, bases)
    taken |= {str(record[slug.field]) for record in records if record.get(slug.field) is not None}
    for record in wanting:
        if base := slugify(str(record[slug.source])):
            record[slug.field] = free_slug(base, taken)
            taken.add(record[slug.field])
    if any(record.get(slug.field) is None for record in records) and field_of(live.definition, slug.field).required:
        path = f"sample_data.{live.definition.name}"
        raise invalid_field(slug.field, f"{path}: {slug.field} is required, and {slug.source} gives none for some rows")


def _conflict(change: Change, index: str) -> RocketError:
    """The error of a unique index that two records violate."""
    for name, live in change.schema.entities.items():
        if field_name := _indexed_by(live, index):
            message = f"sample_data.{name}: two records would have the same {field_name}"
            detail = {"entity": name, **detail_of(field_name, "is the same in two records", "unique")}
            return RocketError("CONFLICT", message, [detail])
    return RocketError("CONFLICT", "Two of the sample records exclude one another")


def _too_much(change: Change, prepared: Sequence[ImportBatch], limit: LimitReached) -> RocketError:
    """The error of a database limit, naming the entity and field if PostgreSQL or the rows tell them."""
    entities = change.schema.entities
    named = [(name, found) for name, live in entities.items() if (found := _indexed_by(live, limit.owner))]
    if not named and limit.limit is Limit.INDEX:
        sizes = [
            (len(str(row.get(name)).encode()), live.definition.name, name)
            for batch in prepared
            for live in entities.values()
            if live.row.number == batch.number
            for name in live.indexed
            for row in batch.rows
        ]
        named = [max(sizes)[1:]] if sizes else []
    if not named:
        return limit
    entity, field_name = named[0]
    message = f"sample_data.{entity}: {field_name} {limit.limit.value}"
    return RocketError(limit.code, message, [{"entity": entity, "field": field_name, **limit.details[0]}])


def _indexed_by(live: LiveEntity, index: str) -> str | None:
    """The field of an entity that has this index or sequence; None if it belongs to another entity."""
    key = live.definition.primary_key.names
    if index in (f"_p_{live.row.number}", f"_s_{live.row.number}"):
        return ",".join(key)
    for field_name, entry in live.row.ids.items():
        if index.startswith("_") and index.endswith(f"_{live.row.number}_{entry['id']}"):
            return field_name
    return None
