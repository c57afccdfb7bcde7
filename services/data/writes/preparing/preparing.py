"""Prepares drafts: values parsed and completed, files attached, rules decided, slugs made. Nothing is stored yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from libs.shared.errors import MAX_DETAILS, Detail
from libs.shared.postgres.databases import Connection, Database
from libs.shared.telemetry import tracing
from services.data.model import EntityModel
from services.data.writes.context.drafts import TURN_ROWS, Draft, refuse_invalid
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding import decisions
from services.data.writes.preparing import numbers, slugs
from services.data.writes.preparing.files import UnknownFile, attach_files, resolve_files
from services.data.writes.preparing.references import refuse_moved_anchors
from services.data.writes.preparing.validation import Invalid, validate_create, validate_update
from services.data.writes.statements.changes import Action, RowChange


async def prepare(
    write: WriteContext,
    connection: Connection | Database,
    entity: EntityModel,
    action: Action,
    drafts: Sequence[Draft],
    *,
    decided: bool = True,
) -> list[RowChange]:
    """The row changes of drafts. Without `decided`, rules and machines are left for later.

    Raises VALIDATION_FAILED with all violations of all drafts, NOT_FOUND for unknown files, FORBIDDEN
    for transitions that are not the caller's.
    """
    with tracing.span("engine", "writer", "write.validate", entity.name):
        await validate(entity, action, drafts)
    if write.consent is not None and action is Action.CREATE:
        write.consent.keep_keys(entity, drafts)
    if entity.files:
        try:
            await attach_files(write, connection, entity, drafts)
        except UnknownFile as unknown:
            raise drafts[unknown.place].refuse(unknown) from None
    if decided and not write.model.rules(entity.name).is_empty:
        await decisions.decide(write, connection, entity, action, drafts)
    if entity.numbered:
        await numbers.assign(write, connection, entity, action, drafts)
    if entity.definition.slug is not None:
        await slugs.assign(connection, entity, action, drafts)
    return [_change(write, entity, action, draft) for draft in drafts]


async def validate(entity: EntityModel, action: Action, drafts: Sequence[Draft]) -> None:
    """Parse the values of all drafts. Raises VALIDATION_FAILED with all that is wrong with them."""
    parse = validate_create if action is Action.CREATE else validate_update
    details: list[Detail] = []
    for number, draft in enumerate(drafts, 1):
        try:
            draft.values = parse(entity, draft.body)
        except Invalid as invalid:
            details += draft.mark(invalid.details)
            if len(details) >= MAX_DETAILS:
                break
        if number % TURN_ROWS == 0:
            await asyncio.sleep(0)
    if details:
        refuse_invalid(details)


def invalid_rows(entity: EntityModel, action: Action, drafts: Sequence[Draft]) -> Iterator[tuple[int, list[Detail]]]:
    """The places of all drafts with wrong values, with what is wrong; nothing is put into the drafts."""
    parse = validate_create if action is Action.CREATE else validate_update
    for place, draft in enumerate(drafts):
        try:
            parse(entity, draft.body)
        except Invalid as invalid:
            yield place, invalid.details


async def complete(
    write: WriteContext, connection: Connection, entity: EntityModel, action: Action, draft: Draft
) -> None:
    """Fill in files and slugs of a draft that is written with a definition's authority: no permissions, no rules.

    Raises CONFLICT where other records refer to a value that would change.
    """
    await resolve_files(connection, entity, draft.values)
    await numbers.assign(write, connection, entity, action, [draft])
    await slugs.assign(connection, entity, action, [draft])
    await refuse_moved_anchors(connection, write.model, entity, [draft])


def _change(write: WriteContext, entity: EntityModel, action: Action, draft: Draft) -> RowChange:
    key = draft.stored.key if draft.stored else None
    if action is Action.CREATE and not entity.key.generated:
        key = entity.key.of(draft.values)
    return write.change(key, draft.values, draft.if_version, draft.effects)
