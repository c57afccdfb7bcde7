"""Carries out the inverses of a commit: locks, applies them wave by wave, checks references in the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from libs.shared.errors import RocketError
from libs.shared.schema import parse_value
from libs.shared.schema.comments import COMMENTS
from services.data.model import EntityModel, KeyValue
from services.data.permissions import EVERYTHING, Grant, grant_for
from services.data.writes.consequences.comments import remove_comments
from services.data.writes.consequences.totals import hold_parents
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.field_permissions import check_undone
from services.data.writes.statements.changes import Action
from services.data.writes.statements.join_tables import JoinTable, Pair
from services.data.writes.statements.locking import Stored, lock_records
from services.data.writes.statements.unique_swaps import Move
from services.data.writes.statements.unit_of_work import RowRefused, UnitOfWork
from services.data.writes.undo.dangling_references import Problem, left_behind, missing_ends, missing_parents
from services.data.writes.undo.inverses import (
    RIGHTS,
    Before,
    Inverse,
    InverseKind,
    conflicts,
    distinct,
    waves,
)
from services.data.writes.undo.restored_rows import Document, insert_again, set_again

OTHERS: Problem = ("", "", "other records refer to what would go")
"""The problem with records outside the commit, which the caller may not be able to read."""


class Undoing:
    """The inverses of one commit, within the transaction of the undo."""

    def __init__(self, write: WriteContext, unit: UnitOfWork, steps: Sequence[Inverse]) -> None:
        self._write = write
        self._unit = unit
        self._steps = steps
        self._before: dict[str, dict[KeyValue, Stored]] = defaultdict(dict)

    async def lock(self) -> Before:
        """Lock all records that are there, and the keys of those that are not. Returns the records, by entity and key.

        Raises FORBIDDEN for a missing permission.
        """
        groups: dict[tuple[int, InverseKind], list[Inverse]] = defaultdict(list)
        await self._hold_parents()
        for step in self._steps:
            groups[step.of.number, step.kind].append(step)
        for _, steps in sorted(groups.items(), key=lambda group: (group[0][0], group[0][1].value)):
            await (self._lock_pairs(steps) if steps[0].is_pair else self._lock_records(steps))
        return self._before

    async def _hold_parents(self) -> None:
        records: dict[str, list[Inverse]] = defaultdict(list)
        for step in self._steps:
            if not step.is_pair:
                records[step.entity.name].append(step)
        for steps in records.values():
            keys, documents = [step.key for step in steps], [step.document for step in steps]
            await hold_parents(self._write, self._unit, steps[0].entity, keys, documents)

    async def _lock_records(self, steps: Sequence[Inverse]) -> None:
        entity, grant = steps[0].entity, self._grant(steps[0])
        keys = [step.key for step in steps]
        if steps[0].kind is InverseKind.INSERT:
            for step in steps:
                check_undone(self._write, entity, Action.CREATE, _filled(step.document), None)
            await self._unit.lock_record_ids(entity, [step.record_id for step in steps])
            return
        for trashed in (False, True) if entity.soft_delete else (False,):
            found = await lock_records(self._unit.transaction, entity, keys, grant, "UPDATE", trashed)
            _refuse_ungranted(entity, found)
            for step in steps:
                if step.kind is InverseKind.UPDATE and step.key in found:
                    check_undone(self._write, entity, Action.UPDATE, step.columns, found[step.key])
            self._before[entity.name] |= found

    async def _lock_pairs(self, steps: Sequence[Inverse]) -> None:
        """Pairs of records that are deleted or restored here go with these; others are an update of their source."""
        relation = steps[0].relation
        source, target = (self._write.model.entity(name) for name in (relation.source, relation.target))
        alone = {
            parse_value(source.fields[relation.source_key], step.document["1"])
            for step in steps
            if not self._moves(source, relation.source_key, step.document["1"])
            and not self._moves(target, relation.target_key, step.document["2"])
        }
        if alone:
            grant = grant_for(source, "update", self._write.caller)
            join = JoinTable(self._unit, relation)
            if not await join.sources_granted(source, list(alone), grant):
                raise RocketError("FORBIDDEN", f"You may not update this {source.name}")

    def _moves(self, entity: EntityModel, column: str, value: Any) -> bool:
        """Whether the record with this value is itself deleted, inserted or restored here."""
        # Columns beside the key can't change while pairs refer to them; for these the permission to update is needed.
        if (column,) != entity.key.names:
            return False
        return any(
            step.of is entity and step.kind is not InverseKind.UPDATE and step.record_id == str(value)
            for step in self._steps
        )

    def _grant(self, step: Inverse) -> Grant:
        if _is_comment(step) and not all(map(_is_comment, self._steps)):
            return EVERYTHING  # comments come and go with their records
        return grant_for(step.entity, RIGHTS[step.kind], self._write.caller)

    async def run(self) -> None:
        """Apply all inverses, and check what they leave. Raises CONFLICT, FORBIDDEN."""
        await self._release()
        done = [part for wave in waves(self._steps) for part in distinct(wave)]
        for wave in done:
            if await self._apply(wave) != len(wave):
                await self._unit.check_schema()
                raise conflicts([(_title(step), step.record_id, "it has changed since") for step in wave])
        problems = [problem for wave in done for problem in await self._problems(wave)]
        if problems:
            raise conflicts(problems if self._write.caller.is_admin else self._own(problems))

    def _own(self, problems: Sequence[Problem]) -> list[Problem]:
        """The problems with records of the commit itself; all others become one problem without names."""
        own = {(_title(step), step.record_id) for step in self._steps}
        named = [problem for problem in problems if (problem[0], problem[1]) in own]
        return named if len(named) == len(problems) else [*named, OTHERS]

    async def _release(self) -> None:
        """Let unique values move among the records that get theirs back."""
        moves: dict[str, list[Move]] = defaultdict(list)
        for step in self._steps:
            if step.kind is InverseKind.UPDATE:
                values = {name: step.document[name] for name in step.entity.exclusive if name in step.document}
                parsed = {name: _parsed(step.entity, name, value) for name, value in values.items()}
                moves[step.entity.name].append((step.key, parsed))
        for name, moved in moves.items():
            await self._unit.swaps.release(self._write.model.entity(name), moved)

    async def _apply(self, wave: Sequence[Inverse]) -> int:
        """One statement's inverses. Returns how many had their effect."""
        match wave[0].kind:
            case InverseKind.ATTACH | InverseKind.DETACH:
                return await self._move_pairs(wave)
            case InverseKind.INSERT:
                return await self._insert(wave)
            case InverseKind.UPDATE:
                return await set_again(self._unit, wave[0].entity, wave[0].columns, [s.document for s in wave])
        action = Action.DELETE if wave[0].kind is InverseKind.DELETE else Action.RESTORE
        if action is Action.DELETE and not wave[0].entity.soft_delete:
            own = {step.record_id for step in self._steps if _is_comment(step)}
            await remove_comments(self._unit, wave[0].entity, [step.record_id for step in wave], but=own)
        try:
            rows = [self._write.change(step.key, {}) for step in wave]
            written = await self._unit.apply(wave[0].entity, action, rows)
        except RowRefused as refused:
            raise refused.error from None
        return sum(row is not None for row in written)

    async def _insert(self, wave: Sequence[Inverse]) -> int:
        entity, grant = wave[0].entity, self._grant(wave[0])
        inserted = await insert_again(self._unit, entity, [step.document for step in wave])
        if grant is not EVERYTHING:
            keys = [step.key for step in wave]
            _refuse_ungranted(entity, await lock_records(self._unit.transaction, entity, keys, grant))
        return inserted

    async def _move_pairs(self, wave: Sequence[Inverse]) -> int:
        relation, before = wave[0].relation, len(self._unit.entries)
        source, target = (self._write.model.entity(name) for name in (relation.source, relation.target))
        own, other = source.fields[relation.source_key], target.fields[relation.target_key]
        pairs: list[Pair] = [
            (parse_value(own, step.document["1"]), parse_value(other, step.document["2"])) for step in wave
        ]
        join = JoinTable(self._unit, relation)
        await (join.attach(pairs) if wave[0].kind is InverseKind.ATTACH else join.detach(pairs))
        return len(self._unit.entries) - before

    async def _problems(self, wave: Sequence[Inverse]) -> list[Problem]:
        match wave[0].kind:
            case InverseKind.ATTACH:
                return await missing_ends(self._unit, wave)
            case InverseKind.DETACH:
                return []
            case InverseKind.DELETE:
                return await left_behind(self._unit, wave, self._before[wave[0].entity.name])
            case InverseKind.UPDATE:
                left = await left_behind(self._unit, wave, self._before[wave[0].entity.name])
                return left + await missing_parents(self._unit, wave)
        return await missing_parents(self._unit, wave)


def _refuse_ungranted(entity: EntityModel, found: dict[KeyValue, Stored]) -> None:
    if not all(stored.granted for stored in found.values()):
        raise RocketError("FORBIDDEN", f"You may not change this {entity.name}")


def _is_comment(step: Inverse) -> bool:
    return not step.is_pair and step.entity.name == COMMENTS


def _parsed(entity: EntityModel, name: str, value: Any) -> Any:
    return None if value is None else parse_value(entity.fields[name], value)


def _filled(document: Document) -> list[str]:
    return [name for name, value in document.items() if value is not None]


def _title(step: Inverse) -> str:
    return step.relation.join_table if step.is_pair else step.entity.name
