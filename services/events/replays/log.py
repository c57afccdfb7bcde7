"""The commit log as the events service reads it for its replays: by asking data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from libs.shared import exact
from libs.shared.bus.incoming import NO_TRACE, decode_event
from libs.shared.bus.logged import parted
from libs.shared.contracts.apps import ListNames, NamesEver
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.records import FetchCommit, ReadLog
from libs.shared.contracts.streams import REFERENCE, CommitEvent
from services.events.state import State

TIME = 15.0
"""Seconds that an answer may take."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some entries of the log, and the greatest position there is in it."""

    events: Sequence[CommitEvent]
    head: int


async def read(state: State, app: AppRef, after: tuple[int, int], until: int, most: int) -> Stretch:
    """The next entries of an app's log, whole ones."""
    asker, context = state.core.asker, _context(app)
    answer = await asker.ask(ReadLog(*after, until=until, most=most), context)
    events: list[Any] = []
    for entry in parted(answer.body):
        payload = entry.payload
        if REFERENCE in entry.headers:
            position, n = entry.position
            payload = (await asker.ask(FetchCommit(position=position, n=n), context)).body
        events.append(decode_event(entry.subject, payload, exact.loads))
    return Stretch(events, int(answer.headers["head"]))


async def names_ever(state: State, app: AppRef) -> NamesEver:
    """What everything in the app is called, and was."""
    return await state.core.asker.ask(ListNames(), _context(app))


def _context(app: AppRef) -> Context:
    return Context(trace_id=NO_TRACE, app=app, identity=SYSTEM).within(TIME)
