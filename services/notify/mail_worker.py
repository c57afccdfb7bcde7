"""Sends the mails that are due: a few at a time, so the mail server is not flooded.

A mail is claimed for longer than sending may take. If we die in between, the claim lapses and the mail
is sent again, under the same Message-ID.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial

import structlog

from libs.shared import clock
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.context import SYSTEM, AppRef, Context
from libs.shared.postgres.databases import Databases, on_commit
from libs.shared.telemetry import tracing
from services.notify import store
from services.notify.mail import send
from services.notify.retry_policy import judge
from services.notify.settings import NotifySettings

log = structlog.get_logger()

SAFETY_S = 10.0
"""Seconds until the timer finds work whose nudge was lost in a crash; longer than its transaction takes."""
MARGIN_S = 5.0
"""Seconds a claim outlasts the longest sending, for recording the outcome."""
AGAIN = timedelta(seconds=1)
"""When the timer looks again at an app whose mails are being sent."""
MAX_APPS = 4
"""Apps whose mails are sent at once, per replica."""
MAX_MAILS = 4
"""Mails of one app sent at once."""


class MailWorker:
    """The sending of one replica."""

    def __init__(self, settings: NotifySettings, databases: Databases, due: Due) -> None:
        self._settings = settings
        self._databases = databases
        self._due = due
        self._claim = timedelta(seconds=settings.smtp_timeout + MARGIN_S)
        self._places = asyncio.Semaphore(MAX_APPS)
        self._awake: dict[str, bool] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def wake(self, app: AppRef) -> None:
        """Send the app's mails now. Nudges during the sending become one more round."""
        if on_commit(partial(self.wake, app)):
            return
        if app.id in self._awake:
            self._awake[app.id] = True
            return
        self._awake[app.id] = False
        task = asyncio.create_task(self._send_all(app))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def look(self, app: AppRef) -> datetime | None:
        """Begin with what is ready; answers when to look again (None: nothing is waiting)."""
        ready_at, now = await store.next_ready(self._databases.of(app)), clock.now()
        if ready_at is None or ready_at > now:
            return ready_at
        self.wake(app)
        return now + AGAIN

    async def close(self) -> None:
        """Begin no more; give the mails under way time to end. What is cut off will be sent again."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._settings.drain_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send_all(self, app: AppRef) -> None:
        try:
            again = True
            while again and not self._closing:
                self._awake[app.id] = False
                # One place per round, so that an app with many mails lets the others in.
                async with self._places:
                    sent = await self._send_some(app)
                again = sent or self._awake[app.id]
        except Exception as error:  # the claims lapse, the timer looks again
            log.warning("courier.interrupted", app_id=app.id, error=str(error))
        finally:
            del self._awake[app.id]

    async def _send_some(self, app: AppRef) -> bool:
        now = clock.now()
        mails = await store.claim(self._databases.of(app), now, now + self._claim, MAX_MAILS)
        outcomes = await asyncio.gather(*(self._send_one(app, mail) for mail in mails), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return bool(mails)

    async def _send_one(self, app: AppRef, mail: store.ClaimedMail) -> None:
        with tracing.remote(Context(trace_id=mail.trace_id, app=app, identity=SYSTEM)):
            with tracing.span("notify", "courier", "notify.send", entity=mail.entity) as span:
                span.record_id = mail.record_id
                outcome = await send(mail, self._settings)
                span.status = "ok" if outcome.sent else "error"
                span.metadata = {"notification_id": mail.id, "attempt": mail.attempt + 1}
            first = self._settings.notify_retry_seconds
            verdict = judge(outcome, mail.attempt + 1, first, clock.now())
            if verdict.next_retry_at:
                await self._due.arm(app.id, verdict.next_retry_at)
            await store.finish(self._databases.of(app), mail, verdict, outcome.error, clock.now())
