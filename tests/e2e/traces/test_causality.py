"""From one request to everything it has led to, compared with what has really happened."""

from __future__ import annotations

from typing import Any

from libs.shared.ids import random_uuid
from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, integer, text
from tests.support.receivers import HttpReceiver

Graph = dict[str, Any]


async def graph_with(admin: Client, trace_id: str, *kinds: str) -> Graph:
    """The graph of a trace, when it has nodes of these kinds, as often as they are named."""

    async def complete() -> Any:
        reply = await admin.get(f"/_events/causality/{trace_id}")
        nodes = reply.data["nodes"] if reply.status == 200 else []
        is_known = bool(nodes) and nodes[0]["status"] != "unknown"  # its span is stored a moment later
        return reply.data if is_known and sorted(node["kind"] for node in nodes) == sorted(kinds) else None

    graph: Graph = await eventually(complete, within=20)
    return graph


def of_kind(graph: Graph, kind: str) -> list[Any]:
    return [node for node in graph["nodes"] if node["kind"] == kind]


def cause_of(graph: Graph, node: Any) -> str:
    [cause] = [edge["from"] for edge in graph["edges"] if edge["to"] == node["id"]]
    return str(cause)


def number_of(node: Any) -> str:
    return str(node["id"].partition(":")[2])


async def define_approval(admin: Client, url: str) -> None:
    """Orders that are paid ask a manager, who has them marked; changes are delivered, marks notified."""
    await admin.define(entity("order", text("status"), text("mark"), integer("total")))
    mark = {"type": "set_field", "entity": "order", "record_id": "context.id", "field": "mark", "value": "seen"}
    told = {"type": "send_event", "event": "marked", "payload": {}}
    await admin.define(
        {
            "name": "check",
            "trigger": {"type": "state_change", "entity": "order", "field": "status", "to": "paid"},
            "context": {"id": "record.id"},
            "notify": False,
            "steps": [
                {"id": "ask", "type": "approval", "approvers": [{"role": "manager"}], "on_approve": {"goto": "mark"}},
                {"id": "mark", "type": "action", "actions": [mark, told]},
            ],
        },
        "workflows",
    )
    await admin.define({"entity": "order", "url": url}, "webhooks")
    await admin.define(
        {
            "name": "marked", "entity": "order", "hook": "after_update", "condition": "record.mark == 'seen'",
            "channel": "in_app", "recipients": [{"role": "admin"}], "tell_actor": True,
            "template": {"subject": "Marked", "body": "Seen"},
        },
        "notification-rules",
    )  # fmt: skip


async def test_a_request_leads_to_its_effects_also_those_of_a_later_decision(
    admin: Client, receiver: HttpReceiver
) -> None:
    await define_approval(admin, receiver.url)
    manager = await admin.user("manager@causes.example", ["manager"])
    made = (await admin.post("/order", {"status": "open", "total": 1})).expect(201).data
    paid, decided = random_uuid(), random_uuid()
    reply = (await admin.put(f"/order/{made['id']}", {"status": "paid"}, X_Trace_ID=paid)).expect(200)
    first = ("request", "commit", "delivery", "workflow_instance", "workflow_step")
    graph = await graph_with(admin, paid, *first)
    assert graph["nodes"][0] | {"at": None} == {
        "id": f"request:{paid}", "kind": "request", "label": f"PUT {admin.prefix}/order/{made['id']}", "status": "ok",
        "at": None,
    }  # fmt: skip
    [instance] = of_kind(graph, "workflow_instance")
    assert cause_of(graph, instance) == f"commit:{reply.headers['X-Commit']}"
    instance_id = number_of(instance)
    (await manager.post(f"/_workflows/{instance_id}/approve", {}, X_Trace_ID=decided)).expect(200)

    # What follows a decision belongs to the trace of that, and yet the first request has led to it.
    more = ("workflow_step", "commit", "delivery", "notification", "event")
    graph = await graph_with(admin, paid, *first, *more)
    ask, mark = of_kind(graph, "workflow_step")
    assert ([ask["label"], ask["status"]], mark["label"]) == (["ask", "approved"], "mark")
    [own, effect] = of_kind(graph, "commit")
    assert cause_of(graph, own) == f"request:{paid}" and cause_of(graph, effect) == mark["id"]
    logged = (await admin.get("/_commits?entity=order")).data
    assert [number_of(node) for node in (effect, own)] == [str(row["position"]) for row in logged[:2]]
    logs = (await admin.get("/_admin/webhook-logs")).data
    deliveries = of_kind(graph, "delivery")
    assert {number_of(node) for node in deliveries} == {row["id"] for row in logs[:2]}
    assert {cause_of(graph, node) for node in deliveries} == {own["id"], effect["id"]}
    [notification] = of_kind(graph, "notification")
    [told] = (await admin.get("/_admin/notifications")).data
    assert number_of(notification) == told["id"] and cause_of(graph, notification) == effect["id"]
    [event] = of_kind(graph, "event")
    assert (event["label"], cause_of(graph, event)) == ("marked", mark["id"])

    # The decision has led to what came after it.
    graph = await graph_with(admin, decided, "request", "workflow_instance", "workflow_step", *more)
    [instance] = of_kind(graph, "workflow_instance")
    assert cause_of(graph, instance) == f"request:{decided}"
    assert [node["label"] for node in of_kind(graph, "workflow_step")] == ["ask", "mark"]
    (await manager.get(f"/_events/causality/{paid}")).expect(403)


async def test_a_refused_request_stands_alone(admin: Client) -> None:
    await admin.define(entity("order", text("status", required=True)))
    refused = random_uuid()
    (await admin.post("/order", {}, X_Trace_ID=refused)).expect(422)
    graph = await graph_with(admin, refused, "request")
    assert (graph["edges"], graph["truncated"], graph["nodes"][0]["status"]) == ([], False, "error")
    for unknown in (random_uuid(), "nothing"):
        assert (await admin.get(f"/_events/causality/{unknown}")).expect(404).code == "NOT_FOUND"
