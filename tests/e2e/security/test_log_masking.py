"""Logs mask sensitive and personal fields; receivers get the values."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from deploy.embedded.stack import Stack
from libs.shared import exact
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver

CARD, MAIL, WORD = "4111-1111", "ann@example.com", 'correct "horse"'
PERSON = entity(
    "person", text("name"), text("state"), text("card", sensitive=True), text("mail", pii=True), text("user_password"),
    text("token_hint", sensitive=False), {"name": "pin_secret", "type": "int"},
)  # fmt: skip
VALUES = {"name": "Ann", "card": CARD, "mail": MAIL, "user_password": WORD, "token_hint": "blue", "pin_secret": 123456}
HIDDEN = {"card", "mail", "user_password", "pin_secret"}
SECRETS = (CARD, MAIL, WORD, 'correct \\"horse', "123456")


def assert_masked(record: Any) -> None:
    assert {name for name, value in record.items() if value == "***"} == HIDDEN
    assert (record["name"], record["token_hint"]) == ("Ann", "blue")


async def logs(admin: Client, number: int) -> Any:
    async def all_there() -> Any:
        found = (await admin.get("/_admin/webhook-logs")).expect(200).data
        done = [log for log in found if log["status"] in ("delivered", "failed")]
        return found if len(done) == number else None

    return await eventually(all_there, within=20)


async def test_delivery_logs_are_masked_and_receivers_get_all_values(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(PERSON)
    call = {"type": "webhook", "url": f"{receiver.url}/{{{{record.card}}}}", "headers": {"X-Mail": "<{{record.mail}}>"}}
    ways = [{"from": "new", "to": "done", "actions": [call]}]
    machine = {"entity": "person", "field": "state", "definition": {"initial": "new", "transitions": ways}}
    await admin.define(machine, "state-machines")
    await admin.define({"entity": "person", "url": receiver.url}, "webhooks")
    workflow = {
        "name": "tell", "trigger": {"type": "state_change", "entity": "person", "field": "state", "to": "done"},
        "context": {"card": "record.card", "all": "record", "t": "trigger", "name": "trigger.record.name"},
        "steps": [{"id": "a", "type": "action", "actions": [{"type": "webhook", "url": f"{receiver.url}/flow"}]}],
    }  # fmt: skip
    await admin.define(workflow, "workflows")

    async def echo(request: web.Request, payload: Any) -> web.Response:
        return web.Response(text=(await request.read()).decode(), status=200)

    receiver.answer = echo
    made = (await admin.post("/person", VALUES)).expect(201).data
    (await admin.put(f"/person/{made['id']}", {"state": "done"})).expect(200)
    listed = await logs(admin, 4)
    for log in [*listed, *[(await admin.get(f"/_admin/webhook-logs/{log['id']}")).expect(200).data for log in listed]]:
        assert not [secret for secret in SECRETS if secret in str(log)], log
        body = log["request_body"]
        if log["hook"] == "workflow":
            assert (body["card"], body["name"]) == ("***", "Ann")
            assert_masked(body["all"])
            assert_masked(body["t"]["record"])
            continue
        assert_masked(body["record"])
        if body["action"] == "update":
            assert_masked(body["old"])
            assert body["changes"] == {"state": {"old": "new", "new": "done"}}
    for _, payload in receiver.requests:
        record = payload.get("record") or payload["all"]
        assert {name: record[name] for name in VALUES} == VALUES
    assert {headers.get("X-Mail") for headers, _ in receiver.requests} == {None, f"<{MAIL}>"}
    [row] = [log for log in listed if log["hook"] == "transition"]
    assert row["url"] == f"{receiver.url}/***" and row["request_headers"]["X-Mail"] == "<***>"


async def test_a_retry_sends_unmasked_values(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(PERSON)
    hook = {"entity": "person", "url": receiver.url, "retry": {"max_attempts": 1}}
    await admin.define(hook, "webhooks")
    receiver.respond = lambda number: 500 if number == 1 else 200
    (await admin.post("/person", VALUES)).expect(201)
    [failed] = await logs(admin, 1)
    assert_masked(failed["request_body"]["record"])
    again = (await admin.post(f"/_admin/webhook-logs/{failed['id']}/retry")).expect(200).data
    assert_masked(again["request_body"]["record"])
    await eventually(lambda: len(receiver.requests) == 2)
    assert receiver.bodies[0] == receiver.bodies[1] and receiver.payloads[1]["record"]["card"] == CARD


async def test_audit_rows_mask_fields_named_like_secrets(admin: Client) -> None:
    await admin.define(PERSON)
    stored = (await admin.get("/_admin/entities/person")).expect(200).data["definition"]
    (await admin.put("/_admin/entities/person", stored)).expect(200)
    (await admin.post("/person", VALUES)).expect(201)

    async def audited() -> Any:
        rows = (await admin.get("/_admin/audit-logs?entity=person")).expect(200).data
        return rows or None

    [row] = await eventually(audited)
    assert_masked(row["new_data"])


TOLD = "{{record.card}} {{record.mail}} {{record.user_password}} {{record.pin_secret}} {{record.cvv}} {{record.name}}"
FIELDS = [*PERSON["fields"], text("cvv", sensitive=True)]
FULL = VALUES | {"cvv": "737"}


async def test_notification_logs_are_masked_and_recipients_get_all_values(admin: Client) -> None:
    await admin.define(PERSON | {"fields": FIELDS})
    ann = await admin.user(MAIL, ["all"])
    template = {"subject": f"S {TOLD}", "body": f"B {TOLD}"}
    for channel, path in (("email", "record.mail"), ("in_app", "record.mail")):
        rule = {
            "name": channel, "entity": "person", "hook": "after_create", "channel": channel,
            "template": template, "recipients": [{"path": path}],
        }  # fmt: skip
        await admin.define(rule, "notification-rules")
    action = {"type": "send_notification", "channel": "in_app", "to": MAIL, "template": f"T {TOLD}"}
    event = {"type": "send_event", "event": "closed", "payload": {"card": "{{record.card}}", "all": TOLD, "n": 1}}
    ways = [{"from": "new", "to": "done", "actions": [action, event]}]
    machine = {"entity": "person", "field": "state", "definition": {"initial": "new", "transitions": ways}}
    await admin.define(machine, "state-machines")
    made = (await admin.post("/person", FULL)).expect(201).data
    (await admin.put(f"/person/{made['id']}", {"state": "done"})).expect(200)

    async def told() -> Any:
        rows = (await admin.get("/_admin/notifications")).expect(200).data
        return rows if len([row for row in rows if row["entity"]]) == 3 else None

    for row in await eventually(told, within=20):
        if row["entity"]:
            assert not [secret for secret in SECRETS if secret in str(row)], row
            assert row["body"].endswith("*** *** *** *** *** Ann") and "quoted" not in row
    whole = f"{CARD} {MAIL} {WORD} 123456 737 Ann"
    inbox = (await ann.get("/_notifications")).expect(200).data
    assert sorted(row["body"] for row in inbox) == [f"B {whole}", f"T {whole}"]

    async def happened() -> Any:
        return (await admin.get("/_events?action=closed")).expect(200).data or None

    [row] = await eventually(happened, within=20)
    assert row["metadata"] == {"card": "***", "all": "*** *** *** *** *** Ann", "n": 1}


async def test_lists_of_instances_mask_contexts_for_admins(admin: Client) -> None:
    await admin.define(PERSON)
    workflow = {
        "name": "look", "trigger": {"type": "state_change", "entity": "person", "field": "state", "to": "new"},
        "context": {"card": "record.card", "all": "trigger.record", "name": "record.name"},
        "steps": [{"id": "a", "type": "approval", "assignee": {"type": "role", "role": "boss"}}],
    }  # fmt: skip
    await admin.define(workflow, "workflows")
    made = (await admin.post("/person", VALUES)).expect(201).data
    (await admin.put(f"/person/{made['id']}", {"state": "new"})).expect(200)

    async def started() -> Any:
        return (await admin.get("/_workflows")).expect(200).data or None

    [listed] = await eventually(started, within=20)
    one = (await admin.get(f"/_workflows/{listed['id']}")).expect(200).data
    [pending] = (await admin.get("/_workflows/pending")).expect(200).data
    for instance in (listed, one, pending):
        assert (instance["context"]["card"], instance["context"]["name"]) == ("***", "Ann")
        assert_masked(instance["context"]["all"])


async def test_signals_of_failed_deliveries_hide_filled_urls(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(PERSON)
    call = {"type": "webhook", "url": f"{receiver.url}/{{{{record.mail}}}}"}
    ways = [{"from": "new", "to": "done", "actions": [call]}]
    machine = {"entity": "person", "field": "state", "definition": {"initial": "new", "transitions": ways}}
    await admin.define(machine, "state-machines")
    receiver.respond = lambda number: 410
    made = (await admin.post("/person", VALUES)).expect(201).data
    (await admin.put(f"/person/{made['id']}", {"state": "done"})).expect(200)

    async def failed() -> Any:
        return (await admin.get("/_events?action=delivery_failed")).expect(200).data or None

    [row] = await eventually(failed, within=20)
    assert receiver.url.startswith(row["metadata"]["url"]) and "example.com" not in str(row)


async def test_dead_letters_are_masked_and_replays_send_all_values(
    stack: Stack, admin: Client, receiver: HttpReceiver
) -> None:
    await admin.define(PERSON)
    await admin.define({"entity": "person", "url": receiver.url}, "webhooks")
    await as_owner(stack, admin, "ALTER TABLE webhook.deliveries RENAME TO away")
    (await admin.post("/person", VALUES)).expect(201)

    async def parked() -> Any:
        return (await admin.get("/_admin/dead-letters")).expect(200).data or None

    [letter] = await eventually(parked, within=20)
    await as_owner(stack, admin, "ALTER TABLE webhook.away RENAME TO deliveries")
    assert not [secret for secret in SECRETS if secret in str(letter)], letter
    assert_masked(exact.loads(letter["payload"])["after"])
    (await admin.post(f"/_admin/dead-letters/webhook/{letter['id']}/replay")).expect(200)
    await eventually(lambda: receiver.requests)
    assert {name: receiver.payloads[0]["record"][name] for name in VALUES} == VALUES


async def as_owner(stack: Stack, admin: Client, statement: str) -> None:
    """Run a statement in the app's database."""
    async with app_connection(stack, admin) as connection:
        await connection.execute(statement)
