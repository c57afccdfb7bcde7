"""Rebuilds the audit log from the commit log, with today's definitions.

A new table is filled beside the old one, which consumers keep writing to. One transaction copies what they have written
since and puts the new table in the place of the old one.
"""

from __future__ import annotations

from libs.shared.contracts.context import AppRef
from libs.shared.replays import ReplayState, commits
from services.events.audit import audit_row
from services.events.replays import store
from services.events.state import State

STEP_ENTRIES = 300
"""Entries put into the new table in one step."""


async def rebuild(state: State, app: AppRef, replay: ReplayState) -> bool:
    """One step of the rebuild."""
    database = state.database(app)
    match replay.get("stage", "begin"):
        case "begin":
            await store.begin(database)
            replay.keep(
                stage="fill",
                after=[0, 0],
                position=(await commits.read(state.core.rpc, app, commits.BEGINNING, 0, 0)).head,
            )
        case "fill":
            await _fill(state, app, replay)
        case "index":
            await store.index(database)
            replay.keep(stage="switch")
        case "switch":
            async with database.transaction() as transaction:
                await store.switch(transaction, replay.get("position"))
            return True
    return False


async def _fill(state: State, app: AppRef, replay: ReplayState) -> None:
    after = tuple(replay.get("after"))
    batch = await commits.read(state.core.rpc, app, after, replay.get("position"), STEP_ENTRIES)
    if not batch.events:
        replay.keep(stage="index")
        return
    shown = await state.definitions.load(app, at_least=max(event.schema_version for event in batch.events))
    rows = [audit_row(event, shown.definition(event.entity), shown.audits_by_default) for event in batch.events]
    await store.fill(state.database(app), [row for row in rows if row is not None])
    replay.count(len(batch.events))
    replay.keep(after=[batch.events[-1].position, batch.events[-1].n])
