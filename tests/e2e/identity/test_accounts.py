"""Invites, password resets, sessions, second factors, API keys, and their audit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.accounts import PASSWORD, anonymous, code, entered, log_in, made, mailed_token
from tests.support.app_database import app_connection, app_row, sibling
from tests.support.client import ADMIN, Client, entity, text
from tests.support.receivers import Mailbox
from tests.support.relations import reference

TICKET = entity("ticket", text("title"), soft_delete=True)


async def test_the_first_admin_of_an_app(client: Client) -> None:
    platform = await client.platform()
    named = {"name": "with-admin", "admin": {"email": "Root@Example.org", "password": "very-own-1"}}
    made_app = (await platform.post("/apps", named)).expect(201)
    assert "admin_invite" not in made_app.data and "very-own-1" not in str(made_app.body)
    root = await client.login("with-admin", "root@example.org", "very-own-1")
    assert [row["email"] for row in (await root.get("/_admin/users")).data] == ["root@example.org"]

    invited = await platform.post("/apps", {"name": "with-invite", "admin": {"email": "root@example.org"}})
    invite = invited.expect(201).data["admin_invite"]
    assert invited.headers["Cache-Control"] == "no-store" and invite["email"] == "root@example.org"
    (await client.post("/api/with-invite/auth/login", dict(zip(("email", "password"), ADMIN, strict=True)))).expect(401)
    accept = {"token": invite["token"], "password": "very-own-1"}
    user = (await client.post("/api/with-invite/auth/accept-invite", accept)).expect(201).data["user"]
    assert user["roles"] == ["admin"]
    for admin in (
        "x",
        {},
        {"email": "nobody"},
        {"email": "a@b", "password": ""},
        {"email": "a@b", "password": "x" * 73},
    ):
        (await platform.post("/apps", {"name": "without", "admin": admin})).expect(422)
    (await platform.get("/apps/without")).expect(404)


async def test_invites(admin: Client, mails: Mailbox) -> None:
    me = (await admin.get("/auth/me")).expect(200).data
    sent = await admin.post("/_admin/invites", {"email": " Bob@Example.com ", "roles": ["sales"], "mail": True})
    invite = sent.expect(201).data
    assert set(invite) == {"id", "email", "roles", "token", "expires_at", "invited_by", "created_at"}
    assert (invite["email"], invite["roles"], invite["invited_by"]) == ("bob@example.com", ["sales"], me["id"])
    lifetime = datetime.fromisoformat(invite["expires_at"]) - datetime.fromisoformat(invite["created_at"])
    assert lifetime == timedelta(hours=72) and sent.headers["Cache-Control"] == "no-store"
    assert await mailed_token(mails, "bob@example.com", "Invite") == invite["token"]
    for email in ("bob@example.com", ADMIN[0]):
        (await admin.post("/_admin/invites", {"email": email})).expect(409)
    (await admin.post("/_admin/invites", {})).expect(422)
    (listed,) = (await admin.get("/_admin/invites")).data
    assert "token" not in listed and listed["accepted_at"] is None
    assert (await admin.get(f"/_admin/invites/{invite['id']}")).data == listed

    nobody = anonymous(admin)
    accept = {"token": invite["token"], "password": "bobs-own"}
    for body in ({"token": invite["token"]}, {"password": "x"}, {"token": invite["token"], "password": "ä" * 37}):
        (await nobody.post("/auth/accept-invite", body)).expect(422)
    (await nobody.post("/auth/accept-invite", {**accept, "token": "x"})).expect(404)
    taken = (await nobody.post("/auth/accept-invite", accept)).expect(201).data
    assert {"id", "email", "roles"} == set(taken["user"]) and taken["user"]["roles"] == ["sales"]
    bob = admin.with_token(taken["access_token"])
    assert (await bob.get("/auth/me")).data["email"] == "bob@example.com"
    (await nobody.post("/auth/refresh", {"refresh_token": taken["refresh_token"]})).expect(200)
    again = (await nobody.post("/auth/accept-invite", accept)).expect(400)
    assert again.code == "VALIDATION_FAILED"
    assert (await admin.get("/_admin/invites")).data[0]["accepted_at"]

    revoked = (await admin.post("/_admin/invites", {"email": "eve@example.com"})).expect(201).data
    (await admin.delete(f"/_admin/invites/{revoked['id']}")).expect(200)
    (await admin.delete(f"/_admin/invites/{revoked['id']}")).expect(404)
    (await nobody.post("/auth/accept-invite", {"token": revoked["token"], "password": "x" * 9})).expect(404)
    invited = (await admin.post("/_admin/invites", {"email": "eve@example.com"})).expect(201).data
    await made(admin, "eve@example.com")
    (await nobody.post("/auth/accept-invite", {"token": invited["token"], "password": "x" * 9})).expect(409)


async def test_an_invite_is_accepted_once_and_in_time(admin: Client, stack: Stack) -> None:
    nobody = anonymous(admin)
    tokens = {}
    for email in ("a@example.com", "b@example.com"):
        tokens[email] = (await admin.post("/_admin/invites", {"email": email})).expect(201).data["token"]
    body = {"token": tokens["a@example.com"], "password": PASSWORD}
    replies = await asyncio.gather(*(nobody.post("/auth/accept-invite", body) for _ in range(6)))
    assert sorted(reply.status for reply in replies) == [201, 400, 400, 400, 400, 400]
    database = sibling(stack.database_url, (await app_row(stack, admin))["database"])
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("UPDATE gateway.invites SET expires_at = now() WHERE email = 'b@example.com'")
        kept = await connection.fetch("SELECT * FROM gateway.invites")
        assert not any(token in str(row) for row in kept for token in tokens.values())
    finally:
        await connection.close()
    late = {"token": tokens["b@example.com"], "password": PASSWORD}
    (await nobody.post("/auth/accept-invite", late)).expect(400)
    (await admin.post("/_admin/invites", {"email": "b@example.com"})).expect(201)


async def test_bulk_invites(admin: Client) -> None:
    (await admin.post("/_admin/invites", {"email": "pending@example.com"})).expect(201)
    emails = [" New@example.com", "new@EXAMPLE.com ", "pending@example.com", ADMIN[0], "other@example.com"]
    data = (await admin.post("/_admin/invites/bulk", {"emails": emails, "roles": ["sales"]})).expect(200).data
    assert [row["email"] for row in data["created"]] == ["new@example.com", "other@example.com"]
    assert all(set(row) == {"id", "email", "token", "expires_at"} for row in data["created"])
    assert [row["email"] for row in data["skipped"]] == ["pending@example.com", ADMIN[0]]
    assert all(row["reason"] for row in data["skipped"])
    assert data["summary"] == {"total": 4, "created": 2, "skipped": 2}
    bad: list[Any] = [None, "x@y", [], ["a@example.com", " "], ["a@example.com", 5], ["a@example.com", ""]]
    for wrong in bad:
        (await admin.post("/_admin/invites/bulk", {"emails": wrong})).expect(422)
    same = [admin.post("/_admin/invites/bulk", {"emails": ["race@example.com"]}) for _ in range(5)]
    assert sum(reply.data["summary"]["created"] for reply in await asyncio.gather(*same)) == 1


async def test_a_forgotten_password(admin: Client, mails: Mailbox) -> None:
    # Nobody else has this address: the newest mail to it is the one asked for here.
    await made(admin, "forgetful@example.org", "sales")
    ann, tokens = await entered(admin, "forgetful@example.org")
    nobody = anonymous(admin)
    answers = [await nobody.post("/auth/forgot-password", {"email": email}) for email in (
        "Forgetful@example.org", "nobody@example.org")]  # fmt: skip
    assert {(reply.status, str(reply.body)) for reply in answers} == {(202, "{'data': {'accepted': True}}")}
    (await nobody.post("/auth/forgot-password", {})).expect(422)
    token = await mailed_token(mails, "forgetful@example.org", "New password")
    log = (await admin.get("/_admin/notifications")).data
    assert token not in str(log) and [row["body"] for row in log] == [""]

    for body in ({"token": "x", "password": "brand-new"}, {"token": token}, {"password": "brand-new"}):
        (await nobody.post("/auth/reset-password", body)).expect(422)
    reset = {"token": token, "password": "brand-new"}
    replies = await asyncio.gather(*(nobody.post("/auth/reset-password", reset) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [200, 422, 422, 422]
    (await nobody.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).expect(401)
    (await ann.get("/auth/me")).expect(401)
    (await log_in(admin, "forgetful@example.org")).expect(401)
    (await log_in(admin, "forgetful@example.org", "brand-new")).expect(200)


async def test_sessions_are_listed_and_ended_at_both_gateways(admin: Client, stack: Stack) -> None:
    await made(admin, "ann@example.org")
    (phone, _), (laptop, tokens), (third, _) = [await entered(admin, "ann@example.org") for _ in range(3)]
    listed = (await laptop.get("/auth/sessions")).expect(200).data
    assert len(listed) == 3 and [row["current"] for row in listed].count(True) == 1
    (current,) = [row for row in listed if row["current"]]
    assert current["ip"] == "127.0.0.1" and "Python" in current["user_agent"] and current["last_used_at"]
    assert (await laptop.get("/auth/me")).data["session_id"] == current["id"]

    theirs = (await admin.get("/auth/sessions")).data[0]["id"]
    for unknown in (theirs, "nope", "00000000-0000-0000-0000-000000000000"):
        (await laptop.delete(f"/auth/sessions/{unknown}")).expect(404)
    mine = (await phone.get("/auth/me")).data["session_id"]
    (await laptop.delete(f"/auth/sessions/{mine}")).expect(200)
    await _cut_off(phone, stack)
    (await laptop.delete("/auth/sessions?keep=current")).expect(200)
    await _cut_off(third, stack)
    (await laptop.get("/auth/me")).expect(200)
    (await laptop.delete("/auth/sessions?keep=nothing")).expect(400)
    (await laptop.post("/auth/logout", {"refresh_token": tokens["refresh_token"]})).expect(200)
    await _cut_off(laptop, stack)
    (await admin.get("/auth/me")).expect(200)


async def test_reuse_of_an_old_refresh_token_ends_the_session(admin: Client, stack: Stack) -> None:
    await made(admin, "ann@example.org")
    _, tokens = await entered(admin, "ann@example.org")
    first = {"refresh_token": tokens["refresh_token"]}
    nobody = anonymous(admin)
    second = (await nobody.post("/auth/refresh", first)).expect(200).data
    # Within the grace (parallel tabs) the session survives.
    (await nobody.post("/auth/refresh", first)).expect(401)
    third = (await nobody.post("/auth/refresh", {"refresh_token": second["refresh_token"]})).expect(200).data
    await _execute(stack, admin, "UPDATE gateway.refresh_tokens SET used_at = used_at - interval '11 seconds'")
    (await nobody.post("/auth/refresh", first)).expect(401)
    (await nobody.post("/auth/refresh", {"refresh_token": third["refresh_token"]})).expect(401)
    for token in (tokens, second, third):
        await _cut_off(admin.with_token(token["access_token"]), stack)
    (await entered(admin, "ann@example.org"))[0]


async def test_user_changes_hold_without_an_announcement(admin: Client, stack: Stack) -> None:
    """A revocation that only stands in the table, and a change whose gateway died before it had settled it."""
    user_id = await made(admin, "ann@example.org")
    (ann, _), (second, _) = [await entered(admin, "ann@example.org") for _ in range(2)]
    for caller in (ann, second):
        for url in stack.gateway_urls:
            (await caller.at(url).get("/auth/me")).expect(200)
    session = (await ann.get("/auth/me")).data["session_id"]
    app_id = (await app_row(stack, admin))["id"]
    platform = await asyncpg.connect(sibling(stack.database_url, "rocket"))
    try:
        columns = "gateway.revocations (id, scope, user_id, session, at)"
        insert = f"INSERT INTO {columns} SELECT gen_random_uuid(), $1, $2, $3, clock_timestamp()"
        await platform.execute(insert, app_id, "", session)
        await _cut_off(ann, stack)
        (await second.get("/auth/me")).expect(200)
        await _execute(stack, admin, f"UPDATE gateway.users SET version = version + 1 WHERE id = '{user_id}'")
        await platform.execute(f"{insert} - interval '31 seconds'", app_id, user_id, "")
        await _cut_off(second, stack)
    finally:
        await platform.close()
    (await entered(admin, "ann@example.org"))[0]


async def test_a_user_changes_their_password(admin: Client, client: Client, stack: Stack) -> None:
    await made(admin, "ann@example.org")
    ann, tokens = await entered(admin, "ann@example.org")
    other, _ = await entered(admin, "ann@example.org")
    (await ann.put("/auth/password", {"current_password": "wrong", "password": "brand-new"})).expect(422)
    (await ann.put("/auth/password", {"current_password": PASSWORD, "password": "x" * 73})).expect(422)
    (await ann.put("/auth/password", {"password": "brand-new"})).expect(422)
    fresh = (await ann.put("/auth/password", {"current_password": PASSWORD, "password": "brand-new"})).expect(200).data
    for caller in (ann, other):
        await _cut_off(caller, stack)
    (await anonymous(admin).post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).expect(401)
    (await admin.with_token(fresh["access_token"]).get("/auth/me")).expect(200)
    (await log_in(admin, "ann@example.org", "brand-new")).expect(200)

    platform = await client.platform()
    account = {"email": "second@example.org", "password": PASSWORD}
    second = (await platform.post("/users", account)).expect(201).data
    caller = await client.login("_platform", "second@example.org", PASSWORD)
    inside = Client(client.session, client.url, caller.token, admin.prefix)
    (await inside.get("/_admin/users")).expect(200)
    changed = await caller.put("/auth/password", {"current_password": PASSWORD, "password": "brand-new"})
    changed.expect(200)
    await _cut_off(caller, stack)
    for url in stack.gateway_urls:
        await eventually(lambda: _refused(inside.at(url), "/_admin/users"))  # noqa: B023
    (await platform.delete(f"/users/{second['id']}")).expect(200)
    (only,) = (await platform.get("/users")).data
    (await platform.delete(f"/users/{only['id']}")).expect(409)
    (await platform.put(f"/users/{only['id']}", {"email": only["email"], "active": False})).expect(409)
    (await platform.get("/auth/me")).expect(200)


async def test_a_second_factor(admin: Client) -> None:
    user_id = await made(admin, "ann@example.org")
    ann, _ = await entered(admin, "ann@example.org")
    (await ann.post("/auth/totp/confirm", {"totp": "123456"})).expect(422)
    (await ann.post("/auth/totp/enroll", {"password": "wrong"})).expect(422)
    secret = (await ann.post("/auth/totp/enroll", {"password": PASSWORD})).expect(201).data["secret"]
    (await log_in(admin, "ann@example.org")).expect(200)
    wrong = f"{(int(code(secret)) + 1) % 10**6:06d}"
    (await ann.post("/auth/totp/confirm", {"totp": wrong})).expect(422)
    confirming = code(secret)
    recovery = (await ann.post("/auth/totp/confirm", {"totp": confirming})).expect(200).data["recovery_codes"]
    assert len(set(recovery)) == 10 and (await ann.get("/auth/me")).data["totp"] is True
    (await ann.post("/auth/totp/enroll", {"password": PASSWORD})).expect(422)

    asked = (await log_in(admin, "ann@example.org")).expect(401)
    assert asked.code == "TOTP_REQUIRED"
    assert (await log_in(admin, "ann@example.org", "wrong", totp=code(secret, 1))).expect(401).code == "UNAUTHORIZED"
    # The code that confirmed is used up; the next one is good once.
    following = code(secret, 1)
    outcomes = [await log_in(admin, "ann@example.org", totp=sent) for sent in (confirming, following, following)]
    assert [reply.status for reply in outcomes] == [401, 200, 401]
    assert outcomes[0].code == "UNAUTHORIZED"
    racing = await asyncio.gather(*(log_in(admin, "ann@example.org", totp=recovery[0]) for _ in range(3)))
    assert sorted(reply.status for reply in racing) == [200, 401, 401]
    (await log_in(admin, "ann@example.org", totp=recovery[1].lower().replace("-", ""))).expect(200)
    assert (await ann.get("/auth/me")).data["recovery_codes_left"] == 8

    (await ann.post("/auth/totp/disable", {"password": PASSWORD, "totp": following})).expect(422)
    (await ann.post("/auth/totp/disable", {"password": PASSWORD, "totp": recovery[2]})).expect(200)
    (await log_in(admin, "ann@example.org")).expect(200)
    secret = (await ann.post("/auth/totp/enroll", {"password": PASSWORD})).expect(201).data["secret"]
    (await ann.post("/auth/totp/confirm", {"totp": code(secret)})).expect(200)
    (await ann.delete(f"/_admin/users/{user_id}/totp")).expect(403)
    (await admin.delete(f"/_admin/users/{user_id}/totp")).expect(200)
    (await log_in(admin, "ann@example.org")).expect(200)


async def test_api_keys(admin: Client, stack: Stack) -> None:
    await admin.define(TICKET)
    await admin.define(entity("note", text("title")))
    await admin.grant("note", "read", "sales")
    record = (await admin.post("/ticket", {"title": "a"})).expect(201).data
    reader = await _key(admin, scopes=[{"entity": "ticket", "actions": ["read"]}])
    sales = await _key(admin, roles=["sales"])
    both = await _key(admin, roles=["sales"], scopes=[{"entity": "*", "actions": ["read", "create"]}])
    whole = await _key(admin, roles=["admin"])
    listed = (await admin.get("/_admin/api-keys")).expect(200).data
    assert len(listed) == 4 and not any(key.token in str(listed) for key in (reader, sales, both, whole))

    statuses = {
        name: [(await key.get("/ticket")).status, (await key.get("/note")).status,
               (await key.post("/ticket", {"title": "b"})).status, (await key.get("/_admin/users")).status]
        for name, key in {"reader": reader, "sales": sales, "both": both, "whole": whole}.items()
    }  # fmt: skip
    assert statuses == {
        "reader": [200, 403, 403, 403],
        "sales": [403, 200, 403, 403],
        "both": [403, 200, 403, 403],
        "whole": [200, 200, 201, 200],
    }
    # The same by the other header, through the other gateway; never both at once (limits/test_http_limits.py).
    other = anonymous(admin).at(stack.gateway_urls[1])
    (await other.get("/ticket", X_API_Key=reader.token)).expect(200)
    (await other.get("/ticket", X_API_Key="rk_nonsense")).expect(401)
    me = (await reader.get("/auth/me")).expect(200).data
    assert (me["via"], me["scopes"]) == ("api_key", [{"entity": "ticket", "actions": ["read"]}])
    for path in ("/auth/sessions", "/_commits"):
        (await reader.get(path)).expect(403)

    async def used() -> bool:
        (row,) = [row for row in (await admin.get("/_admin/api-keys")).data if row["id"] == me["id"]]
        return row["last_used_at"] is not None

    await eventually(used)
    (await admin.delete(f"/_admin/api-keys/{me['id']}")).expect(200)
    await _cut_off(reader, stack, "/ticket")
    await _cut_off(Client(other.session, other.url, reader.token, other.prefix), stack, "/ticket")
    (await sales.get("/note")).expect(200)
    assert record["title"] == "a"


async def test_scopes_apply_to_every_path_to_records(admin: Client) -> None:
    await admin.define(TICKET)
    await admin.define(entity("line", reference("ticket_id"), text("note")))
    await admin.relate(
        "lines", "one_to_many", "ticket", "line", source_key="id", target_key="ticket_id", on_delete="cascade"
    )
    nested = {"title": "a", "lines": {"data": [{"note": "n"}]}}
    created = (await admin.post("/ticket", nested)).expect(201)
    ticket = created.data["id"]
    key = await _key(admin, scopes=[{"entity": "ticket", "actions": ["read", "update"]}])
    allowed = [
        ("GET", "/ticket", None), ("GET", f"/ticket/{ticket}", None), ("GET", f"/ticket/{ticket}/history", None),
        ("GET", "/ticket/_aggregate?count=*", None), ("GET", "/ticket?as_of=1", None),
        ("PUT", f"/ticket/{ticket}", {"title": "b"}), ("PUT", "/ticket/_bulk", [{"id": ticket, "title": "c"}]),
    ]  # fmt: skip
    refused = [
        ("GET", "/line", None), ("GET", "/ticket?include=lines", None),
        ("GET", "/ticket?filter[lines.note]=n", None),
        ("GET", "/ticket?deleted=only", None), ("GET", "/line/_aggregate?count=*", None),
        ("GET", "/line/_export", None),
        ("POST", "/ticket", {"title": "x"}), ("DELETE", f"/ticket/{ticket}", None),
        ("PUT", f"/ticket/{ticket}", nested), ("POST", "/ticket/_bulk", [{"title": "x"}]),
        ("DELETE", "/ticket/_bulk", [ticket]), ("POST", f"/ticket/{ticket}/restore", None),
        ("GET", "/_files", None), ("GET", "/_workflows", None), ("GET", "/_notifications", None),
        ("POST", "/_events", {"action": "x"}), ("GET", "/_admin/entities", None), ("GET", "/_events", None),
    ]  # fmt: skip
    assert [(m, p, (await key.request(m, p, body)).status) for m, p, body in allowed] == [
        (m, p, 200) for m, p, _ in allowed
    ]
    outcomes = [(m, p, (await key.request(m, p, body)).status) for m, p, body in refused]
    assert [outcome for outcome in outcomes if outcome[2] != 403] == []
    commit = (await admin.get("/_commits")).data[-1]["commit_id"]
    seen = (await key.get(f"/_commits/{commit}")).expect(200).data["records"]
    assert {change["entity"] for change in seen} == {"ticket"}
    (await key.post(f"/_commits/{commit}/undo")).expect(403)
    document = (await key.get("/openapi.json")).expect(200).body["paths"]
    assert f"{admin.prefix}/ticket" in document and f"{admin.prefix}/line" not in document
    area = await _key(admin, scopes=[{"entity": "_events", "actions": ["create"]}])
    (await area.post("/_events", {"action": "built"})).expect(201)
    (await area.get("/ticket")).expect(403)


async def test_a_key_without_roles_has_no_role(admin: Client) -> None:
    states = {"name": "status", "type": "string", "enum": ["draft", "sent", "paid"], "default": "draft"}
    await admin.define(entity("bill", text("title"), states))
    steps = [{"from": "draft", "to": "sent", "roles": []}, {"from": "sent", "to": "paid", "roles": ["admin"]}]
    states_of = {"initial": "draft", "transitions": steps}
    machine = {"entity": "bill", "field": "status", "definition": states_of}
    await admin.define(machine, "state-machines")
    review = {"id": "review", "type": "approval", "assignee": {"type": "role", "role": "admin"},
              "on_approve": {"goto": "end"}, "on_reject": {"goto": "end"}}  # fmt: skip
    trigger = {"type": "state_change", "entity": "bill", "field": "status", "to": "sent"}
    flow = {"name": "review", "trigger": trigger, "context": {"id": "record.id"}, "steps": [review]}
    await admin.define(flow, "workflows")
    every = ["read", "create", "update", "delete"]
    scopes = [{"entity": name, "actions": every} for name in ("*", "_workflows", "_files", "_events")]
    key, boss = await _key(admin, scopes=scopes), await _key(admin, scopes=scopes, roles=["admin"])
    bill = (await key.post("/bill", {"title": "a"})).expect(201).data["id"]
    (await key.put(f"/bill/{bill}", {"title": "b", "status": "sent"})).expect(200)
    refused = (await key.put(f"/bill/{bill}", {"status": "paid"})).expect(403)
    assert refused.code == "FORBIDDEN"
    (await boss.put(f"/bill/{bill}", {"status": "paid"})).expect(200)

    async def instances() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await admin.get("/_workflows/pending")).data
        return found

    await eventually(instances)
    (instance,) = await instances()
    for decision in ("approve", "reject"):
        (await key.post(f"/_workflows/{instance['id']}/{decision}")).expect(403)
    for caller in (key, boss):
        for path in ("/_admin/users", "/_admin/entities", "/_admin/audit-logs"):
            (await caller.get(path)).expect(403)
    (await boss.post(f"/_workflows/{instance['id']}/approve")).expect(200)


@pytest.mark.parametrize("taking", ["confirm", "disable"])
async def test_wrong_codes_are_throttled_on_every_route(admin: Client, taking: str) -> None:
    await made(admin, "ann@example.org")
    ann, _ = await entered(admin, "ann@example.org")
    secret = (await ann.post("/auth/totp/enroll", {"password": PASSWORD})).expect(201).data["secret"]
    if taking == "disable":
        (await ann.post("/auth/totp/confirm", {"totp": code(secret)})).expect(200)
    near = {code(secret, n) for n in range(-3, 6)}
    wrong = [guess for guess in (f"{n:06d}" for n in range(90)) if guess not in near][:40]
    proof = {"password": PASSWORD} if taking == "disable" else {}
    tried = [(await ann.post(f"/auth/totp/{taking}", {**proof, "totp": guess})).status for guess in wrong]
    assert tried[:20] == [422] * 20 and 429 in tried[20:]


async def test_invalid_api_keys_are_refused(admin: Client) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    scope = {"entity": "ticket", "actions": ["read"]}
    bad: list[dict[str, Any]] = [
        {}, {"name": "x"}, {"name": "", "roles": ["a"]}, {"name": "x", "roles": "a"}, {"name": "x", "scopes": []},
        {"name": "x", "scopes": [{**scope, "actions": []}]}, {"name": "x", "scopes": [{**scope, "actions": ["fly"]}]},
        {"name": "x", "scopes": [{"entity": "_admin", "actions": ["read"]}]}, {"name": "x", "scopes": [5]},
        {"name": "x", "roles": ["a"], "expires_at": past}, {"name": "x", "roles": ["a"], "expires_at": "2030-01-01"},
        {"name": "x", "roles": ["a"], "expires_at": 5}, {"name": "a\nb", "roles": ["a"]},
    ]  # fmt: skip
    assert [body for body in bad if (await admin.post("/_admin/api-keys", body)).status != 422] == []
    for seconds in (1, 3, 9):  # a busy machine takes longer to create it and to use it once
        soon = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        created = await admin.post("/_admin/api-keys", {"name": "brief", "roles": ["admin"], "expires_at": soon})
        brief = admin.with_token(created.data["key"]) if created.status == 201 else admin
        if created.status == 201 and (await brief.get("/_admin/users")).status == 200:
            break
    else:
        pytest.fail("no key was usable before it expired")
    await eventually(lambda: _refused(brief, "/_admin/users"))


async def test_user_changes_are_audited(admin: Client) -> None:
    user_id = await made(admin, "ann@example.org", "sales")
    (await admin.put(f"/_admin/users/{user_id}", {"email": "ann@example.org", "roles": [], "password": "other-1"}))
    (await admin.delete(f"/_admin/users/{user_id}")).expect(200)
    (await admin.post("/_admin/invites", {"email": "bob@example.org"})).expect(201)
    (await admin.post("/_admin/api-keys", {"name": "ci", "roles": ["sales"]})).expect(201)
    await admin.define(TICKET)
    (await admin.put("/_admin/entities/ticket", {**TICKET, "soft_delete": True, "audit": False})).expect(200)
    await admin.grant("ticket", "read", "x")

    async def told() -> Any:
        rows = (await admin.get("/_admin/audit-logs?per_page=100&sort=timestamp")).data
        return rows if len(rows) >= 8 else None

    rows = await eventually(told)
    assert [(row["entity"], row["action"]) for row in rows] == [
        ("_users", "create"), ("_users", "update"), ("_users", "delete"), ("_invites", "create"),
        ("_api_keys", "create"), ("_entities", "create"), ("_entities", "update"), ("_permissions", "create"),
    ]  # fmt: skip
    me = (await admin.get("/auth/me")).data
    assert {(row["user_id"], row["user_email"], row["ip_address"]) for row in rows} == {
        (me["id"], ADMIN[0], "127.0.0.1")
    }
    update = rows[1]
    assert update["record_id"] == user_id and set(update["changed_fields"]) == {"roles", "password"}
    assert (update["old_data"]["roles"], update["new_data"]["roles"]) == (["sales"], [])
    assert rows[6]["changed_fields"] == ["audit"] and "other-1" not in str(rows) and "$2b$" not in str(rows)
    (only,) = (await admin.get(f"/_admin/audit-logs?entity=_users&record_id={user_id}&action=delete")).data
    assert only["id"] == rows[2]["id"]


async def _key(admin: Client, **body: Any) -> Client:
    """A caller with a new API key."""
    made_key = (await admin.post("/_admin/api-keys", {"name": "a key", **body})).expect(201)
    assert made_key.headers["Cache-Control"] == "no-store"
    return admin.with_token(made_key.data["key"])


async def _cut_off(caller: Client, stack: Stack, path: str = "/auth/me") -> None:
    for url in stack.gateway_urls:
        await eventually(lambda: _refused(caller.at(url), path))  # noqa: B023


async def _refused(caller: Client, path: str) -> bool:
    return (await caller.get(path)).status == 401


async def _execute(stack: Stack, admin: Client, statement: str) -> None:
    async with app_connection(stack, admin) as connection:
        await connection.execute(statement)
