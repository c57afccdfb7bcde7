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
from services.notify import consumers, handlers
from services.notify.causality import find_notifications
from services.notify.effect_previews import preview_effects
from services.notify.mail_worker import MAX_APPS, TURN_S, MailWorker
from services.notify.matching import RULES
from services.notify.replays.deriving import Notifications
from services.notify.settings import NotifySettings
from services.notify.state import State


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """The state of the service: rules of all apps, and timers."""
    due = Due(core.databases, core.apps, core.name, MAX_APPS)
    yield State(core, Subscriptions(core.schemas, core.rpc, RULES), Transactions(core.databases, due), due)


async def send_mails(state: State) -> None:
    """Send mails when they are due."""
    settings = state.core.settings
    worker = MailWorker(settings, state.core.databases, state.due)
    await ClaimLoop(state.due, worker, turn_s=TURN_S).run(settings.drain_seconds)


SERVICE = Service(
    name="notify",
    open=open_state,
    settings=NotifySettings,
    endpoints={
        FindNotifications: find_notifications,
        contracts.SendMail: handlers.send_mail,
        contracts.ListInbox: handlers.list_inbox,
        contracts.ReadNotification: handlers.read_notification,
        contracts.UnreadNotification: handlers.unread_notification,
        contracts.CountUnread: handlers.count_unread,
        contracts.ReadAllNotifications: handlers.read_all_notifications,
        contracts.ListNotifications: handlers.list_notifications,
        contracts.RetryNotification: handlers.retry_notification,
        of("notify", CountFigures): handlers.count_figures,
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
    workers=(send_mails,),
    projections=(Projection("notify", verifying(Notifications())),),
)
