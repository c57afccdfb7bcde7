"""The client of the REST API: one session, one token."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp

TIMEOUT_S = 60.0
"""Seconds to wait for a response."""


class Refused(Exception):
    """A response with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Api:
    """One gateway, as the platform's administrator or with a token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._token = token

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, url: str, token: str, email: str, password: str) -> AsyncIterator[Api]:
        """The API, open within the block. The first request that needs a token logs in; Refused if that fails."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
            api = cls(session, url, token)
            if not token:
                form = {"email": email, "password": password}
                api._token = (await api.call("POST", "/api/_platform/auth/login", form))["data"]["access_token"]
            yield api

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of the response. Raises Refused."""
        status, document = await self.request(method, path, body)
        if status >= 400:
            error = document.get("error", {}) if isinstance(document, dict) else {}
            raise Refused(status, error.get("code", str(status)), error.get("message", "no answer of Rocket's"))
        return document

    async def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of any response; None if it is not JSON."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._session.request(method, self._url + path, json=body, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else None


def of_app(app: str, path: str) -> str:
    """A path below the app's."""
    return f"/api/{quote(app, safe='')}{path}"
