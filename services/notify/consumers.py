"""Commits become notifications: one per matching rule and recipient, and per recipient of a transition's action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Plan
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.streams import CommitEvent, SignalEvent
from libs.shared.contracts.workflow_notifications import NotificationRequested
from libs.shared.telemetry import tracing
from services.notify import store
from services.notify.delegates import with_delegates
from services.notify.fan_out import FanOut, NotificationRequest, fan_out
from services.notify.mail_worker import SAFETY_S
from services.notify.matching import match, match_span_id
from services.notify.mentions import mention_notifications
from services.notify.people import find_people
from services.notify.state import State
from services.notify.transition_actions import MAIL, transition_notifications
from services.notify.workflow_notifications import workflow_notifications


@dataclass(frozen=True, slots=True)
class CommitFanOuts:
    """The notifications of one commit, by rule or action."""

    event: CommitEvent
    fan_outs: Sequence[FanOut]

    @property
    def has_mails(self) -> bool:
        """Whether any of them is a mail."""
        return any(new.channel == MAIL for each in self.fan_outs for new in each.notifications)


async def plan(state: State, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
    """The notifications of commits, by the rules of their schema versions and the users of today."""
    await state.rules.prepare(app, {event.schema_version for event in events})
    requests = [_requests(state, app, event) for event in events]
    directory = await find_people(state.core.rpc, app, [request for some in requests for request in some])
    reactions = [
        CommitFanOuts(event, [fan_out(request, directory) for request in some]) if some else None
        for event, some in zip(events, requests, strict=True)
    ]
    has_mails = any(reaction.has_mails for reaction in reactions if reaction)
    return Plan(reactions, clock.now() + timedelta(seconds=SAFETY_S) if has_mails else None)


def _requests(state: State, app: AppRef, event: CommitEvent) -> list[NotificationRequest]:
    rules = state.rules.of(app, event).candidates(event)
    mentions = mention_notifications(event)
    if not rules and not event.effects and not mentions:
        return []
    cause = Context(event.trace_id, tracing.write_span_id(event.commit_id), app=app, identity=SYSTEM)
    own = match_span_id(event.trace_id, event.position, event.n)
    with tracing.remote(cause), tracing.span("notify", "matcher", "notify.match", event.entity, own) as span:
        span.record_id = event.record_id
        matches, actions = match(app, rules, event), transition_notifications(event)
        span.metadata = {
            "candidates": len(rules), "matched": len(matches), "actions": len(actions), "mentions": len(mentions),
        }  # fmt: skip
    return [*matches, *actions, *mentions]


async def apply(state: State, transaction: Transaction, reactions: Sequence[CommitFanOuts]) -> None:
    """Insert notifications, and notes of their receivers."""
    for reaction in reactions:
        for each in reaction.fan_outs:
            # The receivers of a commit are determined once: users who get the role later are not notified.
            if await store.note(transaction.connection, reaction.event, each):
                for new in each.notifications:
                    await store.insert(transaction.connection, new, clock.now())


async def plan_signals(state: State, app: AppRef, events: Sequence[SignalEvent]) -> Plan:
    """The notifications that workflow instances request."""
    asked = [NotificationRequested.decode(event) for event in events]
    settings = state.core.settings
    mails = bool(settings.smtp_host)
    requests = [workflow_notifications(each, app.name, settings.public_url, mails) if each else [] for each in asked]
    rpc = state.core.rpc
    directory = await find_people(rpc, app, [request for some in requests for request in some])
    requests = [await with_delegates(rpc, app, some, directory) for some in requests]
    reactions = [[fan_out(request, directory) for request in some] or None for some in requests]
    has_mails = any(new.channel == MAIL for some in reactions if some for each in some for new in each.notifications)
    return Plan(reactions, clock.now() + timedelta(seconds=SAFETY_S) if has_mails else None)


async def apply_signals(state: State, transaction: Transaction, reactions: Sequence[Sequence[FanOut]]) -> None:
    """Insert the notifications of workflow instances."""
    for reaction in reactions:
        for each in reaction:
            for new in each.notifications:
                await store.insert(transaction.connection, new, clock.now())


def wake_signals(state: State, app: AppRef, reactions: Sequence[Sequence[FanOut]]) -> None:
    """Wake the mail worker, ahead of the timer."""
    state.due.wake(app)


def wake(state: State, app: AppRef, reactions: Sequence[CommitFanOuts]) -> None:
    """Wake the mail worker, ahead of the timer."""
    if any(reaction.has_mails for reaction in reactions):
        state.due.wake(app)
