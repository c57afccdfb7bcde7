"""Commits become notifications: one per matching rule and recipient, and per recipient of a transition's action."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Interest
from libs.shared.contracts.context import AppRef
from libs.shared.contracts.streams import CommitEvent
from libs.shared.postgres.databases import Connection
from services.notify import store, transition_actions
from services.notify.fan_out import NotificationRequest, tell
from services.notify.mail_worker import SAFETY_S
from services.notify.matching import match
from services.notify.people import find_people
from services.notify.state import State


async def plan(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Match the rules of each event's version, ask who is meant, and set the timer that outlives a crash."""
    await state.books.prepare(app, {event.schema_version for event in events})
    asked: dict[str, list[NotificationRequest]] = {event.key: _asked(state, app, event) for event in events}
    directory = await find_people(state.core.rpc, app, [each for some in asked.values() for each in some])
    mails = False
    for event in events:
        fan_out = [tell(each, directory) for each in asked[event.key]]
        state.plans.keep(app, event, fan_out)
        mails = mails or any(new.channel == transition_actions.MAIL for each in fan_out for new in each.notifications)
    if mails:
        await state.due.arm(app.id, clock.now() + timedelta(seconds=SAFETY_S))


def _asked(state: State, app: AppRef, event: CommitEvent) -> list[NotificationRequest]:
    return [
        *match(app, state.books.of(app, event).candidates(event), event),
        *transition_actions.transition_notifications(event),
    ]


async def interest(state: State, app: AppRef, schema_version: int) -> Interest:
    """Which commits any rule is about, by the definitions of this version."""
    await state.books.prepare(app, {schema_version})
    return state.books.at(app, schema_version).wants


def concerns(state: State, app: AppRef, event: CommitEvent) -> bool:
    """Whether any rule is about such a commit, or one of its own transitions has somebody told of it."""
    return transition_actions.has_notifications(event) or bool(state.books.of(app, event).candidates(event))


async def note_notifications(state: State, app: AppRef, transaction: Connection, event: CommitEvent) -> None:
    """Insert the notifications of one commit, and whom they were found to be for; mails are sent after the commit."""
    for fan_out in state.plans.take(app, event):
        # Who was told once is not told again by who has come into a role since.
        if await store.note(transaction, event, fan_out):
            for new in fan_out.notifications:
                await store.insert(transaction, new, clock.now())


def hurry(state: State, app: AppRef, events: Sequence[CommitEvent]) -> None:
    """Mails that were committed are due now; no need to wait for the timer."""
    state.plans.forget(app, events)
    rules = [rule for event in events for rule in state.books.of(app, event).candidates(event)]
    channels: set[str] = {rule.definition.channel for rule in rules}
    channels |= {
        notification.channel for event in events for notification in transition_actions.transition_notifications(event)
    }
    if transition_actions.MAIL in channels:
        state.mail_worker.wake(app)
