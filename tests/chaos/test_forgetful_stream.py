"""The stream's retention is not the log's: whoever was away for longer is fed from the log, once and in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import nats
import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.replays import verified
from tests.support.stacks import calling, running

CONSUMERS = ("workflow", "webhook", "notify", "events")
RECORDS, CHANGES = 6, 5


@pytest.fixture
async def forgetful(tmp_path: Path) -> AsyncIterator[Stack]:
    variables = {"ROCKET_STREAM_RETENTION": "2", "ROCKET_LOG_LEVEL": "error"}
    async with running(tmp_path, variables=variables) as stack:
        yield stack


async def test_what_the_stream_has_forgotten_comes_from_the_log(forgetful: Stack, receiver: HttpReceiver) -> None:
    async with calling(forgetful) as anonymous:
        apps = [await anonymous.new_app(), await anonymous.new_app()]
        for admin in apps:
            await _define(admin, receiver)
        records = {admin.prefix: [(await _write(admin)) for _ in range(RECORDS)] for admin in apps}
        await eventually(lambda: len(receiver.requests) == 2 * RECORDS, within=20)
        for consumer in CONSUMERS:
            await forgetful.stop(consumer)
        for number in range(1, CHANGES):
            for admin in apps:
                for record in records[admin.prefix]:
                    (await admin.put(f"/item/{record}", {"count": number})).expect(200)
        await eventually(lambda: _is_empty(forgetful), within=30, every=0.2)
        for consumer in CONSUMERS:
            await forgetful.start(consumer)
        (await apps[0].put(f"/item/{records[apps[0].prefix][0]}", {"count": CHANGES})).expect(200)
        expected = 2 * RECORDS * CHANGES + 1
        await eventually(lambda: len(receiver.requests) >= expected, within=40, every=0.1)
        for admin in apps:
            await eventually(partial(_told_once, admin), within=20, every=0.1)
            await verified(admin, "log", "records", "audit", "webhook", "workflow", "notify")
            assert (await admin.get("/_admin/dead-letters")).data == []
        _assert_each_once(receiver, expected)


async def _define(admin: Client, receiver: HttpReceiver) -> None:
    """A webhook, a workflow and a notification rule, for every change."""
    await admin.define(entity("item", text("name"), integer("count")))
    (await admin.post("/_admin/webhooks", {"entity": "item", "url": receiver.url})).expect(201)
    rule = {"name": "last", "entity": "item", "hook": "after_update", "channel": "in_app",
            "condition": f"record.count == {CHANGES - 1}", "recipients": [{"role": "admin"}],
            "template": {"subject": "s", "body": "b"}}  # fmt: skip
    (await admin.post("/_admin/notification-rules", rule)).expect(201)
    trigger = {"type": "state_change", "entity": "item", "field": "count", "to": CHANGES - 1}
    step = {"id": "look", "type": "condition", "expression": "1 == 1", "on_true": {"goto": "end"}}
    workflow = {"name": "last", "trigger": trigger, "context": {"id": "record.id"}, "steps": [step]}
    (await admin.post("/_admin/workflows", workflow)).expect(201)


async def _write(admin: Client) -> str:
    return str((await admin.post("/item", {"name": "a", "count": 0})).expect(201).data["id"])


async def _is_empty(stack: Stack) -> bool:
    client = await nats.connect(stack.nats_url)
    try:
        return (await client.jetstream().stream_info("COMMITS")).state.messages == 0
    finally:
        await client.close()


async def _told_once(admin: Client) -> bool:
    inbox = (await admin.get("/_notifications?per_page=100")).meta["total"]
    instances = (await admin.get("/_workflows?per_page=100")).data
    assert inbox <= RECORDS
    assert len(instances) <= RECORDS
    return bool(inbox == len(instances) == RECORDS)


def _assert_each_once(receiver: HttpReceiver, expected: int) -> None:
    keys = [payload["idempotency_key"] for _, payload in receiver.requests]
    assert len(set(keys)) == len(keys) == expected
    counts: dict[str, list[Any]] = defaultdict(list)
    for _, payload in receiver.requests:
        counts[payload["record"]["id"]].append(payload["record"]["count"])
    assert all(sorted(found) == list(range(len(found))) for found in counts.values())
