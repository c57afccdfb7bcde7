"""The inverses of log entries: what takes each back, in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from libs.shared import exact
from libs.shared.errors import RocketError
from libs.shared.schema import Relation
from services.data.log.entries import field_names, title_of
from services.data.model import EntityModel, KeyValue, Model
from services.data.writes.statements.changes import Action
from services.data.writes.statements.locking import Stored
from services.data.writes.undo.restored_rows import Document

Before = Mapping[str, Mapping[KeyValue, Stored]]
"""Entity → key → the record as it is before the undo, in the trash or not."""


class InverseKind(Enum):
    """What an inverse does to a record or pair."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"
    ATTACH = "attach"
    DETACH = "detach"


RIGHTS = {
    InverseKind.INSERT: "create",
    InverseKind.UPDATE: "update",
    InverseKind.DELETE: "delete",
    InverseKind.RESTORE: "delete",
}
"""The permission that each requires."""


@dataclass(frozen=True, slots=True)
class Inverse:
    """The inverse of one entry. `of` is its entity, or a pair's relation; `document` has the values to put back."""

    kind: InverseKind
    of: EntityModel | Relation
    record_id: str
    document: Document

    @property
    def entity(self) -> EntityModel:
        """The entity of a record's inverse."""
        assert isinstance(self.of, EntityModel), "pairs have a relation"
        return self.of

    @property
    def relation(self) -> Relation:
        """The relation of a pair's inverse."""
        assert isinstance(self.of, Relation), "records have an entity"
        return self.of

    @property
    def is_pair(self) -> bool:
        return isinstance(self.of, Relation)

    @property
    def key(self) -> KeyValue:
        """The key of a record."""
        return self.entity.key.parse(self.record_id)

    @property
    def columns(self) -> tuple[str, ...]:
        """What an update sets."""
        return tuple(sorted(set(self.document) - set(self.entity.key.names)))


def plan(model: Model, entries: Sequence[Any]) -> list[Inverse]:
    """The inverses of a commit's entries, the last one's first. Raises CONFLICT where an entity is gone."""
    return [_inverse(model, entry) for entry in reversed(entries)]


def without_totals(model: Model, entries: Sequence[Any]) -> Sequence[Any]:
    """The log entries that are taken back, without those that only wrote totals.

    Totals are computed again when the children are as they were. Otherwise a later change of another child would keep
    a commit from being undone.
    """
    kept = [entry for entry in entries if not _is_only_totals(model, entry)]
    return kept or entries


def _is_only_totals(model: Model, entry: Any) -> bool:
    """Whether an entry sets nothing but what is computed from other records, and timestamps."""
    known = model.schema.by_number.get(entry["entity"])
    if known is None or entry["action"] != Action.UPDATE.value or known.name not in model.totals.by_parent:
        return False
    entity = model.entity(known.name)
    stamps = {name for name, field in entity.fields.items() if field.auto}
    computed = {rule.field.name for rule in model.rules(known.name).computed}
    own = {entity.image_ids[name] for name in stamps | computed if name in entity.image_ids}
    return set(exact.loads(entry["previous"])) <= own


def relation_of(model: Model, number: int) -> Relation | None:
    """The many_to_many relation that has this number in the log, if it still exists."""
    return next((r for r in model.schema.relations.values() if r.joined and r.number == number), None)


def entity_of(model: Model, number: int) -> EntityModel:
    """The entity that has this number in the log. Raises CONFLICT where it, or a relation, was deleted."""
    live = model.schema.by_number.get(number)
    if live is None or live.retired:
        message = f"{title_of(model.schema, number)} has been deleted since"
        raise RocketError("CONFLICT", message, [{"entity": title_of(model.schema, number), "message": message}])
    return model.entity(live.name)


def waves(steps: Sequence[Inverse]) -> Iterator[list[Inverse]]:
    """Inverses that can be one statement, in order: of one kind, for one entity or relation."""
    wave: list[Inverse] = []
    for step in steps:
        if wave and not _fits(wave[0], step):
            yield wave
            wave = []
        wave.append(step)
    if wave:
        yield wave


def distinct(steps: Sequence[Inverse]) -> Iterator[list[Inverse]]:
    """The inverses of a wave in parts that hold every record once."""
    seen: set[str] = set()
    part: list[Inverse] = []
    for step in steps:
        if step.record_id in seen:
            yield part
            seen, part = set(), []
        seen.add(step.record_id)
        part.append(step)
    if part:
        yield part


def _inverse(model: Model, entry: Any) -> Inverse:
    number = entry["entity"]
    relation = relation_of(model, number)
    if relation is not None:
        kind = InverseKind.DETACH if entry["action"] == "create" else InverseKind.ATTACH
        return Inverse(kind, relation, entry["record_id"], exact.loads(entry["image"] or entry["previous"]))
    entity = entity_of(model, number)
    match entry["action"]:
        case "create" | "restore":
            return Inverse(InverseKind.DELETE, entity, entry["record_id"], {})
        case "delete" if entry["image"] is not None:
            return Inverse(InverseKind.RESTORE, entity, entry["record_id"], {})
    names = field_names(model.schema, number)
    document = {names[key]: value for key, value in exact.loads(entry["previous"]).items()}
    if entry["action"] == "delete":
        return Inverse(InverseKind.INSERT, entity, entry["record_id"], document)
    image = {names[key]: value for key, value in exact.loads(entry["image"]).items()}
    keys = {name: image[name] for name in entity.key.names}
    return Inverse(InverseKind.UPDATE, entity, entry["record_id"], document | keys)


def _fits(first: Inverse, step: Inverse) -> bool:
    if first.kind is not step.kind or first.of is not step.of:
        return False
    if step.kind is not InverseKind.UPDATE:
        return True
    # Unique values may have moved from record to record, and must move back in the opposite order.
    moves = any((field := step.entity.fields.get(name)) is not None and field.unique for name in step.columns)
    return first.columns == step.columns and not moves


def conflicts(records: Sequence[tuple[str, str, str]]) -> RocketError:
    """The CONFLICT that names the records (entity, record id, reason) which keep a commit from being undone."""
    details = [
        {"entity": e, "record_id": r, "message": f"{e} {r}: {why}"} if e else {"message": why} for e, r, why in records
    ]
    return RocketError("CONFLICT", "This commit can't be undone any more", details)
