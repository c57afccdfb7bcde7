"""Starting import jobs and waiting for their end."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import urlencode

import aiohttp

from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply

ENDED = ("done", "failed", "cancelled")


async def send(client: Client, entity: str, body: bytes, kind: str = "text/csv", **options: Any) -> Reply:
    """Sends a file as the body, with the options as query parameters."""
    return await client.request("POST", f"/{entity}/_import?{urlencode(_texts(options))}", raw=body, Content_Type=kind)


async def send_form(client: Client, entity: str, body: bytes, name: str, kind: str | None, **options: Any) -> Reply:
    """Sends a file as multipart/form-data, options before and behind it."""
    form = aiohttp.FormData()
    given = list(_texts(options).items())
    for key, value in given[::2]:
        form.add_field(key, value)
    form.add_field("file", body, filename=name, content_type=kind)
    for key, value in given[1::2]:
        form.add_field(key, value)
    return await client.request("POST", f"/{entity}/_import", raw=form)


async def ended(client: Client, job: Any, seconds: float = 60) -> Any:
    """The job at its end."""

    async def look() -> Any:
        found = (await client.get(f"/{job['entity']}/_imports/{job['id']}")).expect(200).data
        return found if found["status"] in ENDED else None

    return await eventually(look, within=seconds)


async def imported(client: Client, entity: str, body: bytes, kind: str = "text/csv", **options: Any) -> Any:
    """The job of a file at its end."""
    return await ended(client, (await send(client, entity, body, kind, **options)).expect(202).data)


async def refusals(client: Client, job: Any) -> list[dict[str, str]]:
    """The refused rows, from the CSV file."""
    async with client.session.get(
        client.url + job["errors_url"], headers={"Authorization": f"Bearer {client.token}"}
    ) as response:
        assert response.status == 200 and response.content_type == "text/csv"
        text = (await response.read()).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def _texts(options: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in options.items()}
