"""Numbered fields: new records get the next number of their counter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from libs.shared.errors import Detail, RocketError
from libs.shared.postgres.databases import Connection, Database
from libs.shared.schema.numbering import CannotBeNumbered
from services.data.model import EntityModel
from services.data.model.numbered import NumberedField
from services.data.writes.context.drafts import Draft, refuse_invalid
from services.data.writes.context.write_context import WriteContext
from services.data.writes.statements import counters
from services.data.writes.statements.changes import Action
from services.data.writes.statements.counters import Around

T = TypeVar("T")

MAX_ATTEMPTS = 3
"""How often a write is repeated because its numbers were given to records by other means."""


async def assign(
    write: WriteContext,
    connection: Connection | Database,
    entity: EntityModel,
    action: Action,
    drafts: Sequence[Draft],
) -> None:
    """Number new records. Raises VALIDATION_FAILED for one without a value that its number needs."""
    if action is not Action.CREATE:
        return
    for numbered in entity.numbered:
        places = _places(write, entity, numbered, drafts)
        firsts = await _take(write, connection, entity, numbered, Counter(places))
        for draft, around in zip(drafts, places, strict=True):
            draft.values[numbered.field.name] = numbered.format.render(around, firsts[around])
            firsts[around] += 1
            write.numbered[entity.name, numbered.field.name, around] = None


async def with_free_numbers(write: WriteContext, attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` returns. It is repeated where a number was taken by other means than its counter.

    That is so for records of an import that brought their numbers; the counter goes on after the greatest of them.
    """
    for _ in range(MAX_ATTEMPTS):
        write.numbered.clear()
        try:
            return await attempt()
        except RocketError as refusal:
            if not write.numbered or not await _is_behind(write, refusal):
                raise
        if write.consent is not None:
            write.consent.forget_numbers()
    return await attempt()


def _places(write: WriteContext, entity: EntityModel, numbered: NumberedField, drafts: Sequence[Draft]) -> list[Around]:
    """For each record the texts around its number."""
    places: list[Around] = []
    details: list[Detail] = []
    for draft in drafts:
        try:
            places.append(numbered.format.around(write.now, draft.values))
        except CannotBeNumbered as problem:
            details += draft.mark([{"field": numbered.field.name, "rule": "sequence", "message": str(problem)}])
    refuse_invalid(details)
    return places


async def _take(
    write: WriteContext,
    connection: Connection | Database,
    entity: EntityModel,
    numbered: NumberedField,
    wanted: Counter[Around],
) -> counters.Firsts:
    if not wanted:
        return {}
    if numbered.field.gapless:
        return await counters.take(connection, entity, numbered, wanted)
    if write.dry_run:
        firsts = await counters.peek(connection, entity, numbered, wanted)
        for around, count in wanted.items():
            key = entity.name, numbered.field.name, around
            firsts[around] += write.peeked[key]
            write.peeked[key] += count
        return firsts
    if write.consent is not None:
        return await write.consent.keep_numbers(
            lambda: write.resources.counters.take(write.database, entity, numbered, wanted)
        )
    return await write.resources.counters.take(write.database, entity, numbered, wanted)


async def _is_behind(write: WriteContext, refusal: RocketError) -> bool:
    """Raise the counters of taken numbers. Returns whether one was behind what is stored."""
    if refusal.code != "CONFLICT":
        return False
    taken = {detail.get("field") for detail in refusal.details}
    raised = False
    for name, field, around in write.numbered:
        if field in taken:
            entity = write.model.entity(name)
            numbered = next(each for each in entity.numbered if each.field.name == field)
            raised = await counters.catch_up(write.database, entity, numbered, around) or raised
    return raised
