"""What a channel sends, and what every type of channel offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from libs.shared.contracts.context import AppRef
from services.notify.definitions import Channel
from services.notify.retry_policy import SendOutcome


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notification as it leaves Rocket. `html` is a part of a page; `unsubscribe` an address, "" for none."""

    id: str
    recipient: str
    subject: str
    text: str
    created_at: datetime
    html: str = ""
    user_id: str | None = None
    entity: str | None = None
    record_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    unsubscribe: str = ""
    preferences: str = ""
    """The screen of preferences, for the foot of a mail."""


class ChannelType(Protocol):
    """A type of channel."""

    async def send(self, app: AppRef, channel: Channel, outgoing: Outgoing) -> SendOutcome:
        """Send once, within the time limit. Raises nothing: the outcome contains every error."""
        ...
