"""All HTTP requests to providers: guarded addresses, no redirects, bounded in time and size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from libs.shared.address_guard import AddressRefused, socket_factory

TIMEOUT_S = 5.0
"""Seconds for one request to a provider: a login has ten in all."""
MAX_ANSWER_BYTES = 1024 * 1024
MAX_AT_ONCE = 50
"""Requests to one provider at once; further ones wait, within their time."""
DEFAULTS = {"User-Agent": "Rocket", "Accept": "application/json"}


class ProviderAway(Exception):
    """The provider gave no usable answer. The text names no secret."""


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """Status, and the JSON object of the body (empty if it is none)."""

    status: int
    body: Mapping[str, Any]


class Outbound:
    """Requests to providers. `loopback`, `private`: whether those networks may be called."""

    def __init__(self, loopback: bool, private: bool) -> None:
        self.loopback, self.private = loopback, private
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> ProviderAnswer:
        """The answer to a GET. Raises ProviderAway."""
        return await self._send("GET", url, None, headers or {})

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> ProviderAnswer:
        """The answer to a form. Raises ProviderAway."""
        return await self._send("POST", url, form, headers)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _send(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> ProviderAnswer:
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._opened().request(method, url, data=form, headers=headers, allow_redirects=False) as response,
            ):
                return ProviderAnswer(response.status, _object(await _read(response.content)))
        except TimeoutError:
            raise ProviderAway(f"no answer within {TIMEOUT_S:g} s") from None
        except aiohttp.ClientConnectorError as error:
            raise ProviderAway(_no_connection(error)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ProviderAway(f"no valid answer ({type(error).__name__})") from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            guard = socket_factory(self.loopback, self.private, "logins")
            connector = aiohttp.TCPConnector(socket_factory=guard, limit=0, limit_per_host=MAX_AT_ONCE)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=DEFAULTS
            )
        return self._session


def _no_connection(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error.os_error, AddressRefused):
        return str(error.os_error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return "its TLS certificate is not accepted"
    return "no connection"


async def _read(stream: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in stream.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ValueError("too large")
    return bytes(body)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
