"""The webhook service is killed during deliveries: each arrives under one id."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from aiohttp import web

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver

WRITES = 60
KILLED_AT = (10, 35)
"""How many requests have arrived when the service is killed."""


async def test_deliveries_interrupted_by_a_kill_keep_their_id(
    stack: Stack, admin: Client, receiver: HttpReceiver
) -> None:
    await admin.define(entity("ticket", text("title", unique=True)))
    await admin.define({"entity": "ticket", "url": receiver.url}, "webhooks")
    seen = asyncio.Condition()

    async def take_a_while(request: web.Request, payload: Any) -> web.StreamResponse:
        async with seen:
            seen.notify_all()
        await asyncio.sleep(0.05)
        return web.Response()

    receiver.answer = take_a_while
    writing = asyncio.create_task(_write(admin))
    for count in KILLED_AT:
        async with seen, asyncio.timeout(30):
            await seen.wait_for(lambda enough=count: len(receiver.requests) >= enough)  # type: ignore[misc]
        await stack.kill("webhook")
    written = await writing

    def arrived() -> bool:
        return {payload["record"]["id"] for payload in receiver.payloads} == written

    # A claim of the killed one lapses after its time-out and a margin.
    await eventually(arrived, within=40)
    ids: dict[str, set[str]] = defaultdict(set)
    for headers, payload in receiver.requests:
        ids[payload["record"]["id"]].add(headers["webhook-id"])
    assert {len(each) for each in ids.values()} == {1}

    async def all_logged() -> bool:
        answer = await admin.get("/_admin/webhook-logs?status=delivered")
        return bool(answer.meta["total"] == len(written))

    await eventually(all_logged, within=40)
    assert (await admin.get("/_admin/webhook-logs")).meta["total"] == len(written)


async def _write(admin: Client) -> set[str]:
    """Create tickets, and try every third one's title again, which is refused; answers the ids there are."""
    written = set()
    for number in range(WRITES):
        written.add((await admin.post("/ticket", {"title": str(number)})).expect(201).data["id"])
        if number % 3 == 0:
            rows = [{"title": f"bulk {number}"}, {"title": str(number)}]
            (await admin.post("/ticket/_bulk", rows)).expect(409)
    return written
