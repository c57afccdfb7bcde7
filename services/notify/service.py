"""The notify service: its endpoints, consumers and workers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.outbox.transactions import Transactions
from libs.shared.bus.timers.claim_loop import ClaimLoop
from libs.shared.bus.timers.due import Due
from libs.shared.contracts import notifications as contracts
from libs.shared.contracts.causality import FindNotifications
from libs.shared.contracts.effect_previews import PreviewEffects
from libs.shared.contracts.figures import CountFigures
from libs.shared.contracts.operations import of
from libs.shared.contracts.streams import COMMITS, SIGNALS
from libs.shared.replays import Projection
from libs.shared.replays.derived import verifying
from libs.shared.runtime import Core, Service
from libs.shared.snapshots.subscriptions import Subscriptions
from services.notify import consumers, defining, handlers, inbox, log
from services.notify.causality import find_notifications
from services.notify.channels.types import types_of
from services.notify.channels.webhook import open_session
from services.notify.definitions import versions_of
from services.notify.effect_previews import preview_effects
from services.notify.matching import RULES
from services.notify.replays.deriving import Notifications
from services.notify.sender import MAX_APPS, TURN_S, NotificationSender
from services.notify.settings import NotifySettings
from services.notify.state import State


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The state of the service: definitions of all apps, types of channels, and timers."""
    due = Due(core.databases, core.apps, core.name, MAX_APPS)
    rules = Subscriptions(core.schemas, core.rpc, RULES)
    definitions = versions_of(core.schemas, core.rpc)
    async with open_session(core.settings) as session:
        types = types_of(core.settings, session)
        yield State(core, rules, definitions, types, Transactions(core.databases, due), due)


async def send_notifications(state: State) -> None:
    """Send notifications when they are due."""
    drain_s = state.core.settings.drain_seconds
    await ClaimLoop(state.due, NotificationSender(state), turn_s=TURN_S).run(drain_s)


SERVICE = Service(
    name="notify",
    open=open_state,
    settings=NotifySettings,
    endpoints={
        FindNotifications: find_notifications,
        contracts.SendMail: handlers.send_mail,
        contracts.ListInbox: inbox.list_inbox,
        contracts.ListNewInboxRows: inbox.list_new_rows,
        contracts.ReadNotification: inbox.read_notification,
        contracts.UnreadNotification: inbox.unread_notification,
        contracts.ArchiveNotification: inbox.archive_notification,
        contracts.CountUnread: inbox.count_unread,
        contracts.ReadAllNotifications: inbox.read_all_notifications,
        contracts.GetPreferences: inbox.get_preferences,
        contracts.ReplacePreferences: inbox.replace_preferences,
        contracts.Unsubscribe: inbox.unsubscribe,
        contracts.ListNotifications: log.list_notifications,
        contracts.GetNotification: log.get_notification,
        contracts.RetryNotification: log.retry_notification,
        contracts.RetryNotifications: log.retry_notifications,
        contracts.TestChannel: defining.test_channel,
        contracts.PreviewTemplate: defining.preview_template,
        contracts.PreviewDraft: defining.preview_draft,
        of("notify", CountFigures): log.count_figures,
        of("notify", PreviewEffects): preview_effects,
    },
    consumers=(
        Consumer(
            name="notify",
            stream=COMMITS,
            plan=consumers.plan,
            apply=consumers.apply,
            wake=consumers.wake,
            topics=lambda state: state.rules,
            effects=True,
        ),
        Consumer(
            name="notify_signals",
            stream=SIGNALS,
            plan=consumers.plan_signals,
            apply=consumers.apply_signals,
            wake=consumers.wake_signals,
        ),
    ),
    transactions=lambda state: state.transactions,
    workers=(send_notifications,),
    projections=(Projection("notify", verifying(Notifications())),),
)
