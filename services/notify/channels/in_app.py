"""The inbox: a notification is there as soon as it is stored, so there is nothing to send."""

from __future__ import annotations

from libs.shared.contracts.context import AppRef
from services.notify.channels.outgoing import Outgoing
from services.notify.definitions import Channel
from services.notify.retry_policy import SendOutcome


class InAppChannel:
    """Has nothing to do: a notification that was retried shows itself in the inbox."""

    async def send(self, app: AppRef, channel: Channel, outgoing: Outgoing) -> SendOutcome:
        """Nothing; the stored notification is in the inbox."""
        return SendOutcome(True)
