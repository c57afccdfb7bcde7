"""What workflows do outwards, whom they tell, what of them may be seen, and in which trace it happens."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from aiohttp import web

from libs.shared.ids import random_uuid
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver, Mailbox


async def instance_at(caller: Client, instance_id: str, step: str | None) -> dict[str, Any]:
    """An instance, when it waits at a step, or (None) when it has ended."""

    async def there() -> Any:
        shown = (await caller.get(f"/_workflows/{instance_id}")).expect(200).data
        arrived = shown["status"] != "running" if step is None else shown["current_step"] == step
        return shown if arrived and (step is None or shown.get("approvals")) else None

    found: dict[str, Any] = await eventually(there)
    return found


async def inbox(caller: Client, *subjects: str) -> list[Any]:
    """The caller's notifications, when those with these subjects are there."""

    async def told() -> Any:
        rows = (await caller.get("/_notifications")).expect(200).data
        return rows if set(subjects) <= {row["subject"] for row in rows} else None

    rows: list[Any] = await eventually(told)
    return rows


def shipping(url: str) -> dict[str, Any]:
    return {
        "name": "ship",
        "trigger": {"type": "manual", "entity": "order", "form": [{"name": "note", "type": "string"}]},
        "context": {"title": "record.title", "iban": "record.iban", "note": "trigger.form.note", "all": "record"},
        "steps": [
            {"id": "rate", "type": "action", "then": {"goto": "keep"}, "actions": [
                {"type": "webhook", "url": f"{url}/rate/{{{{ record.title }}}}", "wait": True, "accept": [404],
                 "headers": {"X-Order": "{{ record.id }}"}, "body": {"iban": "{{ record.iban }}"}}]},
            {"id": "keep", "type": "set", "then": {"goto": "decide"}, "values": {
                "score": "steps.rate.response.body.score", "status": "steps.rate.response.status",
                "label": "record.title + '!'", "copy": "'IBAN ' + record.iban"}},
            {"id": "decide", "type": "approval", "approvers": [{"role": "manager"}], "on_approve": {"goto": "tell"}},
            {"id": "tell", "type": "action", "actions": [
                {"type": "send_notification", "channel": "in_app", "to": [{"role": "staff"}],
                 "template": {"subject": "Ship {{ context.title }}", "body": "Score {{ context.score }}"}},
                {"type": "send_event", "event": "shipped", "payload": {"title": "{{ context.title }}"}},
                {"type": "create_record", "entity": "parcel", "fields": {"title": "{{ context.label }}"}}]},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
async def admin(client: Client) -> Client:
    admin = await client.new_app()
    await admin.define(entity("order", text("title"), text("iban", sensitive=True)))
    await admin.define(entity("parcel", text("title")))
    await admin.grant("order", "read", "manager", fields={"include": ["id", "title"]})
    await admin.grant("order", "read", "seller")
    return admin


async def test_an_instance_acts_outwards_and_tells_whom_it_concerns(
    admin: Client, receiver: HttpReceiver, mails: Mailbox
) -> None:
    async def rate(request: web.Request, payload: Any) -> web.StreamResponse:
        return web.json_response({"score": 7}, status=404)

    receiver.answer = rate
    await admin.define(shipping(receiver.url), "workflows")
    people = {role: await admin.user(f"{role}@outward.example", [role]) for role in ("manager", "seller", "staff")}
    order = (await admin.post("/order", {"title": "Lamp", "iban": "DE99SECRET"})).data
    body = {"workflow": "ship", "record_id": order["id"], "form": {"note": "soon"}}
    first_trace = random_uuid()
    started = await people["seller"].post("/_workflows/start", body, X_Trace_ID=first_trace)
    instance_id = started.expect(201).data["id"]

    # The webhook service sends it once, signed and logged, and the answer becomes the step's output.
    waiting = await instance_at(admin, instance_id, "decide")
    assert (waiting["context"]["score"], waiting["context"]["status"]) == (7, 404)
    ((headers, payload),) = receiver.requests
    assert payload == {"iban": "DE99SECRET"} and headers["X-Order"] == order["id"] and "webhook-id" in headers
    (delivery,) = (await admin.get("/_admin/webhook-logs?entity=order")).data
    assert (delivery["status"], delivery["response_status"], delivery["hook"]) == ("delivered", 404, "workflow")

    # Everybody sees what they may: all of it, a part of the record, or that there is an instance.
    assert waiting["context"]["iban"] == "***" and waiting["context"]["copy"] == "***"
    by_seller = (await people["seller"].get(f"/_workflows/{instance_id}")).data["context"]
    assert by_seller["copy"] == "IBAN DE99SECRET" and by_seller["score"] == 7
    by_manager = (await people["manager"].get(f"/_workflows/{instance_id}")).data
    shown = {"title": "Lamp", "label": "Lamp!", "note": "soon", "all": {"id": order["id"], "title": "Lamp"}}
    assert by_manager["context"] == shown and "SECRET" not in str(by_manager)
    by_staff = (await people["staff"].get(f"/_workflows/{instance_id}")).data
    assert (
        by_staff["context"] == {"all": {}} and by_staff["approvals"][0]["seats"] == [] and "Lamp" not in str(by_staff)
    )

    # Approvers hear of it with a link; who asked hears what came of it, and the step says its own words.
    (asked,) = await inbox(people["manager"], "ship: a decision is awaited")
    assert asked["metadata"]["link"].endswith(f"/instances/{instance_id}") and order["id"] in asked["body"]
    decided_trace = random_uuid()
    approving = await people["manager"].post(f"/_workflows/{instance_id}/approve", X_Trace_ID=decided_trace)
    approving.expect(200)
    assert (await instance_at(admin, instance_id, None))["status"] == "completed"
    outcomes = await inbox(people["seller"], "ship: approved", "ship: completed")
    assert len(outcomes) == 2 and "by manager@outward.example" in str(outcomes)
    (words,) = await inbox(people["staff"], "Ship Lamp")
    assert words["body"] == "Score 7"

    def mailed() -> bool:
        sent = {(mail["To"], mail["Subject"]) for mail in mails.mails}
        wanted = {("manager", "a decision is awaited"), ("seller", "approved"), ("seller", "completed")}
        return {(f"{name}@outward.example", f"ship: {subject}") for name, subject in wanted} <= sent

    await eventually(mailed)

    # What follows a decision hangs under its request, linked to the first trace of the instance.
    async def traced() -> Any:
        spans = (await admin.get(f"/_events?trace_id={decided_trace}&per_page=100")).data
        known = {span["action"] for span in spans}
        return spans if {"workflow.approve", "workflow.advance", "write.insert", "shipped"} <= known else None

    spans = await eventually(traced)
    linked = {span["action"]: span["metadata"].get("linked_trace_id") for span in spans}
    assert linked["workflow.approve"] == linked["workflow.advance"] == first_trace
    assert Counter(span["action"] for span in spans)["shipped"] == 1
    (parcel,) = (await admin.get("/parcel")).data
    (version,) = (await admin.get(f"/parcel/{parcel['id']}/history")).data
    assert (version["on_behalf_of"], version["cause"], version["trace_id"]) == (
        (await people["manager"].get("/auth/me")).data["id"], "workflow:ship", decided_trace,
    )  # fmt: skip


async def test_a_request_that_fails_three_times_is_a_failed_step(admin: Client, receiver: HttpReceiver) -> None:
    receiver.respond = lambda number: 500
    webhook = {"type": "webhook", "url": receiver.url, "wait": True}
    await admin.define({
        "name": "call", "trigger": {"type": "manual"},
        "steps": [
            {"id": "call", "type": "action", "actions": [webhook], "on_failure": {"goto": "help"}},
            {"id": "help", "type": "approval", "approvers": [{"user": "admin@localhost"}]},
        ],
    }, "workflows")  # fmt: skip
    started = (await admin.post("/_workflows/start", {"workflow": "call"})).expect(201).data
    shown = await instance_at(admin, started["id"], "help")
    assert len(receiver.requests) == 3 and len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1
    failed = next(entry for entry in shown["history"] if entry["status"] == "failed")
    assert failed["step"] == "call" and "500" in failed["reason"]
