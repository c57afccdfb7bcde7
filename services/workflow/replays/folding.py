"""Instances compared with the fold of their history, and rebuilt from it."""

from __future__ import annotations

import uuid
from typing import Any

from libs.shared import clock, exact
from libs.shared.contracts.context import AppRef
from libs.shared.replays.derived import verifying
from libs.shared.replays.projection import ReplayState
from services.workflow.history import rebuilding, store
from services.workflow.history.codec import state_to_dict
from services.workflow.machine.folding import fold
from services.workflow.replays.deriving import Instances
from services.workflow.state import State

FIRST = str(uuid.UUID(int=0))
DERIVED = verifying(Instances())
STAGE = "fold"
"""The last stage of a verification; what commits have started is compared before."""


async def verify(state: State, app: AppRef, replay: ReplayState) -> bool:
    """Compare some instances: what has started them, then what they have become."""
    if replay.get("stage") != STAGE:
        if await DERIVED(state, app, replay):
            replay.keep(stage=STAGE, folded=FIRST)
        return False
    database = state.database(app)
    rows = await rebuilding.some(database, uuid.UUID(replay.get("folded")))
    for row in rows:
        instance = row.instance
        entries = (await store.entries_of(database, uuid.UUID(instance.id)))[: instance.state.seq]
        where = place_of(instance.origin.commit_key)
        if where and not entries:
            continue  # no commit comes to it, as was found before
        if plain(fold(entries)) != plain(instance.state):
            replay.differ("the instance is not what its history says", key=instance.id, **where)
        elif columns := row.differing():
            replay.differ(f"the instance has another {', '.join(columns)}", key=instance.id, **where)
    return _noted(replay, [row.instance.id for row in rows])


async def rebuild(state: State, app: AppRef, replay: ReplayState) -> bool:
    """Rebuild some instances from their history: their state, tasks and approvals."""
    after = uuid.UUID(replay.get("folded", FIRST))
    ids = [row.instance.id for row in await rebuilding.some(state.database(app), after)]
    for instance_id in ids:
        async with state.transactions.begin(app, due_at=clock.now()) as transaction:
            instance = await store.lock(transaction.connection, uuid.UUID(instance_id))
            if instance is not None:
                entries = await store.entries_of(transaction.connection, uuid.UUID(instance_id))
                await rebuilding.rebuild(transaction.connection, instance, fold(entries), clock.now())
    return _noted(replay, ids)


def place_of(commit_key: str) -> dict[str, int]:
    """Position and number of the commit that has started an instance; empty for other starts."""
    position, _, n = commit_key.partition(".")
    return {"position": int(position), "n": int(n)} if position.isdecimal() and n.isdecimal() else {}


def plain(state: Any) -> Any:
    """A state as JSON has it, so that two can be compared."""
    return exact.loads(exact.dumps(state_to_dict(state)))


def _noted(replay: ReplayState, ids: list[str]) -> bool:
    """Note how far a replay has come; returns whether that is all."""
    replay.count(len(ids))
    if ids:
        replay.keep(folded=ids[-1])
    return not ids
