"""Unknown keys are refused in definitions, documents and all other bodies."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.ids import uuid7
from libs.shared.schema.kinds import KINDS
from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, text
from tests.support.definitions import WHOLE, app_document, keys_in, misspelt

KINDS_THERE = sorted(WHOLE)


@pytest.fixture(scope="module")
async def whole(common_admin: Client) -> Client:
    """An app with a definition of every kind that says everything it can."""
    (await common_admin.post("/_admin/import", app_document())).expect(200)
    return common_admin


def check_named(refused: Reply, where: str, meant: Any) -> None:
    """The misspelt key is told, with the one that was meant."""
    told = {str(detail["field"]): str(detail["message"]) for detail in refused.expect(422).details}
    assert f"do you mean `{meant}`?" in told[where]


async def definitions(client: Client) -> dict[str, Any]:
    data: dict[str, Any] = (await client.get("/_admin/export")).expect(200).data
    return {key: value for key, value in data.items() if key != "exported_at"}


@pytest.mark.parametrize("kind", KINDS_THERE)
async def test_unknown_keys_at_every_depth(whole: Client, kind: str) -> None:
    before = await definitions(whole)
    for document in WHOLE[kind]:
        for key in keys_in(KINDS[kind].model, document):
            wrong, where = misspelt(document, key.path)
            check_named(await whole.post(f"/_admin/{kind}", wrong), where, key.path[-1])
    assert await definitions(whole) == before


@pytest.mark.parametrize("kind", KINDS_THERE)
async def test_unknown_keys_on_every_path(whole: Client, kind: str) -> None:
    before = await definitions(whole)
    wrong, where = misspelt(WHOLE[kind][0], list(keys_in(KINDS[kind].model, WHOLE[kind][0]))[-1].path)
    meant = where.split(".")[-1][:-1]
    row = (await whole.get(f"/_admin/{kind}")).expect(200).data[0]
    handle = row["name"] if KINDS[kind].addressed_by_name else row["id"]
    part = kind.replace("-", "_")
    for sent in (
        await whole.put(f"/_admin/{kind}/{handle}", wrong),
        await whole.put(f"/_admin/{kind}/{handle}?dry_run=true", wrong),
        await whole.post(f"/_admin/{kind}?dry_run=true", wrong),
    ):
        check_named(sent, where, meant)
    for route in ("import", "schema/plan", "schema/apply"):
        refused = (await whole.post(f"/_admin/{route}", {"version": 1, part: [wrong]})).expect(422)
        assert [detail["path"] for detail in refused.details] == [f"{part}[0]"] * len(refused.details)
        check_named(refused, where, meant)
    assert await definitions(whole) == before


@pytest.mark.parametrize("kind", KINDS_THERE)
async def test_responses_are_accepted_back(whole: Client, kind: str) -> None:
    before = await definitions(whole)
    for row in (await whole.get(f"/_admin/{kind}")).expect(200).data:
        handle = row["name"] if KINDS[kind].addressed_by_name else row["id"]
        one = (await whole.get(f"/_admin/{kind}/{handle}")).expect(200).data
        (await whole.put(f"/_admin/{kind}/{handle}", one)).expect(200)
        if KINDS[kind].is_wrapped:
            (await whole.put(f"/_admin/{kind}/{handle}", one["definition"])).expect(200)
        refused = (await whole.put(f"/_admin/{kind}/{handle}", {**one, "unheard_of": 1})).expect(422)
        assert [detail["field"] for detail in refused.details] == ["unheard_of"]
    assert await definitions(whole) == before


async def test_contradicting_rows_are_refused(whole: Client) -> None:
    row = (await whole.get("/_admin/entities/pair")).data
    refused = (await whole.put("/_admin/entities/pair", {**row, "table_name": "others"})).expect(422)
    assert [detail["field"] for detail in refused.details] == ["table_name"]
    rule = (await whole.get("/_admin/rules")).data[0]
    refused = (await whole.put(f"/_admin/rules/{rule['id']}", {**rule, "id": str(uuid7())})).expect(422)
    assert [detail["field"] for detail in refused.details] == ["id"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/_admin/users", {"email": "a@b.c", "password": "secret-1", "roles": [], "active": True}),
        ("POST", "/_admin/invites", {"email": "a@b.c", "roles": [], "mail": False}),
        ("POST", "/_admin/invites/bulk", {"emails": ["a@b.c"], "roles": [], "mail": False}),
        ("POST", "/_admin/api-keys", {"name": "a", "roles": ["a"], "scopes": [], "expires_at": None}),
        ("POST", "/_admin/signing-keys/rotate", {"overlap": 5}),
        ("POST", "/_admin/explain", {"roles": [], "action": "read", "entity": "host", "record_id": "a", "field": "b"}),
        ("POST", "/_admin/rules/try", {"entity": "host", "guard": "true", "field": "state", "from": [], "to": "a"}),
        ("POST", "/_admin/subscribers", {"name": "a", "streams": [], "entities": [], "expires_at": None}),
        ("POST", "/_admin/projections/records/verify", {"only": "host"}),
        ("POST", "/_events", {"action": "a", "entity": "b", "record_id": "c", "metadata": {}}),
        ("PUT", "/auth/password", {"current_password": "a", "password": "b"}),
        ("POST", "/auth/totp/enroll", {"password": "a"}),
        ("POST", "/auth/totp/confirm", {"totp": "a"}),
        ("POST", "/auth/totp/disable", {"password": "a", "totp": "b"}),
        ("POST", "/auth/forgot-password", {"email": "a@b.c"}),
        ("POST", "/auth/reset-password", {"token": "a", "password": "b"}),
        ("POST", "/auth/accept-invite", {"token": "a", "password": "b"}),
    ],
)
async def test_unknown_keys_in_other_bodies(whole: Client, method: str, path: str, body: dict[str, Any]) -> None:
    for key in body:
        wrong, where = misspelt(body, (key,))
        check_named(await whole.request(method, path, wrong), where, key)


async def test_unknown_keys_in_nested_bodies(whole: Client) -> None:
    scope = {"entity": "host", "actions": ["read"]}
    for key in scope:
        wrong, where = misspelt({"name": "a", "scopes": [scope]}, ("scopes", 0, key))
        check_named(await whole.post("/_admin/api-keys", wrong), where, key)
    platform = await whole.platform()
    app = {"name": "never-made", "admin": {"email": "a@b.c", "password": "secret-1"}}
    for path in (("name",), ("admin",), ("admin", "email"), ("admin", "password")):
        wrong, where = misspelt(app, path)
        check_named(await platform.post("/apps", wrong), where, path[-1])
    webhook = (await whole.get("/_admin/webhooks")).data[0]["id"]
    for key in ("from", "to"):
        wrong, where = misspelt({"from": 1, "to": 2}, (key,))
        check_named(await whole.post(f"/_admin/webhooks/{webhook}/replay", wrong), where, key)


async def test_unknown_keys_in_a_decision(admin: Client) -> None:
    await admin.define(entity("deal", text("state")))
    ask = {"id": "ask", "type": "approval"}
    trigger = {"type": "state_change", "entity": "deal", "field": "state", "to": "won"}
    await admin.define({"name": "check", "trigger": trigger, "steps": [ask]}, "workflows")
    (await admin.post("/deal", {"state": "won"})).expect(201)

    async def waiting() -> Any:
        return (await admin.get("/_workflows/pending")).data

    (instance,) = await eventually(waiting)
    for key in ("comment", "step"):
        for decision in ("approve", "reject"):
            wrong, where = misspelt({"comment": "a", "step": "ask"}, (key,))
            check_named(await admin.post(f"/_workflows/{instance['id']}/{decision}", wrong), where, key)


async def test_a_user_response_is_accepted_back(admin: Client) -> None:
    await admin.user("clerk@example.com", ["clerk"])
    row = next(u for u in (await admin.get("/_admin/users")).data if u["email"] == "clerk@example.com")
    kept = (await admin.put(f"/_admin/users/{row['id']}", row)).expect(200).data
    assert {**kept, "updated_at": None} == {**row, "updated_at": None}
    check_named(await admin.put(f"/_admin/users/{row['id']}", {**row, "activ": False}), "activ", "active")


async def test_logins_accept_additional_keys(admin: Client) -> None:
    body = {"email": "admin@localhost", "password": "changeme", "remember_me": True}
    pair = (await admin.post("/auth/login", body)).expect(200).data
    pair = (await admin.post("/auth/refresh", {**pair, "device": "a"})).expect(200).data
    (await admin.post("/auth/logout", {**pair, "device": "a"})).expect(200)


async def test_free_form_parts_accept_any_key(admin: Client) -> None:
    await admin.define(entity("page", text("words"), {"name": "more", "type": "json", "default": {"any": {"key": 1}}}))
    webhook = {"entity": "page", "url": "http://127.0.0.1:1/", "headers": {"X-Any": "a"}}
    await admin.define(webhook, "webhooks")
    sample = {"version": 1, "sample_data": {"_users": [{"anything": 1}], "page": [{"words": "a"}]}}
    assert (await admin.post("/_admin/import", sample)).expect(200).data["records"] == 1
