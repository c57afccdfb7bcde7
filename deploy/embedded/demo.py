"""The demo app: a small CRM, made through the REST API as any operator would make it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp

DOCUMENT = Path(__file__).with_name("demo.json")
PLATFORM_USER = {"email": "platform@localhost", "password": "changeme"}
# what tells one sample record from another; the value of a link is "@entity:<that value>"
NATURAL_KEYS = {"company": "name", "contact": "email", "deal": "title", "activity": "subject"}
# Posted last, so that the sample records start none: where it is, the demo is complete.
LAST_KIND = "workflows"

WELCOME = """
Rocket is ready: {url}

  platform   platform@localhost / changeme   (all apps: {url}/api/_platform)
  demo app   admin@localhost / changeme      ({url}/api/demo)

Try:

  TOKEN=$(curl -s {url}/api/demo/auth/login -H 'Content-Type: application/json' \
-d '{{"email": "admin@localhost", "password": "changeme"}}' \
| python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["access_token"])')

  curl -sg '{url}/api/demo/deal?filter[stage]=offer&sort=-amount' \
-H "Authorization: Bearer $TOKEN"

  curl -s {url}/api/demo/company -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
-d '{{"name": "A company of mine", "city": "Vienna"}}'

Ctrl-C stops it.
"""


class DemoFailed(Exception):
    """The API refused a part of the demo app; the message says which and why."""


def welcome(url: str) -> str:
    """What a newcomer sees once everything is up: address, credentials, three requests to paste."""
    return WELCOME.format(url=url)


async def install(url: str) -> None:
    """Makes the demo app unless it is complete; one that was interrupted is completed.

    Raises DemoFailed.
    """
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    try:
        async with aiohttp.ClientSession(base_url=url) as client:
            token = (await _post(client, "/api/_platform/auth/login", PLATFORM_USER))["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            await _Installer(client, document).run()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise DemoFailed(f"no answer: {error!r}") from error


class _Installer:
    def __init__(self, client: aiohttp.ClientSession, document: dict[str, Any]) -> None:
        self._client = client
        self._document = document
        self._api = f"/api/{document['app']['name']}"
        self._ids: dict[str, str] = {}  # "@entity:key" -> id

    async def run(self) -> None:
        await _post(self._client, "/api/_platform/apps", self._document["app"], taken_is_fine=True)
        if await self._rows(f"_admin/{LAST_KIND}"):
            return
        await self._define("entities")
        await self._add_records()
        await self._define("permissions", unless_there=True)
        await self._define("notification-rules")
        await self._define(LAST_KIND)

    async def _define(self, kind: str, *, unless_there: bool = False) -> None:
        """`unless_there` is for kinds without names, where posting twice would make two."""
        if unless_there and await self._rows(f"_admin/{kind}"):
            return
        for definition in self._document[kind.replace("-", "_")]:
            await _post(self._client, f"{self._api}/_admin/{kind}", definition, taken_is_fine=True)

    async def _add_records(self) -> None:
        for entity, records in self._document["records"].items():
            for record in records:
                await self._add_record(entity, record)

    async def _add_record(self, entity: str, record: dict[str, Any]) -> None:
        linked = {field: self._ids.get(str(value), value) for field, value in record.items()}
        answer = await _post(self._client, f"{self._api}/{entity}", linked, taken_is_fine=True)
        key = NATURAL_KEYS[entity]
        found = [answer] if answer else await self._rows(entity, {f"filter[{key}]": record[key]})
        for row in found:  # none, if somebody has moved it to the trash
            self._ids[f"@{entity}:{record[key]}"] = row["id"]

    async def _rows(self, path: str, query: dict[str, str] | None = None) -> list[dict[str, Any]]:
        async with self._client.get(f"{self._api}/{path}", params=query) as response:
            return list(await _data_of(response))


async def _post(
    client: aiohttp.ClientSession, path: str, body: dict[str, Any], *, taken_is_fine: bool = False
) -> dict[str, Any]:
    """The answer's data; empty if the thing was there already and that is fine."""
    async with client.post(path, json=body) as response:
        if response.status == 409 and taken_is_fine:
            return {}
        return dict(await _data_of(response))


async def _data_of(response: aiohttp.ClientResponse) -> Any:
    text = await response.text()
    if response.status >= 400:
        raise DemoFailed(f"{response.method} {response.url.path}: {response.status} {text[:500]}")
    return json.loads(text)["data"]
