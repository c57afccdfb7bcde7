"""Whether the log is what was sealed: the steps of verifying the projection `log`."""

from __future__ import annotations

from libs.shared.contracts.context import AppRef
from libs.shared.postgres.databases import Database
from libs.shared.replays import ReplayState
from services.data.integrity import store
from services.data.integrity.blocks import START, Seal, as_sealed, first_difference, key_of, seal_of
from services.data.state import State

SEALS = 4
"""Seals looked at in one step."""


async def verify(state: State, app: AppRef, replay: ReplayState) -> bool:
    """Some seals more. What is settled but not sealed yet is sealed first, and so is part of it."""
    database = state.database(app)
    if replay.get("position") is None:
        position = await state.settled.latest(database)
        await state.sealer.seal(app, position)
        replay.keep(position=(await store.newest(database))[0], after=0, previous=START.hex())
    key = key_of(state.core.settings.secret_key, app.id)
    seals = await store.behind(database, replay.get("after"), SEALS)
    for seal in seals:
        if seal.last > replay.get("position"):
            return await _end(database, replay)
        await _check(database, replay, key, seal)
    return await _end(database, replay) if len(seals) < SEALS else False


async def _check(database: Database, replay: ReplayState, key: bytes, seal: Seal) -> None:
    """One seal: it follows its predecessor, it is ours, and its range is what it was."""
    after = replay.get("after")
    if seal.first != after + 1:
        replay.differ("a seal is missing", position=after + 1)
    rows = await store.digests(database, seal.first - 1, seal.last)
    repairs = await store.repairs(database, seal.first - 1, seal.last)
    digests = as_sealed(key, seal.digests, [(row["position"], row["n"], row["digest"]) for row in rows], repairs)
    found = seal_of(key, bytes.fromhex(replay.get("previous")), seal.first, seal.last, digests)
    if found != seal:
        place = first_difference(seal.digests, digests)
        if place is None:
            what = "the seal is not the one that was made" if seal.first == after + 1 else "the chain is broken here"
            replay.differ(what, position=seal.first)
        elif place < len(rows):
            replay.differ("a log entry is not what was sealed", position=rows[place]["position"], n=rows[place]["n"])
        else:
            replay.differ("a log entry is missing", position=seal.last)
    replay.count(len(rows))
    replay.add(seal.hash)
    replay.keep(after=seal.last, previous=seal.hash.hex())


async def _end(database: Database, replay: ReplayState) -> bool:
    """All seals have been looked at: what lies behind the last one must be newer than they were."""
    if replay.get("after") < replay.get("position"):
        replay.differ("a seal is missing", position=replay.get("after") + 1)
    return True
