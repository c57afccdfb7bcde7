"""The README's first ten minutes: define an entity, use it, and watch each consumer react to a commit."""

from __future__ import annotations

from typing import Any

import aiohttp

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver, Mailbox

TICKET = entity(
    "ticket", text("title", required=True), text("status", default="open"), text("mail"), integer("priority")
)


async def test_an_entity_is_usable_by_the_next_request(admin: Client) -> None:
    await admin.define(TICKET)
    created = (await admin.post("/ticket", {"title": "Printer on fire", "priority": 1})).expect(201)
    record = created.data
    assert created.headers["ETag"] == '"1"'
    assert record["status"] == "open"

    updated = (await admin.put(f"/ticket/{record['id']}", {"priority": 2})).expect(200)
    assert updated.data == {**record, "priority": 2}
    assert (await admin.get(f"/ticket/{record['id']}")).expect(200).data == updated.data
    assert (await admin.get("/ticket?filter[priority.gte]=2&sort=-priority")).data == [updated.data]

    assert (await admin.delete(f"/ticket/{record['id']}")).expect(200).data == {"id": record["id"]}
    assert (await admin.get(f"/ticket/{record['id']}")).expect(404).code == "NOT_FOUND"


async def test_history_has_every_version(admin: Client) -> None:
    await admin.define(TICKET)
    record = (await admin.post("/ticket", {"title": "a"})).data
    await admin.put(f"/ticket/{record['id']}", {"title": "b"})
    await admin.delete(f"/ticket/{record['id']}")
    history = (await admin.get(f"/ticket/{record['id']}/history")).expect(200)
    assert [(row["version"], row["action"]) for row in history.data] == [
        (3, "delete"),
        (2, "update"),
        (1, "create"),
    ]
    assert history.data[1]["changed"] == {"title": {"old": "a", "new": "b"}}
    assert history.data[1]["user"]["email"] == "admin@localhost"
    assert history.meta == {"page": 1, "per_page": 25, "total": 3}
    assert (await admin.get(f"/ticket/{record['id']}?version=1")).data == record


async def test_decimals_keep_their_digits_in_the_log(admin: Client) -> None:
    await admin.define(entity("price", {"name": "amount", "type": "decimal", "precision": 2}))
    prefix, headers = admin.url + admin.prefix, {"Authorization": f"Bearer {admin.token}"}
    texts = []
    async with admin.session.post(prefix + "/price", data=b'{"amount": 9999999999999999.98}', headers=headers) as reply:
        record_id = (await reply.json())["data"]["id"]
    path = f"{prefix}/price/{record_id}"
    async with admin.session.put(path, data=b'{"amount": 9999999999999999.99}', headers=headers) as reply:
        texts.append(await reply.text())
    for query in ("/history", "?version=2"):
        async with admin.session.get(path + query, headers=headers) as reply:
            texts.append(await reply.text())
    assert all("9999999999999999.99" in answer for answer in texts)
    assert '"old":9999999999999999.98,"new":9999999999999999.99' in texts[1]

    async def audited() -> bool:
        async with admin.session.get(f"{prefix}/_admin/audit-logs?record_id={record_id}", headers=headers) as reply:
            text = await reply.text()
        return "9999999999999999.98" in text and "9999999999999999.99" in text

    await eventually(audited)


async def test_a_commit_is_audited_and_traced(admin: Client) -> None:
    await admin.define(TICKET)
    trace_id = "0e3c8f6e-9d5b-4a3f-8f3a-1b2c3d4e5f60"
    created = await admin.post("/ticket", {"title": "a"}, X_Trace_ID=trace_id)
    assert created.headers["X-Trace-ID"] == trace_id

    async def audited() -> Any:
        return (await admin.get(f"/_admin/audit-logs?record_id={created.data['id']}")).data

    (row,) = await eventually(audited)
    assert (row["action"], row["new_data"], row["trace_id"]) == ("create", created.data, trace_id)
    assert row["user_email"] == "admin@localhost"

    async def traced() -> Any:
        reply = await admin.get(f"/_events/trace/{trace_id}")
        root = reply.data["root_span"] if reply.status == 200 else {}
        # The spans of gateway and data arrive on their own.
        return root.get("source") == "http" and "query.execute" in _actions(root) and reply.data

    trace = await eventually(traced)
    assert trace["root_span"]["source"] == "http"
    assert trace["root_span"]["metadata"]["status_code"] == 201
    assert {"write.validate", "write.insert"} <= _actions(trace["root_span"])
    assert trace["total_duration_ms"] == trace["root_span"]["duration_ms"]


