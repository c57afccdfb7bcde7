"""Commits become notifications: one per matching rule and recipient, and per recipient of a transition's action."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.shared import clock
from libs.shared.bus.consumer import Interest
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.postgres.databases import Connection
from services.notify import effects, store
from services.notify.courier import SAFETY
from services.notify.effects import Wish
from services.notify.matching import Match, match, notifications_of
from services.notify.people import find_people
from services.notify.state import State


async def plan(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Match the rules as of the newest event, ask who is meant, and set the timer that outlives a crash."""
    book = await state.books.load(app, max(event.schema_version for event in events))
    matches = {event.key: match(app, book, event) for event in events}
    wishes = {event.key: effects.wishes_of(event) for event in events}
    sought: list[Match | Wish] = [found for each in matches.values() for found in each]
    sought += [wish for each in wishes.values() for wish in each]
    directory = await find_people(state.core.asker, app, sought)
    mails = False
    for event in events:
        planned = [new for found in matches[event.key] for new in notifications_of(found, directory)]
        planned += [new for wish in wishes[event.key] for new in effects.notifications_of(wish, directory)]
        state.plans.keep(app, event, planned)
        mails = mails or any(new.channel == effects.MAIL for new in planned)
    if mails:
        await state.due.arm(app.id, clock.now() + timedelta(seconds=SAFETY))


async def interest(state: State, app: AppRef, schema_version: int) -> Interest:
    """Which commits any rule is about."""
    return (await state.books.load(app, schema_version)).wants


def concerns(state: State, app: AppRef, event: CommitEvent) -> bool:
    """Whether any rule is about such a commit, or one of its own transitions has somebody told of it."""
    return effects.has_notifications(event) or bool(state.books.of(app).candidates(event))


async def note_notifications(state: State, app: AppRef, transaction: Connection, event: CommitEvent) -> None:
    """Insert the notifications of one commit; mails are sent when the transaction has committed."""
    for new in state.plans.take(app, event):
        await store.insert(transaction, new, clock.now())


def hurry(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Mails that were committed are due now; no need to wait for the timer."""
    state.plans.forget(app, events)
    book = state.books.of(app)
    channels: set[str] = {rule.definition.channel for event in events for rule in book.candidates(event)}
    channels |= {wish.channel for event in events for wish in effects.wishes_of(event)}
    if effects.MAIL in channels:
        state.courier.nudge(app)
