"""Killed replays resume; nothing is lost, repeated under another id, or left over."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from aiohttp import web

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from services.webhook.redelivering import MAX_BACKLOG
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.replays import finished, verified

BULK = 900
RECORDS = 2 * BULK
"""More than may wait at an endpoint, so that a replay to one that is away can't be done."""
REPLICAS = {"webhook": 1, "data": 2, "events": 1}


async def killed(stack: Stack, service: str) -> None:
    """All replicas of a service at once, whichever has the work, as soon as all are there."""
    await eventually(lambda: len(stack.pids(service)) == REPLICAS[service], within=60)
    for number in range(REPLICAS[service]):
        await stack.kill(service, number)


async def write(admin: Client) -> None:
    await admin.define(entity("item", text("name"), integer("count")))
    for _ in range(RECORDS // BULK):
        (await admin.post("/item/_bulk", [{"name": "a", "count": n} for n in range(BULK)])).expect(201)


@pytest.mark.parametrize("victims", [("webhook",), ("data", "webhook")], ids=" and ".join)
async def test_a_webhook_replay_resumes_after_a_kill(
    stack: Stack, admin: Client, receiver: HttpReceiver, victims: tuple[str, ...]
) -> None:
    await write(admin)
    form = {"entity": "item", "url": receiver.url, "retry": {"max_attempts": 50}}
    webhook = await admin.define(form, "webhooks")
    is_away = True

    async def answer(request: web.Request, payload: Any) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": "2"}) if is_away else web.Response()

    receiver.answer = answer
    path = f"/_admin/webhooks/{webhook['id']}/replay"
    (await admin.post(path, {"from": 1})).expect(202)

    async def replay() -> Any:
        [row] = (await admin.get(f"{path}s")).expect(200).data
        return row

    async def is_waiting() -> bool:
        return bool((await replay())["deliveries"] >= MAX_BACKLOG)

    await eventually(is_waiting, within=60)
    for victim in victims:
        await killed(stack, victim)
    is_away = False

    async def is_done() -> Any:
        reply = await admin.get(f"{path}s")
        return reply.status == 200 and reply.data[0]["status"] != "running" and reply.data[0]

    done = await eventually(is_done, within=60)
    assert (done["status"], done["deliveries"]) == ("done", RECORDS)

    async def all_delivered() -> bool:
        logs = (await admin.get("/_admin/webhook-logs?status=delivered&per_page=1")).expect(200)
        return bool(logs.meta["total"] == RECORDS)

    await eventually(all_delivered, within=60, every=0.1)
    assert (await admin.get("/_admin/webhook-logs?per_page=1")).meta["total"] == RECORDS
    ids: dict[str, set[str]] = defaultdict(set)
    for headers, payload in receiver.requests:
        assert headers["webhook-replay"] == "true"
        ids[payload["record"]["id"]].add(headers["webhook-id"])
    assert len(ids) == RECORDS
    assert {len(each) for each in ids.values()} == {1}


@pytest.mark.parametrize(("projection", "victim"), [("records", "data"), ("audit", "events")])
async def test_a_rebuild_resumes_after_a_kill(stack: Stack, admin: Client, projection: str, victim: str) -> None:
    await write(admin)
    before = await finished(admin, projection, "verify")
    replay = await _killed_midway(stack, admin, projection, victim)
    path = f"/_admin/projections/{projection}/replays/{replay}"

    async def ended() -> Any:
        reply = await admin.get(path)
        return reply.status == 200 and reply.data["finished_at"] and reply.data

    done = await eventually(ended, within=60)
    assert (done["status"], done["error"]) == ("done", None)
    assert done["checked"] >= RECORDS
    after = await finished(admin, projection, "verify")
    assert (after["equal"], after["hash"], after["checked"]) == (True, before["hash"], before["checked"])
    (await admin.post("/item", {"name": "goes on"})).expect(201)
    await verified(admin, "log", "records", "audit")


async def _killed_midway(stack: Stack, admin: Client, projection: str, victim: str) -> str:
    """A rebuild whose service was killed before it had ended; its id."""
    while True:
        replay = (await admin.post(f"/_admin/projections/{projection}/rebuild")).expect(202).data["id"]
        path = f"/_admin/projections/{projection}/replays/{replay}"

        async def is_running(path: str = path) -> Any:
            return (await admin.get(path)).expect(200).data["status"] != "waiting"

        async def seen(path: str = path) -> Any:
            reply = await admin.get(path)
            return reply.status == 200 and reply.data

        await eventually(is_running, within=30)
        await killed(stack, victim)
        if not (await eventually(seen, within=30))["finished_at"]:
            return str(replay)