async def test_the_trace_of_a_caller_with_policies_shows_the_check(admin: Client) -> None:
    await admin.define(TICKET)
    await admin.grant("ticket", "create", "sales")
    user = await admin.user("ann@example.com", ["sales"])
    created = (await user.post("/ticket", {"title": "a"})).expect(201)

    async def traced() -> bool:
        reply = await admin.get(f"/_events/trace/{created.headers['X-Trace-ID']}")
        return reply.status == 200 and {"auth.validate", "permission.check"} <= _actions(reply.data["root_span"])

    await eventually(traced)


async def test_readiness_shows_consumer_lag(admin: Client) -> None:
    await admin.define(TICKET)
    await admin.post("/ticket", {"title": "a"})

    async def caught_up() -> Any:
        services = (await Client(admin.session, admin.url).get("/readyz")).expect(200).body["services"]
        lags = {f"{service}/{name}": n for service, state in services.items() for name, n in state["lag"].items()}
        return not any(lags.values()) and lags

    lags = await eventually(caught_up)
    assert {"data/relay", "workflow/workflow", "webhook/webhook", "notify/notify", "events/audit"} <= set(lags)
    services = (await Client(admin.session, admin.url).get("/readyz")).expect(200).body["services"]
    positions = {name: n for state in services.values() for name, n in state["position"].items()}
    assert {"workflow", "webhook", "webhook_actions", "notify", "audit", "signals", "telemetry"} <= set(positions)
    assert all(positions[name] > 0 for name in ("workflow", "webhook", "notify", "audit", "signals"))

    # Each data replica answers for the relays it leads, and other apps' commits may be under way in them.
    async def measured() -> bool:
        async with admin.session.get(admin.url + "/metrics") as response:
            text = await response.text()
            assert 'rocket_position{service="events",of="audit"} ' in text
            return 'rocket_lag{service="data",of="relay"} 0' in text

    await eventually(measured)


