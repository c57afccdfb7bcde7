"""The types of channels: one line each."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TypeAlias

import aiohttp

from libs.shared.contracts.context import AppRef
from libs.shared.encryption import Encryptor, Undecryptable
from libs.shared.schema.notification_channels import EMAIL, IN_APP, WEBHOOK
from services.notify.channels.email import EmailChannel
from services.notify.channels.in_app import InAppChannel
from services.notify.channels.outgoing import ChannelType
from services.notify.channels.webhook import WebhookChannel
from services.notify.settings import NotifySettings

ChannelTypes: TypeAlias = Mapping[str, ChannelType]


def types_of(settings: NotifySettings, session: aiohttp.ClientSession) -> ChannelTypes:
    """Every type of channel, by its name."""
    encryptor = Encryptor([settings.secret_key])

    def decrypt(app: AppRef, stored: str) -> str:
        """The secret of a definition. Raises Undecryptable."""
        if not stored:
            return ""
        try:
            return encryptor.decrypt(base64.b64decode(stored, validate=True), f"definitions/{app.id}").decode()
        except ValueError:
            raise Undecryptable from None

    return {
        EMAIL: EmailChannel(settings, decrypt),
        WEBHOOK: WebhookChannel(settings, session, decrypt),
        IN_APP: InAppChannel(),
    }
