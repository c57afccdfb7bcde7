"""One HTTP request and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from services.webhook.address_guard import socket_factory
from services.webhook.header_templates import fill, visible
from services.webhook.settings import WebhookSettings
from services.webhook.store import Claimed

MAX_RESPONSE = 64 * 1024
"""Bytes of an answer that are read and kept."""
MAX_ERROR = 2_000
DEFAULTS = {"User-Agent": "Rocket-Webhook", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt's outcome: `error` None is success; `status` None means that no answer came."""

    status: int | None
    body: str | None
    error: str | None


def open_session(settings: WebhookSettings) -> aiohttp.ClientSession:
    """The session of all deliveries: guarded, without cookies, proxies or decompression."""
    guard = socket_factory(settings.allow_loopback, settings.webhook_allow_private)
    return aiohttp.ClientSession(
        # The dispatcher bounds what is under way; a bound here would let endpoints wait for each other.
        connector=aiohttp.TCPConnector(socket_factory=guard, limit=0),
        timeout=aiohttp.ClientTimeout(total=settings.webhook_timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers=DEFAULTS,
    )


class Sender:
    """Sends deliveries over one session."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: WebhookSettings, environment: Mapping[str, str]
    ) -> None:
        self._session = session
        self._timeout = settings.webhook_timeout
        self._variables = visible(environment, settings.env == "production", settings.webhook_env_allowed)

    async def send(self, delivery: Claimed) -> Outcome:
        """Send once; whatever goes wrong is in the outcome."""
        try:
            async with self._session.request(
                delivery.method,
                delivery.url,
                data=delivery.body.encode(),
                headers=fill(delivery.headers, self._variables),
                allow_redirects=False,
            ) as response:
                body = await _read(response.content)
                return Outcome(response.status, body, _problem(response.status))
        except TimeoutError:
            return Outcome(None, None, f"no answer within {self._timeout:g} s")
        except aiohttp.ClientConnectorError as error:
            return Outcome(None, None, f"no connection: {error.os_error}"[:MAX_ERROR])
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(None, None, f"{type(error).__name__}: {error}"[:MAX_ERROR])


async def _read(stream: aiohttp.StreamReader) -> str:
    """The answer's beginning as text that Postgres can hold."""
    body = bytearray()
    while len(body) < MAX_RESPONSE and (chunk := await stream.read(MAX_RESPONSE - len(body))):
        body += chunk
    return body.decode("utf-8", "replace").replace("\0", "")


def _problem(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"the endpoint answered {status}; redirects are not followed"
    return f"the endpoint answered {status}"
