"""Applies rules and state machines to drafts: loads what they read, stores their results as values and effects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from libs.shared import exact
from libs.shared.contracts.context import Identity
from libs.shared.errors import MAX_DETAILS, Detail, RocketError
from libs.shared.postgres.databases import Connection, Database
from libs.shared.telemetry import tracing
from services.data import rules
from services.data.model import EntityModel
from services.data.permissions import granted
from services.data.rules import AttemptedWrite, Deciding, EntityRules
from services.data.writes.context.drafts import Draft, in_turns, refuse_invalid
from services.data.writes.context.write_context import WriteContext
from services.data.writes.deciding.related_records import load_related
from services.data.writes.statements.changes import Action

Hook = Literal["before_write", "before_delete", "after_write"]
VERBS: dict[Action, Literal["create", "update", "delete"]] = {
    Action.CREATE: "create", Action.UPDATE: "update", Action.DELETE: "delete",
}  # fmt: skip
"""What rules call each action."""


async def decide(
    write: WriteContext, connection: Connection | Database, entity: EntityModel, action: Action, drafts: Sequence[Draft]
) -> None:
    """Put what rules and machines decide into the drafts' values and effects.

    Raises VALIDATION_FAILED with all violations of all drafts, FORBIDDEN for a transition of other roles.
    """
    entity_rules = write.model.rules(entity.name)
    if entity_rules.is_empty or not drafts:
        return
    hook: Hook = "before_delete" if action is Action.DELETE else "before_write"
    refused: list[list[Detail]] = [[] for _ in drafts]
    with tracing.span("engine", "writer", "write.rules", entity.name) as span:
        attempts = await _attempts(write, connection, entity, action, drafts, hook)
        begun = await _begun(entity_rules, drafts, attempts, refused)
        violated = sum(map(bool, refused)) + sum(bool(deciding.details) for _, deciding, _ in begun)
        span.set_metadata(records=len(drafts), refused=violated)
        span.set_status("error" if violated else "ok")
    if any(deciding.moves for _, deciding, _ in begun):
        with tracing.span("engine", "writer", "write.state_machine", entity.name) as span:
            await _finish(begun)
            span.set_metadata(records=len(begun), fields=[machine.field for machine in entity_rules.machines])
            refuse_invalid(_in_order(refused))
        return
    await _finish(begun)
    refuse_invalid(_in_order(refused))


Begun = list[tuple[Draft, Deciding, list[Detail]]]
"""Drafts with their decisions under way, and where their violations are collected."""


async def _begun(
    entity_rules: EntityRules,
    drafts: Sequence[Draft],
    attempts: Sequence[AttemptedWrite],
    refused: Sequence[list[Detail]],
) -> Begun:
    """The decisions of all drafts up to their machines."""
    begun: Begun = []
    found = 0
    async for draft, attempt, details in in_turns(list(zip(drafts, attempts, refused, strict=True))):
        try:
            begun.append((draft, rules.begin(entity_rules, attempt), details))
        except RocketError as refusal:
            details += _details(draft, refusal)
            found += len(details)
            if found >= MAX_DETAILS:
                break
    return begun


async def _finish(begun: Begun) -> None:
    """Have machines decide, and put the results into the drafts."""
    found = 0
    async for draft, deciding, details in in_turns(begun):
        try:
            decision = deciding.finish()
        except RocketError as refusal:
            details += _details(draft, refusal)
            found += len(details)
            if found >= MAX_DETAILS:
                break
        else:
            draft.values, draft.effects = decision.values, decision.effects


def _in_order(refused: Sequence[list[Detail]]) -> list[Detail]:
    return [detail for details in refused for detail in details]


async def recompute(
    write: WriteContext, connection: Connection, entity: EntityModel, drafts: Sequence[Draft], *, checked: bool
) -> list[Draft]:
    """Put computed values that have changed into the drafts of stored records. Returns those that have any.

    Raises what `decide` raises; without `checked` only for what can't be computed.
    """
    entity_rules = write.model.rules(entity.name)
    attempts = await _attempts(write, connection, entity, Action.UPDATE, drafts, "before_write", holds=False)
    changed = []
    async for draft, attempt in in_turns(list(zip(drafts, attempts, strict=True))):
        decision = rules.recompute(entity_rules, attempt, checked=checked)
        if decision is not None:
            draft.values, draft.effects = decision.values, decision.effects
            changed.append(draft)
    return changed


async def compute(
    write: WriteContext, connection: Connection, entity: EntityModel, action: Action, draft: Draft
) -> None:
    """Put initial states and computed fields into a draft that bypasses rules and machines.

    Raises VALIDATION_FAILED for what can't be computed.
    """
    entity_rules = write.model.rules(entity.name)
    if entity_rules.computed or (entity_rules.machines and action is Action.CREATE):
        [attempt] = await _attempts(write, connection, entity, action, [draft], "before_write")
        draft.values = rules.compute(entity_rules, attempt)


async def check_after(
    write: WriteContext, connection: Connection, entity: EntityModel, action: Action, drafts: Sequence[Draft]
) -> None:
    """Apply the rules of after_write to the records as they were written. Raises VALIDATION_FAILED."""
    entity_rules = write.model.rules(entity.name)
    if not entity_rules.after_write:
        return
    with tracing.span("engine", "writer", "write.rules", entity.name) as span:
        span.set_metadata(records=len(drafts), hook="after_write")
        attempts = await _attempts(write, connection, entity, action, drafts, "after_write")
        details: list[Detail] = []
        async for draft, attempt in in_turns(list(zip(drafts, attempts, strict=True))):
            assert draft.written is not None, "checked after it was written"
            try:
                rules.check_written(entity_rules, attempt, exact.loads(draft.written.record_text))
            except RocketError as refusal:
                details += _details(draft, refusal)
        refuse_invalid(details)


async def _attempts(
    write: WriteContext,
    connection: Connection | Database,
    entity: EntityModel,
    action: Action,
    drafts: Sequence[Draft],
    hook: Hook,
    *,
    holds: bool = True,
) -> list[AttemptedWrite]:
    loads = write.model.rules(entity.name).related_loads(hook)
    related, unloadable = await load_related(connection, write.model, entity, loads, drafts, holds=holds)
    now = write.now
    return [
        AttemptedWrite(
            action=VERBS[action],
            values=draft.values,
            sent=frozenset(draft.body),
            caller=write.context.user,
            now=now,
            old=draft.stored.record if draft.stored else None,
            related=loaded,
            unloadable=unloadable,
            sees=partial(_sees, entity, write.caller, draft),
            asks_roles=not write.by_definition,
        )
        for draft, loaded in zip(drafts, related, strict=True)
    ]


def _sees(entity: EntityModel, caller: Identity, draft: Draft, name: str) -> bool:
    """Whether the caller may read a field of the draft's stored record as it is."""
    if draft.stored is None:
        return True
    reading, record = granted(entity, "read", caller), draft.stored.record
    return reading is not None and reading.covers(record) and reading.shows(name, record)


def _details(draft: Draft, refusal: RocketError) -> list[Detail]:
    if refusal.code != "VALIDATION_FAILED":
        raise draft.refuse(refusal) from None
    return draft.mark(refusal.details)
