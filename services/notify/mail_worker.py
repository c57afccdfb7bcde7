"""Sends due mails, a few at a time to spare the mail server.

A mail is claimed for longer than sending it may take. If its replica dies meanwhile, the claim lapses and the mail is
sent again, with the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from libs.shared import clock
from libs.shared.bus.timers.due import Due
from libs.shared.contracts.context import NO_SPAN, SYSTEM, AppRef, Context
from libs.shared.postgres.databases import Databases
from libs.shared.telemetry import tracing
from libs.shared.telemetry.metrics import metrics
from services.notify import store
from services.notify.mail import send
from services.notify.matching import match_span_id
from services.notify.retry_policy import judge
from services.notify.settings import NotifySettings

SAFETY_S = 10.0
"""Seconds until the timer finds a mail whose wake-up was lost in a crash; longer than its transaction takes."""
MARGIN_S = 5.0
"""Seconds a claim outlasts the longest sending, for recording the outcome."""
MAX_APPS = 4
"""Apps whose mails are sent at once, per replica."""
MAX_MAILS = 4
"""Mails of one app sent at once."""
TURN_S = 2.0
"""Seconds for which the worker sends mails of one app before it continues with others."""


class MailWorker:
    """The due mails of all apps: the rows of a claim loop."""

    def __init__(self, settings: NotifySettings, databases: Databases, due: Due) -> None:
        self._settings = settings
        self._databases = databases
        self._due = due
        self._claim = timedelta(seconds=settings.smtp_timeout + MARGIN_S)

    async def claim(self, app: AppRef) -> Sequence[store.ClaimedMail]:
        """Mails that are due."""
        now = clock.now()
        return await store.claim(self._databases.of(app), now, now + self._claim, MAX_MAILS)

    async def work(self, app: AppRef, row: store.ClaimedMail) -> None:
        """Send a mail and record the outcome."""
        matched = NO_SPAN
        if row.position is not None and row.n is not None:
            matched = match_span_id(row.trace_id, row.position, row.n)
        with tracing.remote(Context(row.trace_id, matched, app=app, identity=SYSTEM)):
            with tracing.span("notify", "courier", "notify.send", entity=row.entity) as span:
                span.record_id = row.record_id
                outcome = await send(row, self._settings)
                span.status = "ok" if outcome.sent else "error"
                span.metadata = {"notification_id": row.id, "attempt": row.attempt + 1}
            first = self._settings.notify_retry_seconds
            verdict = judge(outcome, row.attempt + 1, first, clock.now())
            if verdict.next_retry_at:
                await self._due.arm(app.id, verdict.next_retry_at)
            await store.finish(self._databases.of(app), row, verdict, outcome.error, clock.now())
            metrics.count("rocket_mails_total", outcome=verdict.status)

    async def next_due(self, app: AppRef) -> datetime | None:
        """When a mail is due next."""
        return await store.next_ready(self._databases.of(app))
