"""The steps of verifying the projection `log`: whether its entries are those of the hash chain."""

from __future__ import annotations

from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.replays import ReplayState
from services.data.integrity import store
from services.data.integrity.blocks import (
    GENESIS_HASH,
    Block,
    digests_before_repairs,
    first_difference,
    make_block,
    signing_key,
)
from services.data.state import State

STEP_BLOCKS = 4
"""Blocks verified in one step."""


async def verify(state: State, app: AppRef, replay: ReplayState) -> bool:
    """Verify some more blocks. The chain is first extended to what is settled, so that all of that is verified."""
    database = state.database(app)
    if replay.get("position") is None:
        position = await state.settled.wait_for_latest(database)
        await state.hash_chain.extend(app, position)
        replay.keep(position=(await store.newest(database))[0], after=0, previous=GENESIS_HASH.hex())
    key = signing_key(state.core.settings.secret_key, app.id)
    blocks = await store.behind(database, replay.get("after"), STEP_BLOCKS)
    for block in blocks:
        if block.last > replay.get("position"):
            return await _end(database, replay)
        await _check(database, replay, key, block)
    return await _end(database, replay) if len(blocks) < STEP_BLOCKS else False


async def _check(database: Database, replay: ReplayState, key: bytes, block: Block) -> None:
    """Verify one block: it follows its predecessor, it is signed by us, and its range is unchanged."""
    after = replay.get("after")
    if block.first != after + 1:
        replay.differ("a seal is missing", position=after + 1)
    rows = await store.digests(database, block.first - 1, block.last)
    repairs = await store.repairs(database, block.first - 1, block.last)
    digests = digests_before_repairs(
        key, block.digests, [(row["position"], row["n"], row["digest"]) for row in rows], repairs
    )
    found = make_block(key, bytes.fromhex(replay.get("previous")), block.first, block.last, digests)
    if found != block:
        place = first_difference(block.digests, digests)
        if place is None:
            what = "the seal is not the one that was made" if block.first == after + 1 else "the chain is broken here"
            replay.differ(what, position=block.first)
        elif place < len(rows):
            replay.differ("a log entry is not what was sealed", position=rows[place]["position"], n=rows[place]["n"])
        else:
            replay.differ("a log entry is missing", position=block.last)
    replay.count(len(rows))
    replay.add(block.hash)
    replay.keep(after=block.last, previous=block.hash.hex())


async def _end(database: Database, replay: ReplayState) -> bool:
    """All blocks were verified: the last one must reach the position that was the end."""
    if replay.get("after") < replay.get("position"):
        replay.differ("a seal is missing", position=replay.get("after") + 1)
    return True
