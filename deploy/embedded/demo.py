"""The demo app: a small CRM, created by one import through the REST API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp

DOCUMENT = Path(__file__).with_name("demo.json")
PLATFORM_USER = {"email": "platform@localhost", "password": "changeme"}

WELCOME = """
Rocket is ready: {url}

  platform   platform@localhost / changeme   (all apps: {url}/api/_platform)
  demo app   admin@localhost / changeme      ({url}/api/demo)

Try:

  TOKEN=$(curl -s {url}/api/demo/auth/login -H 'Content-Type: application/json' \
-d '{{"email": "admin@localhost", "password": "changeme"}}' \
| python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["access_token"])')

  curl -sg '{url}/api/demo/deal?filter[stage]=offer&sort=-amount&include=company' \
-H "Authorization: Bearer $TOKEN"

  curl -s {url}/api/demo/company -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
-d '{{"name": "A company of mine", "city": "Vienna"}}'

Ctrl-C stops it.
"""


class DemoFailed(Exception):
    """The API refused a part of the demo app; the message says which one and why."""


def welcome(url: str) -> str:
    """The greeting once everything is up: address, credentials, three requests to paste."""
    return WELCOME.format(url=url)


def load(url: str) -> dict[str, Any]:
    """The document of the demo app: the app, what is imported, and the requests that are sent afterwards."""
    return dict(json.loads(DOCUMENT.read_text(encoding="utf-8").replace("%URL%", url)))


async def install(url: str) -> None:
    """Create the demo app if it is missing, and complete one that was interrupted before its import.

    Raises DemoFailed.
    """
    document = load(url)
    app, afterwards = document.pop("app"), document.pop("afterwards")
    admin = f"/api/{app['name']}/_admin"
    try:
        async with aiohttp.ClientSession(base_url=url) as client:
            token = (await _post(client, "/api/_platform/auth/login", PLATFORM_USER))["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            await _post(client, "/api/_platform/apps", app, taken_is_fine=True)
            # An import is complete or absent, so what somebody removed since does not come back.
            if not await _rows(client, f"{admin}/entities"):
                await _post(client, f"{admin}/import", document)
                for step in afterwards:
                    await _take(client, f"/api/{app['name']}", step)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise DemoFailed(f"no answer: {error!r}") from error


async def _rows(client: aiohttp.ClientSession, path: str) -> list[dict[str, Any]]:
    async with client.get(path) as response:
        return list(await _data_of(response))


async def _post(
    client: aiohttp.ClientSession, path: str, body: dict[str, Any], *, taken_is_fine: bool = False
) -> dict[str, Any]:
    """POST and return the response's data; empty if it existed already."""
    async with client.post(path, json=body) as response:
        if response.status == 409 and taken_is_fine:
            return {}
        return dict(await _data_of(response))


async def _take(client: aiohttp.ClientSession, prefix: str, step: dict[str, Any]) -> None:
    """One request that brings the app to life: people, a file, changes that workflows and webhooks react to."""
    path = prefix + step["path"]
    if file := step.get("file"):
        form = aiohttp.FormData()
        form.add_field("file", file["text"], filename=file["name"], content_type="text/csv")
        sent = client.post(path, data=form)
    else:
        sent = client.request(step.get("method", "POST"), path, json=step["body"])
    async with sent as response:
        await _data_of(response)


async def _data_of(response: aiohttp.ClientResponse) -> Any:
    text = await response.text()
    if response.status >= 400:
        raise DemoFailed(f"{response.method} {response.url.path}: {response.status} {text[:500]}")
    return json.loads(text)["data"]
