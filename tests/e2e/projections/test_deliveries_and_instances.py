"""Verification compares deliveries and workflow instances with the commits of the log."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import executed
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver
from tests.support.relations import make
from tests.support.replays import finished, projection, verified

ITEM = entity("item", text("name"), text("state"))
STEP = {"id": "look", "type": "approval", "on_approve": "end", "on_reject": "end"}
WORKFLOW = {
    "name": "taking",
    "trigger": {"type": "state_change", "entity": "item", "field": "state", "to": "taken"},
    "context": {"name": "record.name"},
    "steps": [STEP],
}


async def define(admin: Client, receiver: HttpReceiver) -> tuple[Any, Any]:
    """Items, a webhook for all of them, and a workflow for those with the state taken."""
    await admin.define(ITEM)
    form = {"entity": "item", "hook": "after_write", "url": receiver.url, "condition": "record.name != 'quiet'"}
    webhook = await admin.define(form, "webhooks")
    return webhook, (await admin.define(WORKFLOW, "workflows"))


async def test_verification_uses_the_definitions_of_each_commit(admin: Client, receiver: HttpReceiver) -> None:
    webhook, workflow = await define(admin, receiver)
    item = await make(admin, "item", name="a", state="taken")
    await make(admin, "item", name="quiet", state="taken")
    (await admin.post("/item/_bulk", [{"name": f"many {n}", "state": "taken"} for n in range(400)])).expect(201)
    await verified(admin, "webhook", "workflow")
    whole = await finished(admin, "webhook", "verify")
    assert (whole["checked"], (await projection(admin, "webhook"))["hash"]) == (402, whole["hash"])
    # Attempts, decisions and replays of ranges are no matter of the log; what an admin deletes is not missed.
    (running, *_) = (await admin.get("/_workflows?per_page=2")).expect(200).data
    (await admin.post(f"/_workflows/{running['id']}/approve")).expect(200)
    (await admin.delete(f"/_workflows/{running['id']}")).expect(200)
    # What is defined later holds for later commits; what was renamed or has gone was told as it was.
    (await admin.put(f"/_admin/workflows/{workflow['id']}", WORKFLOW | {"active": False})).expect(200)
    renamed = entity("item", text("title", renamed_from="name"), text("state"))
    (await admin.put("/_admin/entities/item", renamed)).expect(200)
    (await admin.put(f"/item/{item['id']}", {"title": "b", "state": "open"})).expect(200)
    (await admin.put(f"/item/{item['id']}", {"state": "taken"})).expect(200)
    await verified(admin, "webhook", "workflow")
    (await admin.delete(f"/_admin/webhooks/{webhook['id']}")).expect(200)
    (await admin.delete(f"/_admin/workflows/{workflow['id']}")).expect(200)
    await make(admin, "item", title="untold", state="taken")
    await verified(admin, "webhook", "workflow")


STRAY_DELIVERY = """
INSERT INTO webhook.deliveries (id, webhook_id, commit_key, entity, record_id, hook, url, method, request_headers,
    request_body, status, max_attempts, backoff, idempotency_key, trace_id, endpoint)
SELECT gen_random_uuid(), gen_random_uuid(), commit_key, entity, record_id, hook, url, method, request_headers,
    request_body, 'failed', max_attempts, backoff, idempotency_key, trace_id, endpoint
FROM webhook.deliveries WHERE record_id = $1
"""
STRAY_INSTANCE = """
INSERT INTO workflow.instances (id, workflow_id, workflow_name, definition, status, context, created_at, updated_at,
    entity, record_id, commit_key, actor, trace_id, cause_depth, state, seq)
SELECT gen_random_uuid(), workflow_id, workflow_name, definition, 'completed', context, created_at, updated_at,
    entity, record_id, '1.7', actor, trace_id, cause_depth, state, seq
FROM workflow.instances WHERE record_id = $1
"""


@pytest.mark.parametrize(
    ("name", "tampering", "found"),
    [
        ("webhook", "UPDATE webhook.deliveries SET request_body = replace(request_body::text, 'cret', 'creT')::json "
         "WHERE record_id = $1", "the delivery has another request_body"),
        ("webhook", "UPDATE webhook.deliveries SET endpoint = overlay(endpoint PLACING 'x' FROM 1) "
         "WHERE record_id = $1", "the delivery has another endpoint"),
        ("webhook", "UPDATE webhook.deliveries SET hook = 'after_writE' WHERE record_id = $1",
         "the delivery has another hook"),
        ("webhook", "DELETE FROM webhook.deliveries WHERE record_id = $1", "the delivery is missing"),
        ("webhook", STRAY_DELIVERY, "no commit comes to this delivery"),
        ("workflow", """UPDATE workflow.instances SET context = '{"name": "secreT"}' WHERE record_id = $1""",
         "the instance has another context"),
        ("workflow", "UPDATE workflow.instances SET definition = definition || '{\"name\": \"takinG\"}' "
         "WHERE record_id = $1", "the instance has another definition"),
        ("workflow", "UPDATE workflow.instances SET workflow_name = 'takinG' WHERE record_id = $1",
         "the instance has another workflow_name"),
        ("workflow", "DELETE FROM workflow.instances WHERE record_id = $1", "the instance is missing"),
        ("workflow", STRAY_INSTANCE, "no commit comes to this instance"),
    ],
    ids=["body", "endpoint", "hook", "delivery gone", "delivery added", "context", "definition", "name",
         "instance gone", "instance added"],
)  # fmt: skip
async def test_tampered_rows_are_reported(
    stack: Stack, admin: Client, receiver: HttpReceiver, name: str, tampering: str, found: str
) -> None:
    await define(admin, receiver)
    await make(admin, "item", name="other", state="taken")
    item = await make(admin, "item", name="secret", state="taken")
    await verified(admin, name)
    assert (await executed(stack, admin, tampering, item["id"])).endswith(" 1")
    replay = await finished(admin, name, "verify")
    (difference,) = replay["first_differences"]
    assert (replay["differences"], replay["equal"], difference["what"]) == (1, False, found)
    assert difference["position"] == (1 if tampering == STRAY_INSTANCE else 2)
    assert "secre" not in str(replay), "values are nobody's business here"
    assert (await projection(admin, name))["verify"]["equal"] is False
