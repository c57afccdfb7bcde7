"""The mails of other services. The other endpoints: inbox, log, defining."""

from __future__ import annotations

from datetime import timedelta

from libs.shared import clock
from libs.shared.contracts.context import Context
from libs.shared.contracts.notifications import MailQueued, SendMail
from libs.shared.emails import is_address
from libs.shared.errors import invalid_field
from libs.shared.schema.notification_channels import EMAIL
from services.notify import store
from services.notify.matching import NewNotification
from services.notify.sender import SAFETY_S
from services.notify.state import State
from services.notify.templates import MAX_BODY_CHARACTERS, one_line

MAX_RECIPIENTS = 100


async def send_mail(state: State, context: Context, request: SendMail) -> MailQueued:
    """Queue a mail of another service through the channel `email` of the app, once per effect key."""
    _check(request)
    app, now = context.the_app, clock.now()
    channel = (await state.definitions.load(app)).channels[EMAIL]
    new = NewNotification(
        channel=EMAIL,
        recipient=", ".join(dict.fromkeys(request.to)),
        subject=one_line(request.subject),
        body=request.text.replace("\0", "")[:MAX_BODY_CHARACTERS],
        effect_key=f"mail/{request.effect_key}",
        trace_id=context.trace_id,
        metadata={"cause": context.cause},
        confidential=request.confidential,
        channel_id=channel.id,
        mandatory=True,
    )
    async with state.transactions.begin(app, due_at=now + timedelta(seconds=SAFETY_S)) as transaction:
        queued = await store.insert(transaction.connection, new, now)
        first = queued or await store.find_by_effect(transaction.connection, new.effect_key)
    state.due.wake(app)
    return MailQueued(first, repeated=queued is None)


def _check(request: SendMail) -> None:
    if not 1 <= len(request.to) <= MAX_RECIPIENTS or not all(map(is_address, request.to)):
        raise invalid_field("to", f"to must be 1 to {MAX_RECIPIENTS} mail addresses")
    if not request.effect_key:
        raise invalid_field("effect_key", "effect_key must not be empty")
