"""Sends one HTTP request and returns its outcome."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import aiohttp

from libs.shared import clock
from libs.shared.address_guard import socket_factory
from libs.shared.schema.webhook_secrets import signature_headers
from services.webhook.header_templates import Headers, conceal, fill, visible
from services.webhook.retry_policy import retry_after
from services.webhook.settings import WebhookSettings

MAX_RESPONSE_BYTES = 64 * 1024
"""Bytes of a response that are read and stored."""
MAX_ERROR_CHARACTERS = 2_000
DEFAULTS = {"User-Agent": "Rocket-Webhook", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request: `headers` with their templates, `keys` to sign with, `timeout` in seconds."""

    method: str
    url: str
    headers: Headers
    body: str
    message_id: str
    keys: Sequence[bytes]
    timeout: float


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """An attempt's outcome: `error` None is success; `status` None means that there was no response.

    `not_before` are the seconds of the endpoint's Retry-After.
    """

    status: int | None
    body: str | None
    error: str | None
    not_before: float | None = None
    started: datetime | None = None
    duration_ms: int | None = None


def accepted(outcome: AttemptOutcome, statuses: Sequence[int] | None) -> AttemptOutcome:
    """The outcome where these statuses are successes, too."""
    return replace(outcome, error=None) if statuses and outcome.status in statuses else outcome


def open_session(settings: WebhookSettings, **connecting: Any) -> aiohttp.ClientSession:
    """The session of all deliveries: guarded, without cookies, proxies or decompression.

    `connecting` are further arguments of aiohttp's connector (such as a resolver); the guard runs after it.
    """
    guard = socket_factory(settings.allow_loopback, settings.webhook_allow_private, "webhooks")
    return aiohttp.ClientSession(
        # The dispatcher limits concurrent requests; a limit here would make endpoints wait for each other.
        connector=aiohttp.TCPConnector(socket_factory=guard, limit=0, **connecting),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers=DEFAULTS,
    )


class Sender:
    """Sends requests over one session."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: WebhookSettings, environment: Mapping[str, str]
    ) -> None:
        self._session = session
        self._longest_wait = settings.webhook_retry_after_max
        self._variables = visible(environment, settings.env == "production", settings.webhook_env_allowed)

    async def send(self, request: WebhookRequest) -> AttemptOutcome:
        """Send once. Raises nothing: the outcome contains every error."""
        started, began = clock.now(), time.perf_counter()
        status, body, error, header = await self._attempt(request, started)
        return AttemptOutcome(
            status,
            conceal(body, request.headers, self._variables) if body else body,
            conceal(error, request.headers, self._variables)[:MAX_ERROR_CHARACTERS] if error else error,
            retry_after(header, clock.now(), self._longest_wait) if error else None,
            started,
            round((time.perf_counter() - began) * 1000),
        )

    async def _attempt(
        self, request: WebhookRequest, now: datetime
    ) -> tuple[int | None, str | None, str | None, str | None]:
        """Status, body, error and Retry-After."""
        body = request.body.encode()
        headers = fill(request.headers, self._variables)
        # Added last, so that no definition can override them.
        headers = _without(headers, SIGNED) | signature_headers(request.keys, request.message_id, body, now)
        try:
            async with self._session.request(
                request.method,
                request.url,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=request.timeout),
            ) as response:
                text = await _read(response.content)
                return response.status, text, _problem(response.status), response.headers.get("Retry-After")
        except TimeoutError:
            return None, None, f"no answer within {request.timeout:g} s", None
        except aiohttp.ClientConnectorError as error:
            return None, None, f"no connection: {error.os_error}", None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return None, None, f"{type(error).__name__}: {error}", None


SIGNED = frozenset({"webhook-id", "webhook-timestamp", "webhook-signature"})


def _without(headers: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}


async def _read(stream: aiohttp.StreamReader) -> str:
    """The beginning of the response as text that PostgreSQL can store."""
    body = bytearray()
    while len(body) < MAX_RESPONSE_BYTES and (chunk := await stream.read(MAX_RESPONSE_BYTES - len(body))):
        body += chunk
    return body.decode("utf-8", "replace").replace("\0", "")


def _problem(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"the endpoint answered {status}; redirects are not followed"
    return f"the endpoint answered {status}"
