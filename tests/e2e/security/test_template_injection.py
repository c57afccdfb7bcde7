"""Values of records are never expanded as templates."""

from __future__ import annotations

from typing import Any

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver, Mailbox

HOSTILE = "{{env.PATH}} {{ record.id }}\r\nX-Evil: 1"


async def test_values_are_inserted_literally(admin: Client, receiver: HttpReceiver, mails: Mailbox) -> None:
    await admin.define(entity("ticket", text("state"), text("title")))
    call = {
        "type": "webhook", "url": f"{receiver.url}/x?y={{{{record.title}}}}",
        "headers": {
            "X-Title": "<{{record.title}}>", "X-Path": "{{env.PATH}} {{record.title}}", "X-Own": "{{env.PATH}}",
        },
    }  # fmt: skip
    tell = {
        "type": "send_notification", "channel": "email", "to": ["sink@example.com"],
        "template": {"subject": "s {{record.title}}", "body": "b {{record.title}}"},
    }  # fmt: skip
    ways = [{"from": "open", "to": "done", "actions": [call, tell]}]
    machine = {"entity": "ticket", "field": "state", "definition": {"initial": "open", "transitions": ways}}
    await admin.define(machine, "state-machines")
    rule = {
        "name": "r", "entity": "ticket", "hook": "after_update", "channel": "email",
        "recipients": [{"email": "rule@example.com"}],
        "template": {"subject": "s {{record.title}}", "body": "b {{record.title}}"},
    }  # fmt: skip
    await admin.define(rule, "notification-rules")
    made = (await admin.post("/ticket", {"title": HOSTILE})).expect(201).data
    (await admin.put(f"/ticket/{made['id']}", {"state": "done"})).expect(200)

    async def delivered() -> Any:
        logs = (await admin.get("/_admin/webhook-logs")).data
        return logs if logs and logs[0]["status"] == "delivered" else None

    [log] = await eventually(delivered)
    [(headers, body)] = receiver.requests
    line = HOSTILE.replace("\r\n", "")
    assert headers["X-Title"] == f"<{line}>"
    own = headers["X-Own"]
    assert own and "{{" not in own and headers["X-Path"] == f"{own} {line}"
    assert "X-Evil" not in headers and body["record"]["title"] == HOSTILE
    assert log["request_headers"]["X-Own"] == "{{env.PATH}}"
    assert log["request_headers"]["X-Path"] == f"{{{{env.PATH}}}} {HOSTILE}"
    assert own not in str(log) and log["url"].startswith(f"{receiver.url}/x?y=%7B%7Benv.PATH")

    async def told() -> Any:
        rows = (await admin.get("/_admin/notifications")).data
        return rows if len(rows) == 2 else None

    for row in await eventually(told):
        assert row["body"] == f"b {HOSTILE}" and row["subject"] == f"s {HOSTILE}".replace("\r\n", " ")


async def test_inserted_values_are_not_expanded_again(admin: Client) -> None:
    """Records that transitions make, and events that they send, hold what was there, whatever it looks like."""
    await admin.define(entity("ticket", text("state"), text("title")))
    await admin.define(entity("note", text("body")))
    actions = [
        {"type": "create_record", "entity": "note", "fields": {"body": "{{record.title}}"}},
        {"type": "create_record", "entity": "note", "fields": {"body": "> {{record.title}}"}},
        {"type": "send_event", "event": "done", "payload": {"title": "{{record.title}}"}},
    ]
    ways = [{"from": "open", "to": "done", "actions": actions}]
    machine = {"entity": "ticket", "field": "state", "definition": {"initial": "open", "transitions": ways}}
    await admin.define(machine, "state-machines")
    for title in (HOSTILE, "now"):
        made = (await admin.post("/ticket", {"title": title})).expect(201).data
        (await admin.put(f"/ticket/{made['id']}", {"state": "done"})).expect(200)
    bodies = sorted(row["body"] for row in (await admin.get("/note")).data)
    assert bodies == sorted([HOSTILE, f"> {HOSTILE}", "now", "> now"])

    async def events() -> Any:
        found = (await admin.get("/_events?action=done")).data
        return found if len(found) == 2 else None

    assert sorted(event["metadata"]["title"] for event in await eventually(events)) == sorted([HOSTILE, "now"])


async def test_inserted_values_cannot_change_the_path_of_a_url(admin: Client) -> None:
    """`..` can't be encoded: clients and servers leave it out with the segment before, so it would choose the path."""
    await admin.define(entity("ticket", text("state"), text("title"), text("dot")))
    calls = [
        {"type": "webhook", "url": f"http://127.0.0.1:9/{path}", "method": "POST"}
        for path in ("a/{{record.title}}/x", "b/{{record.dot}}{{record.title}}?q={{record.title}}")
    ]
    ways = [{"from": "open", "to": to, "actions": [call]} for to, call in zip(("one", "two"), calls, strict=True)]
    machine = {"entity": "ticket", "field": "state", "definition": {"initial": "open", "transitions": ways}}
    await admin.define(machine, "state-machines")
    for to, title, dot, status in (
        ("one", "..", "", 422), ("one", ".", "", 422), ("one", "%2e%2e", "", 200), ("one", "a..b", "", 200),
        ("one", "../..", "", 200), ("two", ".", ".", 422), ("two", "..", "x", 200),
    ):  # fmt: skip
        made = (await admin.post("/ticket", {"title": title, "dot": dot})).expect(201).data
        reply = (await admin.put(f"/ticket/{made['id']}", {"state": to})).expect(status)
        if status == 422:
            assert reply.details[0]["field"] == "state" and "step back" in reply.details[0]["message"]
