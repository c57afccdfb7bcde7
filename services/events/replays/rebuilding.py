"""The audit log made anew from the commit log, by today's definitions: the steps of rebuilding `audit`.

A new table is filled beside the old one while events go on coming in; what they have brought since is carried over
when the new table takes the old one's place, in one transaction.
"""

from __future__ import annotations

from libs.shared.contracts.context import AppRef
from libs.shared.replays import ReplayState, commits
from services.events.audit import audit_row
from services.events.replays import store
from services.events.state import State

ENTRIES = 300
"""Entries put into the new table in one step."""


async def rebuild(state: State, app: AppRef, replay: ReplayState) -> bool:
    """One step of making the audit log anew."""
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
    stretch = await commits.read(state.core.rpc, app, after, replay.get("position"), ENTRIES)
    if not stretch.events:
        replay.keep(stage="index")
        return
    shown = await state.definitions.load(app, at_least=max(event.schema_version for event in stretch.events))
    rows = [audit_row(event, shown.definition(event.entity)) for event in stretch.events]
    await store.fill(state.database(app), [row for row in rows if row is not None])
    replay.count(len(stretch.events))
    replay.keep(after=[stretch.events[-1].position, stretch.events[-1].n])
