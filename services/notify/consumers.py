"""Commits and signals become notifications: one per rule that matches and recipient, and those of actions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.shared import clock
from libs.shared.bus.consumers.consumer import Plan
from libs.shared.bus.outbox.transactions import Transaction
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.contracts.effects import FetchRecords
from libs.shared.contracts.streams import CommitEvent, SignalEvent
from libs.shared.contracts.workflow_notifications import NotificationRequested
from libs.shared.schema.notification_channels import EMAIL, IN_APP, EmailConfig
from libs.shared.telemetry import tracing
from services.notify import store
from services.notify.definitions import NotificationDefinitions
from services.notify.delegates import with_delegates
from services.notify.fan_out import FanOut, NotificationRequest
from services.notify.linking import links_of
from services.notify.matching import Match, NewNotification, match, match_span_id, matches_of
from services.notify.mentions import mention_notifications
from services.notify.occasions import Occasion, occasion_of, rules_of
from services.notify.people import TIMEOUT_S, find_people
from services.notify.planning import fan_outs_of
from services.notify.preferences import burst_key, gathered
from services.notify.sender import SAFETY_S
from services.notify.state import State
from services.notify.transition_actions import transition_notifications
from services.notify.workflow_notifications import workflow_notifications


@dataclass(frozen=True, slots=True)
class CommitFanOuts:
    """The notifications of one commit, by rule or action."""

    event: CommitEvent
    fan_outs: Sequence[FanOut]


async def plan(state: State, app: AppRef, events: Sequence[CommitEvent]) -> Plan:
    """The notifications of commits, by the definitions of their schema versions and the users of today."""
    versions = {event.schema_version for event in events}
    await state.rules.prepare(app, versions)
    await state.definitions.prepare(app, versions)
    requests = [_requests(state, app, event) for event in events]
    directory = await find_people(state.core.rpc, app, [request for some in requests for request in some])
    planned = await fan_outs_of(state, app, requests, directory)
    reactions = [CommitFanOuts(event, some) if some else None for event, some in zip(events, planned, strict=True)]
    return Plan(reactions, _due(each for some in planned for each in some))


def _requests(state: State, app: AppRef, event: CommitEvent) -> list[NotificationRequest]:
    rules, definitions = state.rules.of(app, event).candidates(event), state.definitions.of(app, event)
    mentions = mention_notifications(event)
    if not rules and not event.effects and not mentions:
        return []
    links = links_of(state.core.settings.public_url, app.name, event.entity, event.record_id) if rules else {}
    cause = Context(event.trace_id, tracing.write_span_id(event.commit_id), app=app, identity=SYSTEM)
    own = match_span_id(event.trace_id, event.position, event.n)
    with tracing.remote(cause), tracing.span("notify", "matcher", "notify.match", event.entity, own) as span:
        span.record_id = event.record_id
        matches = match(app, rules, event, definitions, links)
        actions = transition_notifications(event, definitions)
        span.metadata = {
            "candidates": len(rules), "matched": len(matches), "actions": len(actions), "mentions": len(mentions),
        }  # fmt: skip
    return [*matches, *actions, *mentions]


async def apply(state: State, transaction: Transaction, reactions: Sequence[CommitFanOuts]) -> None:
    """Insert notifications, and notes of their receivers."""
    fresh: list[NewNotification] = []
    for reaction in reactions:
        for each in reaction.fan_outs:
            # The receivers of a commit are determined once: users who get the role later are not notified.
            if await store.note(transaction.connection, reaction.event, each):
                fresh += each.notifications
    await _insert(transaction, fresh)


async def plan_signals(state: State, app: AppRef, events: Sequence[SignalEvent]) -> Plan:
    """The notifications that workflow instances request, and those of rules about events and workflows."""
    definitions = await state.definitions.load(app)
    asked = [NotificationRequested.decode(event) for event in events]
    settings = state.core.settings
    mails = bool(settings.smtp_host) or _has_own_server(definitions)
    requests = [
        workflow_notifications(each, app.name, settings.public_url, mails, definitions) if each else []
        for each in asked
    ]
    matches = [await _matches(state, app, event, definitions) for event in events]
    both: list[list[NotificationRequest]] = [[*some, *more] for some, more in zip(requests, matches, strict=True)]
    rpc = state.core.rpc
    directory = await find_people(rpc, app, [request for some in both for request in some])
    widened = [await with_delegates(rpc, app, some, directory) for some in requests]
    both = [[*some, *more] for some, more in zip(widened, matches, strict=True)]
    planned = await fan_outs_of(state, app, both, directory)
    return Plan([some or None for some in planned], _due(each for some in planned for each in some))


async def _matches(state: State, app: AppRef, event: SignalEvent, definitions: NotificationDefinitions) -> list[Match]:
    """The rules about a business event or a workflow that hold, by today's definitions."""
    occasion = occasion_of(event)
    if occasion is None:
        return []
    rules = rules_of(occasion, list((await state.rules.load(app)).by_id.values()))
    if not rules:
        return []
    occasion = replace(occasion, record=await _record(state, app, occasion))
    instance_id = occasion.details.get("instance_id")
    links = links_of(state.core.settings.public_url, app.name, occasion.entity, occasion.record_id, instance_id)
    now = datetime.fromisoformat(event.at)
    people = {"initiator": occasion.initiator}
    return matches_of(rules, occasion, occasion.environment(app, links), definitions, people, now)


async def _record(state: State, app: AppRef, occasion: Occasion) -> dict[str, object] | None:
    """The record that an occasion is about, as it is now; None if it is gone."""
    if not occasion.entity or not occasion.record_id:
        return None
    context = Context(occasion.trace_id, app=app, identity=SYSTEM, cause="notify").within(TIMEOUT_S)
    known = (await state.core.schemas.get(app)).entities
    if occasion.entity not in known:
        return None
    [record] = (await state.core.rpc.request(FetchRecords([(occasion.entity, occasion.record_id)]), context)).records
    return record


def _has_own_server(definitions: NotificationDefinitions) -> bool:
    config = definitions.channels[EMAIL].definition.config
    return isinstance(config, EmailConfig) and bool(config.host)


async def apply_signals(state: State, transaction: Transaction, reactions: Sequence[Sequence[FanOut]]) -> None:
    """Insert the notifications of signals."""
    await _insert(transaction, [new for reaction in reactions for each in reaction for new in each.notifications])


def wake(state: State, app: AppRef, reactions: Sequence[CommitFanOuts]) -> None:
    """Wake the sender, ahead of the timer."""
    if any(_leaves(each) for reaction in reactions for each in reaction.fan_outs):
        state.due.wake(app)


def wake_signals(state: State, app: AppRef, reactions: Sequence[Sequence[FanOut]]) -> None:
    """Wake the sender, ahead of the timer."""
    state.due.wake(app)


async def _insert(transaction: Transaction, notifications: Sequence[NewNotification]) -> None:
    now = clock.now()
    keys = {key for new in notifications if (key := burst_key(new))}
    open_since = await store.open_bursts(transaction.connection, sorted(keys), now) if keys else {}
    for new in gathered(notifications, open_since, now):
        await store.insert(transaction.connection, new, now)


def _leaves(fan_out: FanOut) -> bool:
    """Whether any of its notifications leaves Rocket."""
    return any(new.channel_type != IN_APP for new in fan_out.notifications)


def _due(fan_outs: Iterable[FanOut]) -> datetime | None:
    return clock.now() + timedelta(seconds=SAFETY_S) if any(map(_leaves, fan_outs)) else None
