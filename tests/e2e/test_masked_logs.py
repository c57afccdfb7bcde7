"""Logs show masks where receivers get values: of sensitive fields and personal data (api.md, sections 18 and 19)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from libs.shared.testing.polling import eventually
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


async def test_the_delivery_log_masks_and_receivers_get_everything(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(PERSON)
    call = {"type": "webhook", "url": f"{receiver.url}/{{{{record.card}}}}", "headers": {"X-Mail": "<{{record.mail}}>"}}
    ways = [{"from": "new", "to": "done", "actions": [call]}]
    machine = {"entity": "person", "field": "state", "definition": {"initial": "new", "transitions": ways}}
    (await admin.post("/_admin/state-machines", machine)).expect(201)
    (await admin.post("/_admin/webhooks", {"entity": "person", "url": receiver.url})).expect(201)
    workflow = {
        "name": "tell", "trigger": {"type": "state_change", "entity": "person", "field": "state", "to": "done"},
        "context": {"card": "record.card", "all": "record", "t": "trigger", "name": "trigger.record.name"},
        "steps": [{"id": "a", "type": "action", "actions": [{"type": "webhook", "url": f"{receiver.url}/flow"}]}],
    }  # fmt: skip
    (await admin.post("/_admin/workflows", workflow)).expect(201)

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


async def test_a_retry_sends_what_the_log_does_not_show(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(PERSON)
    hook = {"entity": "person", "url": receiver.url, "retry": {"max_attempts": 1}}
    (await admin.post("/_admin/webhooks", hook)).expect(201)
    receiver.respond = lambda number: 500 if number == 1 else 200
    (await admin.post("/person", VALUES)).expect(201)
    [failed] = await logs(admin, 1)
    assert_masked(failed["request_body"]["record"])
    again = (await admin.post(f"/_admin/webhook-logs/{failed['id']}/retry")).expect(200).data
    assert_masked(again["request_body"]["record"])
    await eventually(lambda: len(receiver.requests) == 2)
    assert receiver.bodies[0] == receiver.bodies[1] and receiver.payloads[1]["record"]["card"] == CARD


async def test_audit_masks_what_is_named_like_a_secret_unless_it_is_said_to_be_none(admin: Client) -> None:
    await admin.define(PERSON)
    stored = (await admin.get("/_admin/entities/person")).expect(200).data["definition"]
    (await admin.put("/_admin/entities/person", stored)).expect(200)
    (await admin.post("/person", VALUES)).expect(201)

    async def audited() -> Any:
        rows = (await admin.get("/_admin/audit-logs?entity=person")).expect(200).data
        return rows or None

    [row] = await eventually(audited)
    assert_masked(row["new_data"])
