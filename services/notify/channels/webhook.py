"""Notifications by HTTP: a signed POST to the endpoint of the channel, which must not be an internal one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp

from libs.shared import clock, exact
from libs.shared.address_guard import socket_factory
from libs.shared.contracts.context import AppRef
from libs.shared.encryption import Undecryptable
from libs.shared.schema.notification_channels import WebhookConfig
from libs.shared.schema.webhook_secrets import read_secret, signature_headers, signing_key
from services.notify.channels.outgoing import Outgoing
from services.notify.definitions import Channel
from services.notify.retry_policy import SendOutcome
from services.notify.settings import NotifySettings

HEADERS = {"User-Agent": "Rocket-Notify", "Accept": "*/*", "Accept-Encoding": "identity"}
TOO_MANY = 429
REQUEST_TIMEOUT = 408
MAX_ERROR_CHARACTERS = 2_000
UNREADABLE = SendOutcome(sent=False, error="a secret of the channel can't be read; set it again", permanent=True)

Decrypt = Callable[[AppRef, str], str]


def open_session(settings: NotifySettings) -> aiohttp.ClientSession:
    """The session of all channels: guarded, without cookies, proxies or redirects."""
    guard = socket_factory(settings.allow_loopback, settings.webhook_allow_private, "notifications")
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=guard),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers=HEADERS,
    )


def body_of(app: AppRef, channel: Channel, outgoing: Outgoing) -> bytes:
    """What endpoints get."""
    document: dict[str, Any] = {
        "id": outgoing.id,
        "app": app.name,
        "channel": channel.name,
        "recipient": {"user_id": outgoing.user_id, "address": outgoing.recipient},
        "subject": outgoing.subject,
        "text": outgoing.text,
        "html": outgoing.html or None,
        "entity": outgoing.entity,
        "record_id": outgoing.record_id,
        "metadata": outgoing.metadata,
        "created_at": clock.iso(outgoing.created_at),
    }
    return exact.dumps(document)


class WebhookChannel:
    """Sends notifications to endpoints."""

    def __init__(self, settings: NotifySettings, session: aiohttp.ClientSession, decrypt: Decrypt) -> None:
        self._settings = settings
        self._session = session
        self._decrypt = decrypt

    async def send(self, app: AppRef, channel: Channel, outgoing: Outgoing) -> SendOutcome:
        """Send a request; 2xx is success, other 4xx than 408 and 429 are final."""
        config = channel.definition.config
        assert isinstance(config, WebhookConfig)
        try:
            secret = self._decrypt(app, config.secret)
            headers = {name: self._decrypt(app, value) for name, value in config.headers.items()}
        except Undecryptable:
            return UNREADABLE
        key = read_secret(secret) if secret else signing_key(self._settings.secret_key, app.id, channel.id)
        body = body_of(app, channel, outgoing)
        signed = signature_headers([key], outgoing.id, body, clock.now())
        headers = {name: value for name, value in headers.items() if name.lower() not in signed}
        return await self._post(config.url, body, {"Content-Type": "application/json", **headers, **signed})

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> SendOutcome:
        limit = self._settings.smtp_timeout
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=limit)
            ) as response:
                return _outcome(response.status)
        except TimeoutError:
            return SendOutcome(False, f"no answer within {limit:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return SendOutcome(False, f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS])


def _outcome(status: int) -> SendOutcome:
    if 200 <= status < 300:
        return SendOutcome(True)
    permanent = 300 <= status < 500 and status not in (TOO_MANY, REQUEST_TIMEOUT)
    return SendOutcome(False, f"the endpoint answered {status}", permanent)
