"""What a request leaves in its trace: every stage, under the right parent, refusals included."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.ids import random_uuid
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver
from tests.support.relations import reference
from tests.support.traces import path_of, trace_with

NESTED = [
    "auth.validate", "permission.check", "write.webhooks", "webhook.ask", "write.validate", "write.rules",
    "write.state_machine", "nested_write.plan", "nested_write.child", "write.update", "write.commit", "query.execute",
    "webhook.match", "webhook.dispatch", "webhook.success", "workflow.trigger", "workflow.advance", "notify.match",
]  # fmt: skip


@pytest.fixture(scope="module")
async def admin(client: Client) -> Client:
    """An app with orders and lines, a machine, a rule, and a workflow that marks what is paid."""
    admin = await client.new_app()
    await admin.define(entity("order", text("status"), integer("total"), text("mark")))
    await admin.define(entity("line", text("sku"), reference("order_id")))
    await admin.relate("lines", "one_to_many", "order", "line", target_key="order_id", on_delete="cascade")
    ways = {"initial": "open", "transitions": [{"from": "open", "to": "paid"}]}
    await admin.define({"entity": "order", "field": "status", "definition": ways}, "state-machines")
    positive = {"type": "expression", "definition": {"expression": "record.total < 0", "message": "is negative"}}
    await admin.define({"entity": "order", "hook": "before_write", **positive}, "rules")
    mark = {"type": "set_field", "entity": "order", "record_id": "context.id", "field": "mark", "value": "seen"}
    await admin.define(
        {
            "name": "mark",
            "trigger": {"type": "state_change", "entity": "order", "field": "status", "to": "paid"},
            "context": {"id": "record.id"},
            "steps": [{"id": "mark", "type": "action", "actions": [mark]}],
        },
        "workflows",
    )
    await admin.define(
        {
            "name": "paid", "entity": "order", "hook": "after_update", "condition": "record.status == 'paid'",
            "channel": "in_app", "recipients": [{"role": "admin"}], "tell_actor": True,
            "template": {"subject": "Paid", "body": "Paid"},
        },
        "notification-rules",
    )  # fmt: skip
    for action in ("read", "create", "update"):
        for name in ("order", "line"):
            await admin.grant(name, action, "staff")
    return admin


async def test_a_nested_write_with_all_its_effects_is_one_trace(admin: Client, receiver: HttpReceiver) -> None:
    asked = {"entity": "order", "hook": "before_write", "url": receiver.url, "async": False}
    webhook_id = (await admin.define(asked, "webhooks"))["id"]
    await admin.define({"entity": "order", "url": receiver.url}, "webhooks")
    staff = await admin.user("staff@traces.example", ["staff"])
    made = (await staff.post("/order", {"total": 5})).expect(201).data
    trace_id = random_uuid()
    body = {"status": "paid", "lines": {"data": [{"sku": "a"}, {"sku": "b"}]}}
    (await staff.put(f"/order/{made['id']}", body, X_Trace_ID=trace_id)).expect(200)
    wanted = [name for name in NESTED if name != "auth.validate"]
    spans = await trace_with(admin, trace_id, *wanted, "request.start", "request.end", "workflow.trigger")
    roots = [span for span in spans if span["parent_span_id"] is None and span["component"] != "signal"]
    assert [span["action"] for span in roots] == ["request.end"]
    root = roots[0]
    assert root["metadata"]["route"] == "/api/{app}/{entity}/{id}"
    assert root["metadata"]["latency_ms"] == root["duration_ms"] and root["metadata"]["status_code"] == 200
    # No gap: every span hangs below the request, over parents that are all there.
    for span in spans:
        assert span["component"] == "signal" or path_of(spans, span)[0] == "request.end", span
        assert span["trace_id"] == trace_id

    def paths(action: str, entity_name: str | None = None) -> list[list[str]]:
        return [path_of(spans, s) for s in spans if s["action"] == action and entity_name in (None, s["entity"])]

    update = ["request.end", "write.update"]
    assert paths("request.start") == [["request.end", "request.start"]]
    assert [*update, "nested_write.plan"] in paths("nested_write.plan", "line")
    assert [*update, "nested_write.child", "write.validate"] in paths("write.validate", "line")
    assert [*update, "write.state_machine"] in paths("write.state_machine", "order")
    assert [*update, "write.rules"] in paths("write.rules", "order")
    assert ["request.end", "write.webhooks", "webhook.ask"] in paths("webhook.ask")
    committed = [*update, "write.commit"]
    assert paths("webhook.match", "order")[0] == [*committed, "webhook.match"]
    assert [*committed, "webhook.match", "webhook.dispatch"] in paths("webhook.dispatch")
    assert [*committed, "notify.match"] in paths("notify.match")
    assert [*committed, "workflow.trigger", "workflow.advance"] in paths("workflow.advance")
    # What the workflow writes hangs under its step.
    assert [*committed, "workflow.trigger", "workflow.advance", "write.update"] in paths("write.update")
    queries = [span for span in spans if span["action"] == "query.execute"]
    assert all(len(span["metadata"]["fingerprint"]) == 16 and span["metadata"]["rows"] >= 0 for span in queries)
    inserted = [span["metadata"] for span in queries if span["metadata"]["statement"] == "insert"]
    assert any(metadata["rows"] == 2 for metadata in inserted)
    assert not [span for span in spans if span["status"] == "error"]
    (await admin.delete(f"/_admin/webhooks/{webhook_id}")).expect(200)


async def test_refusals_are_errors_that_say_who_was_refused(admin: Client) -> None:
    staff = await admin.user("refused@traces.example", ["staff"])
    ids = [random_uuid() for _ in range(6)]
    (await admin.with_token("").get("/order", X_Trace_ID=ids[0])).expect(401)
    (await staff.get("/_admin/users", X_Trace_ID=ids[1])).expect(403)
    wrong = {"email": "refused@traces.example", "password": "wrong"}
    (await staff.with_token("").post("/auth/login", wrong, X_Trace_ID=ids[2])).expect(401)
    made = (await staff.post("/order", {"total": 1})).expect(201).data
    (await staff.delete(f"/order/{made['id']}", X_Trace_ID=ids[3])).expect(403)
    (await staff.put(f"/order/{made['id']}", {"total": -1, "status": "paid"}, X_Trace_ID=ids[4])).expect(422)
    (await staff.put(f"/order/{made['id']}", {"status": "gone"}, X_Trace_ID=ids[5])).expect(422)
    me = next(row["id"] for row in (await admin.get("/_admin/users")).data if row["email"].startswith("refused"))
    told: list[tuple[tuple[str, ...], str, int, str | None]] = [
        (("auth.denied",), "missing", 401, None),
        (("permission.denied",), "forbidden", 403, me),
        (("auth.login", "auth.denied"), "invalid", 401, None),
        (("permission.check", "permission.denied"), "forbidden", 403, me),
        (("write.rules",), "", 422, me),
        (("write.state_machine",), "", 422, me),
    ]
    for trace_id, (actions, reason, status, user_id) in zip(ids, told, strict=True):
        spans = await trace_with(admin, trace_id, "request.end", *actions)
        root = next(span for span in spans if span["action"] == "request.end")
        assert (root["metadata"]["status_code"], root["status"], root["user_id"]) == (status, "error", user_id)
        for action in actions:
            assert all(span["status"] == "error" for span in spans if span["action"] == action), action
        if reason:
            [denied] = [span for span in spans if span["action"].endswith(".denied")]
            assert (denied["metadata"]["reason"], denied["duration_ms"]) == (reason, 0)


async def test_a_trace_of_another_system_goes_on(admin: Client) -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    carried = f"00-{trace}-{span}-01"
    uuid = "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
    reply = (await admin.get("/order?per_page=2", traceparent=carried)).expect(200)
    assert reply.headers["X-Trace-ID"] == uuid
    spans = await trace_with(admin, uuid, "request.end", "query.execute")
    root: dict[str, Any] = next(each for each in spans if each["action"] == "request.end")
    # 8-byte ids are mapped to UUIDs: the first half of the trace, then the id.
    assert root["parent_span_id"] == "4bf92f35-77b3-4da6-00f0-67aa0ba902b7"
    [query] = [each for each in spans if each["action"] == "query.execute"]
    assert query["metadata"]["rows"] == min(2, reply.meta["total"])
    own = random_uuid()
    assert (await admin.get("/order", traceparent=carried, X_Trace_ID=own)).headers["X-Trace-ID"] == own
    for broken in ("", "00-0-0-01", f"ff-{trace}-{span}-01", f"00-{'0' * 32}-{span}-01"):
        assert (await admin.get("/order", traceparent=broken)).headers["X-Trace-ID"] != uuid
