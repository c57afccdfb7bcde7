"""The rows and the total of a list are of one snapshot, also under concurrent writes."""

from __future__ import annotations

import asyncio
from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver

WRITES = 60
"""Fewer than any page has room for."""
JOB = entity("job", text("side"))
RULE = {
    "name": "told", "entity": "job", "hook": "after_write", "channel": "in_app",
    "template": {"subject": "step", "body": "step"}, "recipients": [{"role": "boss"}],
}  # fmt: skip
WAIT = {
    "id": "wait", "type": "approval", "assignee": {"type": "role", "role": "boss"},
    "on_approve": {"goto": "end"}, "on_reject": {"goto": "end"},
}  # fmt: skip
SIDES = ("left", "right")


async def test_rows_and_total_are_of_one_snapshot(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(JOB)
    boss = await admin.user("boss@shop.example", ["boss"])
    await admin.define(RULE, "notification-rules")
    for side in SIDES:
        trigger = {"type": "state_change", "entity": "job", "field": "side", "to": side}
        await admin.define({"name": side, "trigger": trigger, "steps": [WAIT], "notify": False}, "workflows")
    webhook = await admin.define({"entity": "job", "url": receiver.url}, "webhooks")
    job = (await admin.post("/job", {"side": "none"})).expect(201).data
    # What nobody has looked at yet, and how many there are when all has been done.
    lists: dict[str, tuple[Client, int]] = {
        f"/job/{job['id']}/history?": (admin, WRITES + 1),
        "/job?count=exact&": (admin, 1),
        "/_commits?entity=job&": (admin, WRITES + 1),
        "/_admin/webhook-logs?": (admin, WRITES + 1),
        f"/_admin/webhooks/{webhook['id']}/replays?": (admin, WRITES),
        "/_admin/notifications?": (admin, WRITES + 1),
        "/_notifications?": (boss, WRITES + 1),
        "/_admin/audit-logs?entity=job&": (admin, WRITES + 1),
        "/_workflows?": (admin, WRITES),
        "/_workflows/pending?": (boss, WRITES),
    }

    async def write() -> None:
        replays = f"/_admin/webhooks/{webhook['id']}/replay"
        for step in range(1, WRITES + 1):
            (await admin.put(f"/job/{job['id']}", {"side": SIDES[step % 2]})).expect(200)
            # Of what is to come: it is listed, and has nothing to send.
            (await admin.post(replays, {"from": 1_000_000 + step, "to": 1_000_000 + step})).expect(202)

    async def watch(path: str, caller: Client, count: int) -> None:
        async def whole() -> bool:
            reply = (await caller.get(f"{path}per_page=100")).expect(200)
            seen.append((path, len(reply.data), reply.meta["total"]))
            return bool(reply.meta["total"] == count)

        await eventually(whole, within=180.0, every=0.0)

    seen: list[tuple[Any, int, int]] = []
    await asyncio.gather(write(), *(watch(path, *about) for path, about in lists.items()))
    assert [each for each in seen if each[1] != each[2]] == []
    assert {path: rows for path, rows, _ in seen} == {path: count for path, (_, count) in lists.items()}
