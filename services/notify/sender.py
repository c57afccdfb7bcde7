"""Sends due notifications, a few at a time to spare the receivers.

One is claimed for longer than sending it may take. If its replica dies meanwhile, the claim lapses and it is sent
again, with the same Message-ID or webhook-id. Those that are held go out together, as one more notification.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from libs.shared import clock
from libs.shared.contracts.context import NO_SPAN, SYSTEM, AppRef, Context
from libs.shared.postgres.databases import Databases
from libs.shared.schema.notification_channels import EMAIL
from libs.shared.snapshots.versions import Versions
from libs.shared.telemetry import tracing
from libs.shared.telemetry.metrics import metrics
from services.notify import store
from services.notify.channels.outgoing import Outgoing
from services.notify.channels.types import ChannelTypes
from services.notify.definitions import NotificationDefinitions
from services.notify.digests import MAX_GATHERED, digest_of
from services.notify.matching import match_span_id
from services.notify.preferences import UNMUTABLE
from services.notify.retry_policy import SendOutcome, judge
from services.notify.settings import NotifySettings
from services.notify.state import State
from services.notify.unsubscribing import link_of, muting_of, token_of

SAFETY_S = 10.0
"""Seconds until the timer finds one whose wake-up was lost in a crash; longer than its transaction takes."""
MARGIN_S = 5.0
"""Seconds a claim outlasts the longest sending, for recording the outcome."""
MAX_APPS = 4
"""Apps whose notifications are sent at once, per replica."""
MAX_AT_ONCE = 4
"""Notifications of one app sent at once."""
TURN_S = 2.0
"""Seconds for which the sender works for one app before it continues with others."""


class NotificationSender:
    """The due notifications of all apps: the rows of a claim loop."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._settings: NotifySettings = state.core.settings
        self._databases: Databases = state.core.databases
        self._definitions: Versions[NotificationDefinitions] = state.definitions
        self._types: ChannelTypes = state.channel_types
        self._claim = timedelta(seconds=self._settings.smtp_timeout + MARGIN_S)

    async def claim(self, app: AppRef) -> Sequence[store.ClaimedNotification]:
        """Notifications that are due."""
        now = clock.now()
        return await store.claim(self._databases.of(app), now, now + self._claim, MAX_AT_ONCE)

    async def work(self, app: AppRef, row: store.ClaimedNotification) -> None:
        """Send a notification and record the outcome; those that are held with it become one."""
        if row.hold is not None and await self._gathered(app, row):
            return
        matched = NO_SPAN
        if row.position is not None and row.n is not None:
            matched = match_span_id(row.trace_id, row.position, row.n)
        with tracing.remote(Context(row.trace_id, matched, app=app, identity=SYSTEM)):
            with tracing.span("notify", "courier", "notify.send", entity=row.entity) as span:
                span.record_id = row.record_id
                outcome = await self._send(app, row)
                span.status = "ok" if outcome.sent else "error"
                span.metadata = {"notification_id": row.id, "attempt": row.attempt + 1}
            first = self._settings.notify_retry_seconds
            verdict = judge(outcome, row.attempt + 1, first, clock.now())
            if verdict.next_retry_at:
                await self._state.due.arm(app.id, verdict.next_retry_at)
            await store.finish(self._databases.of(app), row, verdict, outcome.error, clock.now())
            metrics.count("rocket_mails_total", outcome="retrying" if verdict.next_retry_at else verdict.status)

    async def next_due(self, app: AppRef) -> datetime | None:
        """When a notification is due next."""
        return await store.next_ready(self._databases.of(app))

    async def _send(self, app: AppRef, row: store.ClaimedNotification) -> SendOutcome:
        channels = (await self._definitions.load(app)).channels
        channel = channels.get(row.channel_id or "") or channels.get(row.channel)
        if channel is None:
            return SendOutcome(False, f"there is no channel {row.channel}", permanent=True)
        if not channel.definition.active:
            return SendOutcome(False, f"the channel {channel.name} is not active", permanent=True)
        return await self._types[channel.type].send(app, channel, self._outgoing(app, row))

    def _outgoing(self, app: AppRef, row: store.ClaimedNotification) -> Outgoing:
        return Outgoing(
            row.id, row.recipient, row.subject, row.body, row.created_at, row.html, row.user_id, row.entity,
            row.record_id, row.metadata, self._unsubscribe(app, row), self._preferences(app, row),
        )  # fmt: skip

    def _unsubscribe(self, app: AppRef, row: store.ClaimedNotification) -> str:
        """Where what the mail is about can be muted; "" where it can't, or Rocket's own address is unknown."""
        public_url, muted = self._settings.public_url, muting_of(row.origin, row.entity, row.metadata)
        if not public_url or muted is None or row.user_id is None or row.type != EMAIL or _is_demanded(row):
            return ""
        return link_of(public_url, app.name, token_of(self._settings.secret_key, app.id, row.user_id, muted))

    def _preferences(self, app: AppRef, row: store.ClaimedNotification) -> str:
        if not self._settings.public_url or row.user_id is None or row.type != EMAIL:
            return ""
        return f"{self._settings.public_url.rstrip('/')}/admin/{app.name}/inbox/preferences"

    async def _gathered(self, app: AppRef, row: store.ClaimedNotification) -> bool:
        """Turn all that are held with a notification into one; False if it is alone, and to be sent."""
        now = clock.now()
        async with self._state.transactions.begin(app, due_at=now + timedelta(seconds=SAFETY_S)) as transaction:
            parts = await store.held(transaction.connection, row.hold or "", now, MAX_GATHERED)
            if [each.id for each in parts] == [row.id]:
                await store.release(transaction.connection, row.id)
                return False
            if parts:
                whole = digest_of(row, parts, app.name)
                new_id = await store.insert(transaction.connection, whole, now)
                await store.mark_digested(transaction.connection, [each.id for each in parts], new_id or "")
        return True


def _is_demanded(row: store.ClaimedNotification) -> bool:
    """Whether a mail asks for a decision: such mails can't be muted."""
    workflow = row.metadata.get("workflow")
    return isinstance(workflow, dict) and workflow.get("occasion") in UNMUTABLE
