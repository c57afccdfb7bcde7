"""Consumers that were away longer than the stream's retention are fed from the log and the outboxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import nats
import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row, executed, queried
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.replays import verified
from tests.support.stacks import calling, running

OF_SIGNALS = {"webhook": "webhook_actions", "events": "signals"}
"""The consumers of all signals. Workflow and notify take some of them."""
SIGNALLING = ("gateway", "metadata", "workflow")
CONSUMERS = ("workflow", "webhook", "notify", "events")
RECORDS, CHANGES = 6, 5


@pytest.fixture(scope="module")
async def forgetful(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    variables = {"ROCKET_STREAM_RETENTION": "2", "ROCKET_LOG_LEVEL": "error"}
    async with running(tmp_path_factory.mktemp("forgetful"), variables=variables) as stack:
        yield stack


async def test_commits_past_stream_retention_are_read_from_the_log(forgetful: Stack, receiver: HttpReceiver) -> None:
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
        await eventually(lambda: _is_empty(forgetful, "COMMITS"), within=30, every=0.2)
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


async def test_signals_past_stream_retention_are_read_from_the_outboxes(
    forgetful: Stack, receiver: HttpReceiver
) -> None:
    async with calling(forgetful) as anonymous:
        apps = [await anonymous.new_app(), await anonymous.new_app()]
        for admin in apps:
            await _define_requests(admin, receiver)
            await _signal(admin, "before")
        await eventually(lambda: len(receiver.requests) == 2 * RECORDS, within=60)
        for admin in apps:
            await eventually(partial(_written_down, admin, 1), within=60, every=0.1)
            await eventually(partial(_noted, forgetful, admin), within=60, every=0.2)
        for service, consumer in OF_SIGNALS.items():
            await forgetful.stop(service)
            for admin in apps:
                # As when they are away for longer than handled events are remembered.
                await executed(forgetful, admin, f"DELETE FROM {service}.seen WHERE consumer = '{consumer}'")
        for admin in apps:
            await _relays_noted(forgetful, admin)
        for admin in apps:
            await _signal(admin, "away")
            await eventually(partial(_completed, admin, 2 * RECORDS), within=60, every=0.1)
        await eventually(lambda: _is_empty(forgetful, "SIGNALS"), within=60, every=0.2)
        for service in OF_SIGNALS:
            await forgetful.start(service)
        await _signal(apps[0], "behind")
        await eventually(lambda: len(receiver.requests) >= 5 * RECORDS, within=60, every=0.1)
        for admin, times in zip(apps, (3, 2), strict=True):
            await eventually(partial(_written_down, admin, times), within=60, every=0.1)
            assert (await admin.get("/_admin/dead-letters")).data == []
        asked = [payload["id"] for _, payload in receiver.requests]
        assert len(set(asked)) == len(asked) == 5 * RECORDS


async def _noted(stack: Stack, admin: Client) -> bool:
    """Whether it is noted that both consumers of signals have handled the last one of each service."""
    app = await app_row(stack, admin)
    last = " UNION ALL ".join(f"SELECT '{name}', max(position) FROM {name}.outbox" for name in SIGNALLING)
    noted = (
        "SELECT source, min(position) FROM bus.progress WHERE app_id = $1::text::uuid AND source = ANY($2) "
        "AND regexp_replace(durable, '_[0-9]+_of_[0-9]+$', '') = ANY($3) GROUP BY source HAVING count(*) = $4"
    )
    found = await queried(stack, "rocket", noted, app["id"], SIGNALLING, list(OF_SIGNALS.values()), len(OF_SIGNALS))
    return set(found) == set(await queried(stack, app["database"], last))


async def _relays_noted(stack: Stack, admin: Client) -> None:
    """What is published has been noted, as it is within a minute: by then no other stream has forgotten it."""
    for name in SIGNALLING:
        await executed(stack, admin, f"UPDATE {name}.relayed SET position = (SELECT max(position) FROM {name}.outbox)")


async def _define_requests(admin: Client, receiver: HttpReceiver) -> None:
    """A workflow whose only step asks for a request."""
    await admin.define(entity("item", text("name"), integer("count")))
    trigger = {"type": "state_change", "entity": "item", "field": "count", "to": 0}
    request = {"type": "webhook", "url": receiver.url, "method": "POST"}
    step = {"id": "ask", "type": "action", "actions": [request], "then": "end"}
    workflow = {"name": "asking", "trigger": trigger, "context": {"id": "record.id"}, "steps": [step]}
    await admin.define(workflow, "workflows")


async def _signal(admin: Client, name: str) -> None:
    """Requests of workflow's, a user of gateway's, a definition of metadata's."""
    for _ in range(RECORDS):
        await _write(admin)
    form = {"email": f"{name}@shop.example", "password": "secret-1", "roles": ["clerk"]}
    (await admin.post("/_admin/users", form)).expect(201)
    await admin.define(entity(name, text("name")))


async def _completed(admin: Client, instances: int) -> bool:
    return bool((await admin.get("/_workflows?status=completed")).meta["total"] == instances)


async def _written_down(admin: Client, times: int) -> bool:
    """Whether each user and definition is in the audit log, and each instance among the events, once."""
    users = (await admin.get("/_admin/audit-logs?entity=_users&action=create")).meta["total"]
    entities = (await admin.get("/_admin/audit-logs?entity=_entities&action=create")).meta["total"]
    events = (await admin.get("/_events?action=instance_completed")).meta["total"]
    return bool((users, entities, events) == (times, times + 1, times * RECORDS))


async def _define(admin: Client, receiver: HttpReceiver) -> None:
    """A webhook, a workflow and a notification rule, for every change."""
    await admin.define(entity("item", text("name"), integer("count")))
    await admin.define({"entity": "item", "url": receiver.url}, "webhooks")
    rule = {"name": "last", "entity": "item", "hook": "after_update", "channel": "in_app",
            "condition": f"record.count == {CHANGES - 1}", "recipients": [{"role": "admin"}], "tell_actor": True,
            "template": {"subject": "s", "body": "b"}}  # fmt: skip
    await admin.define(rule, "notification-rules")
    trigger = {"type": "state_change", "entity": "item", "field": "count", "to": CHANGES - 1}
    step = {"id": "look", "type": "condition", "expression": "1 == 1", "on_true": {"goto": "end"}}
    workflow = {"name": "last", "trigger": trigger, "context": {"id": "record.id"}, "steps": [step]}
    await admin.define(workflow, "workflows")


async def _write(admin: Client) -> str:
    return str((await admin.post("/item", {"name": "a", "count": 0})).expect(201).data["id"])


async def _is_empty(stack: Stack, stream: str) -> bool:
    client = await nats.connect(stack.nats_url)
    try:
        return (await client.jetstream().stream_info(stream)).state.messages == 0
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
