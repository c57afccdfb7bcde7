"""A document comes in: what is missing is made, what is there stays as it is, all in one transaction."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libs.shared.errors import RocketError, detail_of, invalid_field
from libs.shared.postgres.limits import Limit, LimitReached
from libs.shared.schema.relations import field_of
from libs.shared.schema.slugs import free_slug, slugify
from services.metadata.checking.kinds import KINDS
from services.metadata.editing.change import Change
from services.metadata.import_export import batches
from services.metadata.import_export.batches import Batch
from services.metadata.import_export.document import Document, part_of, placed, same, whole
from services.metadata.import_export.samples import Record, Row, pairs_of, records_of
from services.metadata.model.identifiers import table_of
from services.metadata.model.schema import LiveEntity, LiveRelation
from services.metadata.store import definitions as store
from services.metadata.tables import acyclic as trees


@dataclass(slots=True)
class Outcome:
    """What an import has added: definitions by part of the document, records by entity or join table."""

    added: Counter[str] = field(default_factory=Counter)
    created: set[str] = field(default_factory=set)
    records: int = 0
    position: int = 0

    def shown(self) -> dict[str, Any]:
        """As the route answers it."""
        counts = {part_of(kind): self.added[part_of(kind)] for kind in KINDS.values()}
        return {
            "message": f"Import complete: {sum(counts.values())} definitions and {self.records} records were added",
            "summary": {**counts, "records": self.records},
            "imported": counts,
            "errors": [],
            "records": self.records,
        }


async def define(change: Change, document: Document) -> Outcome:
    """Make the definitions that are not there yet. Raises what making one raises, saying which."""
    rows = await change.everything()
    there = {(row.kind, same(KINDS[row.kind], row.document)) for row in rows}
    equal = {(row.kind, whole(row.document)) for row in rows}
    several = document.several
    outcome = Outcome()
    for item in document.items:
        key = (item.kind.name, same(item.kind, item.kept))
        if (item.kind.name, whole(item.kept)) in equal if key in several else key in there:
            continue
        with placed(item.place):
            row = await change.create(item.kind, item.sent, item.definition, lenient=True, place=item.place)
        change.doubt(item.place, row.kind, row.document)
        outcome.added[part_of(item.kind)] += 1
        if item.kind.name == "entities":
            outcome.created.add(str(row.key))
    return outcome


async def prepare(change: Change, document: Document, outcome: Outcome, now: datetime) -> list[Batch]:
    """The sample rows as records to be inserted; rows of nothing that is defined are ignored."""
    await store.be_patient(change.transaction)
    joined = {live.relation.join_table: live for live in change.schema.relations.values() if live.relation.joined}
    prepared: list[Batch] = []
    for name, rows in document.samples.items():
        if live := change.schema.entities.get(name):
            try:
                prepared.append(await _entity_batch(change, live, rows, now, new=name in outcome.created))
            except LimitReached as limit:
                raise _too_much(change, prepared, limit) from None
        elif relation := joined.get(name):
            prepared.append(await _pair_batch(change, relation, rows))
    return [batch for batch in prepared if batch.rows]


async def insert(change: Change, prepared: list[Batch], note: store.LogNote, version: int) -> tuple[int, int]:
    """Insert records with their log entries as one commit; answers how many there are, and its position.

    Raises CONFLICT and VALIDATION_FAILED naming the field whose values exclude one another, or are too long.
    """
    numbers = {batch.number for batch in prepared}
    entities, relations = change.schema.entities, [live.relation for live in change.schema.relations.values()]
    acyclic = [each for each in relations if each.acyclic and entities[each.target].row.number in numbers]
    await trees.hold(change.transaction, change.schema, acyclic)
    try:
        done = await store.import_records(change.transaction, [batch.packed() for batch in prepared], note, version)
    except store.Taken as taken:
        raise _conflict(change, taken.index) from None
    except LimitReached as limit:
        raise _too_much(change, prepared, limit) from None
    await trees.refuse_imported(change.transaction, change.schema, acyclic)
    return done


async def _entity_batch(change: Change, live: LiveEntity, rows: Any, now: datetime, new: bool) -> Batch:
    # In a thread, as many rows take long, and others want answers meanwhile.
    records: list[Record] = await asyncio.to_thread(records_of, live.definition, rows, now)
    key = live.definition.primary_key
    if key.generated and key.type in ("int", "bigint"):
        records = await _numbered(change, live, records, new)
    await _slugged(change, live, records)
    return batches.of_entity(live, records)


async def _pair_batch(change: Change, live: LiveRelation, rows: Sequence[Row]) -> Batch:
    relation, entities = live.relation, change.schema.entities
    columns = {
        relation.source_join_key: field_of(entities[relation.source].definition, relation.source_key),
        relation.target_join_key: field_of(entities[relation.target].definition, relation.target_key),
    }
    return batches.of_relation(relation, await asyncio.to_thread(pairs_of, relation.join_table, columns, rows))


async def _numbered(change: Change, live: LiveEntity, records: list[Record], new: bool) -> list[Record]:
    """Records with keys that count up: behind all that are given. Rows that are there already are left out.

    A row without a key can be told from a record that is there by its content only.
    """
    name = live.definition.primary_key.names[0]
    keyless = [record for record in records if name not in record]
    if keyless and not new:
        auto = {f.name for f in live.definition.fields if f.auto}
        content = [{k: v for k, v in record.items() if k not in auto} for record in keyless]
        unknown = await store.unlike_any(change.transaction, table_of(live.definition.table), content)
        keyless = [keyless[place] for place in unknown]
    given = [record for record in records if name in record]
    highest = max((record[name] for record in given), default=0)
    keys = await store.next_keys(change.transaction, f"records._s_{live.row.number}", highest, len(keyless))
    return given + [{**record, name: key} for record, key in zip(keyless, keys, strict=True)]


async def _slugged(change: Change, live: LiveEntity, records: list[Record]) -> None:
    slug = live.definition.slug
    if slug is None or slug.source is None:
        return
    wanting = [record for record in records if record.get(slug.field) is None and record.get(slug.source)]
    bases = {base for record in wanting if (base := slugify(str(record[slug.source])))}
    taken = await store.slugs_like(change.transaction, table_of(live.definition.table), slug.field, bases)
    taken |= {str(record[slug.field]) for record in records if record.get(slug.field) is not None}
    for record in wanting:
        if base := slugify(str(record[slug.source])):
            record[slug.field] = free_slug(base, taken)
            taken.add(record[slug.field])
    if any(record.get(slug.field) is None for record in records) and field_of(live.definition, slug.field).required:
        path = f"sample_data.{live.definition.name}"
        raise invalid_field(slug.field, f"{path}: {slug.field} is required, and {slug.source} gives none for some rows")


def _conflict(change: Change, index: str) -> RocketError:
    """Two records may not share what this unique index is on."""
    for name, live in change.schema.entities.items():
        if field_name := _indexed_by(live, index):
            message = f"sample_data.{name}: two records would have the same {field_name}"
            detail = {"entity": name, **detail_of(field_name, "is the same in two records", "unique")}
            return RocketError("CONFLICT", message, [detail])
    return RocketError("CONFLICT", "Two of the sample records exclude one another")


def _too_much(change: Change, prepared: Sequence[Batch], limit: LimitReached) -> RocketError:
    """A limit of the database, naming the entity and field where PostgreSQL or the rows say which."""
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
    """The field of an entity that an index of ours is on, or a sequence numbers; None if it is none of the entity's."""
    key = live.definition.primary_key.names
    if index in (f"_p_{live.row.number}", f"_s_{live.row.number}"):
        return ",".join(key)
    for field_name, entry in live.row.ids.items():
        if index.startswith("_") and index.endswith(f"_{live.row.number}_{entry['id']}"):
            return field_name
    return None
