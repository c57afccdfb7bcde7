"""Commits that no definition awaits are published quietly: only consumers of every commit receive them."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import orjson

from deploy.embedded.stack import Stack
from libs.shared.contracts.streams import HEARD_EVERY_COMMITS, QUIET
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.replays import verified
from tests.support.streams import messages_of

WAITED_FOR = ("hooked", "flowing", "told", "later")


async def test_commits_that_no_definition_awaits_are_quiet(admin: Client, stack: Stack, receiver: HttpReceiver) -> None:
    for name in (*WAITED_FOR, "plain", "moved"):
        await admin.define(entity(name, text("title"), integer("count"), text("state")))
    hook = {"entity": "hooked", "hook": "after_write", "url": receiver.url}
    webhook = await admin.define(hook, "webhooks")
    trigger = {"type": "state_change", "entity": "flowing", "field": "count", "to": 99}
    request = {"type": "webhook", "url": receiver.url, "method": "POST"}
    step = {"id": "ask", "type": "action", "actions": [request], "then": "end"}
    workflow = {"name": "flow", "trigger": trigger, "context": {"id": "record.id"}, "steps": [step]}
    await admin.define(workflow, "workflows")
    rule = {
        "name": "told", "entity": "told", "hook": "after_delete", "channel": "in_app", "active": False,
        "template": {"subject": "gone", "body": "gone"}, "recipients": [{"role": "boss"}],
    }  # fmt: skip
    await admin.define(rule, "notification-rules")
    call = {"type": "webhook", "url": receiver.url}
    machine = {"initial": "open", "transitions": [{"from": "open", "to": "done", "actions": [call]}]}
    await admin.define({"entity": "moved", "field": "state", "definition": machine}, "state-machines")

    made = {name: await _make(admin, name) for name in (*WAITED_FOR, "plain", "moved")}
    # A webhook that is gone tells of nothing, also if it was there when the commit was made.
    await eventually(lambda: len(receiver.requests) == 1, within=20)
    # What is published when definitions have moved on is told to all: only its own ones could say that it is quiet.
    await messages_of(stack, (await app_row(stack, admin))["id"], len(made))
    await admin.define(hook | {"entity": "later"}, "webhooks")
    (await admin.delete(f"/_admin/webhooks/{webhook['id']}")).expect(200)
    for name, record in made.items():
        (await admin.put(f"/{name}/{record}", {"count": 2, "state": "done" if name == "moved" else "x"})).expect(200)

    loud = await _loud(stack, admin, 2 * len(made))
    assert loud == {
        ("hooked", "create"): True,
        ("hooked", "update"): False,
        ("flowing", "create"): True,
        ("flowing", "update"): True,
        ("told", "create"): True,
        ("told", "update"): True,
        ("later", "create"): False,
        ("later", "update"): True,
        ("plain", "create"): False,
        ("plain", "update"): False,
        ("moved", "create"): False,
        ("moved", "update"): True,
    }
    await eventually(lambda: len(receiver.requests) == 3, within=20)
    await verified(admin, "log", "records", "audit", "webhook", "workflow", "notify")
    for name, record in made.items():
        rows = (await admin.get(f"/_admin/audit-logs?entity={name}&record_id={record}")).data
        assert sorted(row["action"] for row in rows) == ["create", "update"]


async def test_some_quiet_commits_are_delivered_to_all(admin: Client, stack: Stack) -> None:
    await admin.define(entity("plain", text("title")))
    rows = [{"title": str(number)} for number in range(3 * HEARD_EVERY_COMMITS)]
    (await admin.post("/plain/_bulk", rows)).expect(201)
    app = await app_row(stack, admin)
    found = await messages_of(stack, app["id"], len(rows))
    heard = [not _is_quiet(message) for message in found]
    assert heard.count(True) == 3
    # Those who are told of these only know of all before: nothing is left for them to be behind with.
    await verified(admin, "log", "records", "audit", "webhook", "workflow", "notify")


def _is_quiet(message: Any) -> bool:
    return str(message.subject).endswith(QUIET)


async def _make(admin: Client, name: str) -> str:
    return str((await admin.post(f"/{name}", {"title": "a", "count": 1, "state": "open"})).expect(201).data["id"])


async def _loud(stack: Stack, admin: Client, count: int) -> dict[tuple[str, str], bool]:
    """Whether the commits of an entity with an action were told to all, but for those that are now and then."""
    app = await app_row(stack, admin)
    found = []
    for message in await messages_of(stack, app["id"], count):
        event = orjson.loads(message.data or b"")
        if (event["position"] + event["n"]) % HEARD_EVERY_COMMITS:
            found.append(((event["entity"], event["action"]), not _is_quiet(message)))
    kinds = groupby(sorted(found), key=lambda each: each[0])
    told = {kind: {is_loud for _, is_loud in each} for kind, each in kinds}
    assert all(len(ways) == 1 for ways in told.values()), told
    return {kind: ways.pop() for kind, ways in told.items()}
