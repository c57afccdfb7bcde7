"""The table of contents of the notify service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from libs.shared.bus.consumers.consumer import Consumer
from libs.shared.bus.timers.due import Due
from libs.shared.contracts import notifications as contracts
from libs.shared.contracts.streams import COMMITS
from libs.shared.replays import Projection
from libs.shared.replays.derived import verifying
from libs.shared.runtime import Core, Service
from services.notify import consumers, handlers
from services.notify.books import Books
from services.notify.mail_worker import MailWorker
from services.notify.plans import Plans
from services.notify.replays.deriving import Notifications
from services.notify.settings import NotifySettings
from services.notify.state import State


@contextlib.asynccontextmanager
async def open_state(core: Core) -> AsyncIterator[State]:
    """Rules by app, timers, and the courier."""
    due = Due(core.databases, core.apps, "notify")
    mail_worker = MailWorker(core.settings, core.databases, due)
    try:
        yield State(core, Books(core.schemas, core.rpc), Plans(), due, mail_worker)
    finally:
        await mail_worker.close()


async def send_mails(state: State) -> None:
    """Send mails when their time has come."""
    await state.due.run(state.mail_worker.look)


SERVICE = Service(
    name="notify",
    open=open_state,
    settings=NotifySettings,
    endpoints={
        contracts.SendMail: handlers.send_mail,
        contracts.ListInbox: handlers.list_inbox,
        contracts.ReadNotification: handlers.read_notification,
        contracts.ReadAllNotifications: handlers.read_all_notifications,
        contracts.ListNotifications: handlers.list_notifications,
        contracts.RetryNotification: handlers.retry_notification,
    },
    consumers=(
        Consumer(
            name="notify",
            stream=COMMITS,
            handle=consumers.note_notifications,
            before=consumers.plan,
            interest=consumers.interest,
            concerns=consumers.concerns,
            after=consumers.hurry,
            effects=True,
        ),
    ),
    workers=(send_mails,),
    projections=(Projection("notify", verifying(Notifications())),),
)
