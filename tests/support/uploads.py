"""Uploads and downloads of files."""

from __future__ import annotations

from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

from tests.support.client import Client, Reply


def form(data: Any, name: str = "a.bin", kind: str | None = "application/octet-stream") -> aiohttp.FormData:
    fields = aiohttp.FormData()
    fields.add_field("file", data, filename=name, content_type=kind)
    return fields


async def upload(
    client: Client, data: Any, name: str = "a.bin", kind: str | None = "application/octet-stream"
) -> Reply:
    return await client.request("POST", "/_files/upload", raw=form(data, name, kind))


async def fetch(
    client: Client, file_id: str, method: str = "GET", **headers: str
) -> tuple[int, bytes, CIMultiDictProxy[str]]:
    """Status, bytes and headers of a download."""
    sent = {"Authorization": f"Bearer {client.token}", **{name.replace("_", "-"): v for name, v in headers.items()}}
    url = f"{client.url}{client.prefix}/_files/{file_id}"
    async with client.session.request(method, url, headers=sent) as response:
        return response.status, await response.read(), response.headers
