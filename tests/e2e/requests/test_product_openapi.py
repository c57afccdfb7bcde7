"""`/openapi.json` describes every route, and answers are what it says."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.testing.polling import eventually
from services.gateway.openapi.product import product_document
from services.gateway.routes import ROUTES
from tests.support.client import Client, entity, integer, text
from tests.support.contract import ContractClient
from tests.support.uploads import upload

NOTE = entity("memo", text("title", unique=True), integer("n"), text("state", enum=["new", "done"]), soft_delete=True)


async def test_the_document_is_public_valid_and_cached(client: Client) -> None:
    specs = pytest.importorskip("openapi_spec_validator", reason="requirements/dev.txt is not installed")
    found = (await client.get("/openapi.json")).expect(200)
    assert found.body == product_document(ROUTES)
    assert (await client.get("/openapi.json", If_None_Match=found.headers["ETag"])).status == 304
    specs.OpenAPIV31SpecValidator(found.body).validate()


async def test_writes_are_as_described(admin: Client) -> None:
    caller = ContractClient.of(admin)
    await _definitions(caller)
    await _records(caller)
    await _people(caller)
    await _operations(caller)
    assert caller.broken == []
    assert len({name for name, status in caller.seen if status < 300}) > 50


async def _definitions(caller: ContractClient) -> None:
    (await caller.post("/_admin/entities", NOTE)).expect(201)
    documents: dict[str, dict[str, Any]] = {
        "permissions": {"entity": "memo", "action": "read", "roles": ["staff"]},
        "rules": {"entity": "memo", "hook": "before_write", "type": "field",
                  "definition": {"field": "n", "operator": "min", "value": 0}},
        "webhooks": {"entity": "memo", "url": "http://127.0.0.1:1/", "retry": {"max_attempts": 1}},
        "ui-configs": {"entity": "memo", "config": {"a": 1}}, "roles": {"name": "staff"},
        "state-machines": {"entity": "memo", "field": "state", "definition": {
            "initial": "new", "transitions": [{"from": "new", "to": "done"}]}},
        "notification-rules": {"name": "told", "entity": "memo", "hook": "after_create", "channel": "in_app",
                               "template": {"subject": "a", "body": "b"}, "recipients": [{"role": "admin"}],
                               "tell_actor": True},
        "workflows": {"name": "check", "steps": [{"id": "wait", "type": "approval"}], "trigger": {
            "type": "state_change", "entity": "memo", "field": "state", "to": "done"}},
    }  # fmt: skip
    for kind, document in documents.items():
        row = (await caller.post(f"/_admin/{kind}", document)).expect(201).data
        path = f"/_admin/{kind}/{row['id']}"
        (await caller.put(path, document)).expect(200)
        (await caller.request("PATCH", path, {})).expect(200)
        (await caller.get(f"{path}/versions")).expect(200)
        (await caller.post(f"{path}/restore", {"version": 1})).expect(200)
        (await caller.get(f"/_admin/{kind}")).expect(200)
        (await caller.post(f"/_admin/{kind}", {"unknown": 1})).expect(422)
    spare = (await caller.post("/_admin/roles", {"name": "spare"})).expect(201).data["id"]
    (await caller.delete(f"/_admin/roles/{spare}")).expect(200)
    (await caller.put("/_admin/entities/memo", NOTE)).expect(200)
    document = (await caller.get("/_admin/export")).expect(200).data
    (await caller.post("/_admin/import", document)).expect(200)
    (await caller.post("/_admin/schema/plan", document)).expect(200)
    (await caller.post("/_admin/schema/apply", document)).expect(200)
    (await caller.post("/_admin/rules/try", documents["rules"])).expect(200)
    (await caller.post("/_admin/explain", {"roles": ["staff"], "action": "read", "entity": "memo"})).expect(200)
    (await caller.request("PATCH", "/_admin/settings", {"branding": {"name": "A"}})).expect(200)
    (await caller.put("/_admin/settings", {})).expect(200)
    (await caller.get("/_admin/settings/versions")).expect(200)
    (await caller.get("/_ui/branding")).expect(200)


async def _records(caller: ContractClient) -> None:
    memo = (await caller.post("/memo", {"title": "a", "n": 1, "state": "new"})).expect(201).data["id"]
    (await caller.put(f"/memo/{memo}", {"n": 2})).expect(200)
    changed = (await caller.request("PATCH", f"/memo/{memo}", {"n": 3})).expect(200)
    (await caller.put(f"/memo/{memo}", {"n": 4}, If_Match='"1"')).expect(412)
    (await caller.put(f"/memo/{memo}", {"n": -1})).expect(422)
    (await caller.post("/memo", {"title": "a"})).expect(409)
    commit = (await caller.get(f"/memo/{memo}/history")).expect(200).data[0]["commit_id"]
    (await caller.get(f"/_commits/{commit}")).expect(200)
    (await caller.post(f"/_commits/{commit}/undo")).expect(200)
    assert changed.headers["ETag"] == '"3"'
    rows = (await caller.post("/memo/_bulk", [{"title": "b"}, {"title": "c"}])).expect(201).data["ids"]
    (await caller.put("/memo/_bulk", [{"id": rows[0], "n": 7}])).expect(200)
    (await caller.get("/memo/_aggregate?count=*&sum=n&group_by=state")).expect(200)
    (await caller.request("DELETE", "/memo/_bulk", rows)).expect(200)
    (await caller.post(f"/memo/{rows[0]}/restore")).expect(200)
    (await caller.get("/memo?filter[nothing]=1")).expect(400)
    (await caller.put(f"/memo/{memo}", {"state": "done"})).expect(200)
    view = (await caller.post("/_views", {"entity": "memo", "name": "v", "state": {}})).expect(201).data["id"]
    (await caller.put(f"/_views/{view}", {"entity": "memo", "name": "w", "state": {}})).expect(200)
    (await caller.request("PATCH", f"/_views/{view}", {"name": "x"})).expect(200)
    (await caller.delete(f"/_views/{view}")).expect(200)
    (await caller.delete(f"/memo/{memo}")).expect(200)


async def _people(caller: ContractClient) -> None:
    form = {"email": "ann@example.org", "password": "secret-1", "roles": ["staff"]}
    ann = (await caller.post("/_admin/users", form)).expect(201).data["id"]
    (await caller.post("/_admin/users", form)).expect(409)
    (await caller.put(f"/_admin/users/{ann}", {"email": "ann@example.org", "roles": []})).expect(200)
    (await caller.post(f"/_admin/users/{ann}/view-token")).expect(201)
    (await caller.delete(f"/_admin/users/{ann}/totp")).expect(200)
    invite = (await caller.post("/_admin/invites", {"email": "eve@example.org"})).expect(201).data["id"]
    (await caller.post("/_admin/invites/bulk", {"emails": ["bob@example.org", "eve@example.org"]})).expect(200)
    (await caller.delete(f"/_admin/invites/{invite}")).expect(200)
    key = (await caller.post("/_admin/api-keys", {"name": "k", "roles": ["staff"]})).expect(201).data["id"]
    (await caller.delete(f"/_admin/api-keys/{key}")).expect(200)
    tokens = (await caller.post("/auth/login", {"email": "admin@localhost", "password": "changeme"})).expect(200).data
    (await caller.post("/auth/login", {"email": "admin@localhost", "password": "no"})).expect(401)
    renewed = (await caller.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).expect(200).data
    (await caller.post("/auth/logout", {"refresh_token": renewed["refresh_token"]})).expect(200)
    (await caller.post("/_live/ticket")).expect(201)
    (await caller.delete(f"/_admin/users/{ann}")).expect(200)


async def _operations(caller: ContractClient) -> None:
    (await caller.post("/_events", {"action": "told", "entity": "memo", "record_id": 1})).expect(201)
    for question in ("?group_by=action&interval=1h", ""):
        (await caller.get(f"/_events/stats{question}")).expect(200)
    webhook = (await caller.get("/_admin/webhooks")).expect(200).data[0]["id"]
    for what in ("test", "enable", "rotate-secret"):
        (await caller.post(f"/_admin/webhooks/{webhook}/{what}")).expect(200)
    (await caller.post(f"/_admin/webhooks/{webhook}/replay", {"from": 1})).expect(202)
    for path in ("/_notifications", "/_workflows/pending", "/_admin/webhook-logs?status=failed", "/_events"):

        async def first(path: str = path) -> Any:
            rows = (await Client.get(caller, path)).expect(200).data
            return rows and rows[0]["id"]

        found = await eventually(first, within=20)
        if path == "/_notifications":
            (await caller.post(f"{path}/{found}/read")).expect(200)
            (await caller.post(f"{path}/{found}/unread")).expect(200)
            (await caller.post(f"{path}/read-all")).expect(200)
        elif path == "/_workflows/pending":
            (await caller.post(f"/_workflows/{found}/approve", {"comment": "yes"})).expect(200)
            (await caller.delete(f"/_workflows/{found}")).expect(200)
        elif "webhook-logs" in path:
            (await caller.post(f"/_admin/webhook-logs/{found}/retry")).expect(200)
    file = (await upload(caller, b"a", "a.txt", "text/plain")).expect(201).data["id"]
    (await caller.get("/_files")).expect(200)
    (await caller.delete(f"/_files/{file}")).expect(200)
    granted = (await caller.post("/_admin/subscribers", {"name": "s"})).status
    assert granted in (201, 409, 422, 503)
    verified = (await caller.post("/_admin/projections/audit/verify")).expect(202).data["id"]
    (await caller.get(f"/_admin/projections/audit/replays/{verified}")).expect(200)
    for path in ("overview", "projections", "audit-logs", "dead-letters", "signing-keys"):
        (await caller.get(f"/_admin/{path}")).expect(200)
