"""Versions of definitions: listing, comparing, restoring, and conditional updates."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.schema.kinds import KINDS
from tests.support.client import Client, entity, text
from tests.support.definitions import WHOLE

TICKET = entity("ticket", text("title"), text("state"))
RULE = {
    "entity": "ticket", "hook": "before_write", "type": "field",
    "definition": {"field": "title", "operator": "max_length", "value": 20},
}  # fmt: skip
KEPT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "entities": (entity("note", text("body")), {"audit": False}),
    "relations": ({"name": "subs", "type": "one_to_many", "source": "ticket", "target": "ticket", "target_key": "title",
                   "source_key": "title"}, {"fetch": "eager"}),
    "rules": (RULE, {"priority": 7}),
    "permissions": ({"entity": "ticket", "action": "read", "roles": ["a"]}, {"roles": ["b"]}),
    "state-machines": ({"entity": "ticket", "field": "state", "definition": {
        "initial": "a", "transitions": [{"from": "a", "to": "b"}]}}, {"active": False}),
    "workflows": ({"name": "w", "trigger": {"type": "state_change", "entity": "ticket", "field": "state", "to": "b"},
                   "steps": [{"id": "a", "type": "action", "actions": []}]}, {"active": False}),
    "webhooks": ({"entity": "ticket", "url": "http://127.0.0.1:1/"}, {"active": False}),
    "dashboards": ({"name": "d", "widgets": []}, {"description": "changed"}),
    "notification-channels": ({"name": "c", "type": "webhook", "config": {"url": "http://127.0.0.1:1/"}},
                              {"active": False}),
    "notification-templates": ({"name": "t", "body": "b"}, {"format": "markdown"}),
    "notification-rules": ({"name": "n", "entity": "ticket", "hook": "after_create", "channel": "in_app",
                            "template": {"subject": "s", "body": "b"}, "recipients": [{"role": "a"}]},
                           {"active": False}),
    "ui-configs": ({"entity": "ticket", "config": {"a": 1}}, {"config": {"a": 2}}),
    "roles": ({"name": "boss"}, {"label": "Boss"}),
}  # fmt: skip
"""Kind → a definition, and what is changed of it."""


def test_every_kind_has_an_example() -> None:
    assert set(KEPT) == set(KINDS) == set(WHOLE)


@pytest.mark.parametrize("kind", sorted(KEPT))
async def test_a_definition_is_patched_compared_listed_and_restored(admin: Client, kind: str) -> None:
    await admin.define(entity("ticket", text("title", unique=True), text("state")))
    document, change = KEPT[kind]
    made = (await admin.post(f"/_admin/{kind}", document)).expect(201)
    made.data.pop("secret", None)
    assert made.headers["ETag"] == '"1"'
    at = f"/_admin/{kind}/{made.data.get('id', made.data.get('name'))}"
    assert (await admin.get(at)).headers["ETag"] == '"1"'
    patched = (await admin.request("PATCH", at, change, If_Match='"1"')).expect(200)
    assert patched.headers["ETag"] == '"2"'
    [(key, value)] = change.items()
    assert patched.data[key] == value and {k: patched.data[k] for k in document if k != key} == {
        k: made.data[k] for k in document if k != key
    }
    for method, body in (("PUT", document), ("PATCH", change), ("DELETE", None)):
        late = (await admin.request(method, at, body, If_Match='"1", "7"')).expect(412)
        assert (late.code, late.headers["ETag"]) == ("PRECONDITION_FAILED", '"2"')
    versions = (await admin.get(f"{at}/versions")).expect(200)
    newest, first = versions.data
    assert (newest["version"], first["version"], newest["user"]["email"]) == (2, 1, "admin@localhost")
    assert [path.partition(".")[0] for path in newest["changed"]] == [key] and versions.meta["total"] == 2
    then = (await admin.get(f"{at}?version=1")).expect(200).data
    assert (
        then.get("definition" if KINDS[kind].is_wrapped else key, {})
        == (made.data if KINDS[kind].is_wrapped else made.data.get(key, {}))
        or then[key] == made.data[key]
    )
    (await admin.post(f"{at}/restore", {"version": 1}, If_Match='"1"')).expect(412)
    back = (await admin.post(f"{at}/restore", {"version": 1}, If_Match='"2"')).expect(200)
    assert (back.data, back.headers["ETag"]) == (made.data, '"3"')
    (await admin.request("PATCH", at, change, If_Match='"1", "3"')).expect(200)
    (await admin.delete(at, If_Match="*")).expect(200)
    (await admin.get(f"{at}/versions")).expect(404)


async def test_a_restored_entity_knows_its_fields_by_their_columns(admin: Client) -> None:
    await admin.define(TICKET)
    made = (await admin.post("/ticket", {"title": "kept"})).expect(201).data
    renamed = entity("ticket", text("heading", renamed_from="title"), text("state"))
    (await admin.put("/_admin/entities/ticket", renamed)).expect(200)
    assert (await admin.get(f"/ticket/{made['id']}")).data["heading"] == "kept"
    (await admin.post("/_admin/entities/ticket/restore", {"version": 1})).expect(200)
    found = (await admin.get(f"/ticket/{made['id']}")).data
    assert found["title"] == "kept" and "heading" not in found
    [newest, *_] = (await admin.get("/_admin/entities/ticket/versions")).data
    assert newest["changed"] == ["fields.title", "fields.heading"]


async def test_an_unknown_version_is_refused(admin: Client) -> None:
    await admin.define(TICKET)
    at = "/_admin/entities/ticket"
    for wanted in ("9", "0", "x"):
        (await admin.get(f"{at}?version={wanted}")).expect(404)
    (await admin.post(f"{at}/restore", {"version": 9})).expect(404)
    for body in ({}, {"version": "1"}, {"version": True}, {"version": 0}, {"version": 1, "more": 1}):
        (await admin.post(f"{at}/restore", body)).expect(422)
    (await admin.request("PATCH", at, {"name": "ticket", "tabel": "x"})).expect(422)
    (await admin.request("PATCH", f"{at}s", {"audit": False})).expect(404)


async def test_a_change_is_planned_before_it_is_made(admin: Client) -> None:
    await admin.define(TICKET)
    plan = (await admin.request("PATCH", "/_admin/entities/ticket?dry_run=true", {"audit": False})).expect(200).data
    assert plan["changes"] and (await admin.get("/_admin/entities/ticket")).headers["ETag"] == '"1"'
