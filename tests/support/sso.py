"""What tests of single sign-on share: browsers without a screen, and logins that end with a code."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from yarl import URL

from tests.support.client import Client, Reply
from tests.support.oidc_provider import walk


@contextlib.asynccontextmanager
async def browsing() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser of its own: cookies and redirects."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def followed(browser: aiohttp.ClientSession, url: str, form: dict[str, str] | None = None) -> str:
    """Where one request is redirected to."""
    method = "GET" if form is None else "POST"
    # As it is: a signature may be about how the parameters were written.
    async with browser.request(method, URL(url, encoded=True), data=form, allow_redirects=False) as answer:
        text = await answer.text()
        assert answer.status == 302, f"{answer.status}: {text}"
        return answer.headers["Location"]


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


async def callback_of(browser: aiohttp.ClientSession, admin: Client, provider: str, login: str, more: str = "") -> str:
    """The URL at which the provider hands a login over to us."""
    start = f"{admin.url}{admin.prefix}/auth/oidc/{provider}/start?redirect_to=/admin/login{more}"
    return await walk(browser, await followed(browser, start), login, f"/{provider}/callback?")


async def outcome(browser: aiohttp.ClientSession, admin: Client, provider: str, login: str) -> dict[str, str]:
    """The parameters that a whole login ends with: `code`, or `error`."""
    return query_of(await followed(browser, await callback_of(browser, admin, provider, login)))


async def exchanged(admin: Client, code: str, **more: Any) -> Reply:
    """The answer to a code."""
    return await admin.with_token("").post("/auth/sso/exchange", {"code": code, **more})


async def entered_at(admin: Client, provider: str, login: str) -> tuple[Client, dict[str, Any]]:
    """Somebody who has logged in at a provider, and their tokens."""
    async with browsing() as browser:
        ended = await outcome(browser, admin, provider, login)
    assert "code" in ended, ended
    data = (await exchanged(admin, ended["code"])).expect(200).data
    return admin.with_token(data["access_token"]), data