async def test_a_webhook_is_delivered(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(TICKET)
    hook = {"entity": "ticket", "url": receiver.url + "/hook", "condition": "action == 'create'"}
    await admin.define(hook, "webhooks")
    record = (await admin.post("/ticket", {"title": "a"})).data
    await admin.put(f"/ticket/{record['id']}", {"title": "b"})

    await eventually(lambda: receiver.requests)
    (_, payload), *more = receiver.requests
    assert not more
    assert (payload["event"], payload["action"], payload["record"]) == ("after_write", "create", record)
    assert payload["idempotency_key"].startswith("wh_")

    async def logged() -> Any:
        return (await admin.get("/_admin/webhook-logs?status=delivered")).data

    (row,) = await eventually(logged)
    assert (row["attempt"], row["response_status"], row["next_retry_at"]) == (1, 200, None)


async def test_a_failing_receiver_is_tried_again(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(TICKET)
    receiver.respond = lambda number: 500 if number < 3 else 200
    await admin.define({"entity": "ticket", "url": receiver.url}, "webhooks")
    await admin.post("/ticket", {"title": "a"})

    async def delivered() -> Any:
        return (await admin.get("/_admin/webhook-logs?status=delivered")).data

    (row,) = await eventually(delivered, within=20)
    assert row["attempt"] == 3
    keys = {payload["idempotency_key"] for _, payload in receiver.requests}
    assert len(receiver.requests) == 3 and len(keys) == 1


async def test_a_workflow_acts_on_a_state_change(admin: Client) -> None:
    await admin.define(TICKET)
    workflow = {
        "name": "urgent",
        "trigger": {"type": "state_change", "entity": "ticket", "field": "status", "to": "urgent"},
        "context": {"ticket": "record.id", "title": "trigger.record.title", "nothing": "record.nope"},
        "steps": [
            {
                "id": "raise",
                "type": "action",
                "actions": [
                    {
                        "type": "set_field", "entity": "ticket", "record_id": "context.ticket",
                        "field": "priority", "value": 9,
                    }
                ],
                "then": {"goto": "end"},
            }
        ],
    }  # fmt: skip
    await admin.define(workflow, "workflows")
    record = (await admin.post("/ticket", {"title": "a"})).data
    await admin.put(f"/ticket/{record['id']}", {"status": "urgent"})

    async def raised() -> bool:
        return bool((await admin.get(f"/ticket/{record['id']}")).data["priority"] == 9)

    await eventually(raised)
    (instance,) = (await admin.get("/_workflows?workflow=urgent")).data

    async def completed() -> Any:
        found = (await admin.get(f"/_workflows/{instance['id']}")).data
        return found["status"] == "completed" and found

    done = await eventually(completed)
    assert done["context"] == {"ticket": record["id"], "title": "a", "nothing": None}
    assert [(step["step"], step["status"]) for step in done["history"]] == [("raise", "completed")]


async def test_a_workflow_calls_a_webhook(admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(TICKET)
    trigger = {"type": "state_change", "entity": "ticket", "field": "status", "to": "open"}
    call = {"type": "webhook", "url": receiver.url + "/call", "method": "POST"}
    steps = [{"id": "call", "type": "action", "actions": [call]}]
    workflow = {"name": "call", "trigger": trigger, "context": {"title": "record.title"}, "steps": steps}
    await admin.define(workflow, "workflows")
    await admin.post("/ticket", {"title": "ring"})
    await eventually(lambda: receiver.requests)
    assert [payload for _, payload in receiver.requests] == [{"title": "ring"}]


async def test_a_rule_notifies_by_mail_and_in_app(admin: Client, mails: Mailbox) -> None:
    await admin.define(TICKET)
    template = {"subject": "Ticket {{ record.title }}", "body": "By {{ user.email }}"}
    for name, channel, recipients in (
        ("mail", "email", [{"path": "record.mail"}]),
        ("inbox", "in_app", [{"role": "admin"}]),
    ):
        rule = {
            "name": name, "entity": "ticket", "hook": "after_create", "channel": channel,
            "template": template, "recipients": recipients, "tell_actor": True,
        }  # fmt: skip
        await admin.define(rule, "notification-rules")
    address = f"{admin.prefix.removeprefix('/api/')}@example.com"
    await admin.post("/ticket", {"title": "a", "mail": address})

    (mail,) = await eventually(lambda: [m for m in mails.mails if m["To"] == address])
    assert (mail["Subject"], mail.get_content().strip()) == ("Ticket a", "By admin@localhost")

    async def arrived() -> Any:
        return (await admin.get("/_notifications")).data

    (notification,) = await eventually(arrived)
    assert notification["subject"] == "Ticket a"
    (await admin.post(f"/_notifications/{notification['id']}/read")).expect(200)
    assert (await admin.get("/_notifications?unread=true")).data == []


async def test_a_file_is_uploaded_into_a_record_and_downloaded(admin: Client) -> None:
    await admin.define(entity("document", text("title"), {"name": "file", "type": "file", "required": True}))
    content = bytes(range(256)) * 2000
    uploaded = (await _upload(admin, content)).expect(201).data
    assert uploaded["filename"] == "evil.bin" and uploaded["size"] == len(content)
    record = (await admin.post("/document", {"title": "a", "file": uploaded["id"]})).expect(201).data
    described = {name: uploaded[name] for name in ("id", "filename", "size", "mime_type")}
    assert record["file"] == described
    again = (await admin.put(f"/document/{record['id']}", {"file": record["file"]})).expect(200).data
    assert again["file"] == described
    headers = {"Authorization": f"Bearer {admin.token}"}
    async with admin.session.get(admin.url + uploaded["url"], headers=headers) as response:
        assert await response.read() == content
        assert "evil.bin" in response.headers["Content-Disposition"]
    unknown = "00000000-0000-4000-8000-000000000000"
    assert (await admin.post("/document", {"title": "a", "file": unknown})).expect(404).code == "NOT_FOUND"
    assert (await admin.delete(f"/_files/{uploaded['id']}")).expect(409).code == "CONFLICT"
    (await admin.delete(f"/_files/{uploaded['id']}?force=true")).expect(200)
    (await admin.get(f"/_files/{uploaded['id']}")).expect(404)


async def test_wrong_uploads_are_refused(admin: Client) -> None:
    (await admin.post("/_files/upload", {"file": "no multipart"})).expect(400)
    too_large = await _upload(admin, b"x" * (10 * 1024 * 1024 + 1))
    assert too_large.expect(413).code == "FILE_TOO_LARGE"
    assert (await _upload(admin, b"")).expect(201).data["size"] == 0


async def _upload(admin: Client, content: bytes) -> Any:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", content, filename="../../evil.bin", content_type="application/x-thing")
    return await admin.request("POST", "/_files/upload", raw=form)


def _actions(span: dict[str, Any]) -> set[str]:
    return {span["action"]}.union(*(_actions(child) for child in span["children"]))
