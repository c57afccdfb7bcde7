"""Apps are created and deleted with all their data; sessions are renewed, ended, and separate per app."""

from __future__ import annotations

import asyncio

import jwt

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.client import ADMIN, PLATFORM, Client, entity, text


async def test_a_deleted_app_starts_empty_when_its_name_is_used_again(client: Client) -> None:
    platform = await client.platform()
    made = (await platform.post("/apps", {"name": "come-and-go", "display_name": "Come & go"})).expect(201).data
    assert (made["name"], made["display_name"], made["status"]) == ("come-and-go", "Come & go", "active")
    admin = await client.login("come-and-go", *ADMIN)
    await admin.define(entity("thing", text("name")))
    record = (await admin.post("/thing", {"name": "a"})).expect(201)
    assert record.headers["X-Commit"] == "1"
    (await platform.delete("/apps/come-and-go")).expect(200)
    (await admin.get("/thing")).expect(404)
    (await platform.post("/apps", {"name": "come-and-go"})).expect(201)
    (await admin.get("/thing")).expect(401)
    again = await client.login("come-and-go", *ADMIN)
    assert (await again.get("/_admin/entities")).data == []
    await again.define(entity("thing", text("name")))
    assert (await again.post("/thing", {"name": "a"})).headers["X-Commit"] == "1"

    async def audited() -> bool:
        return bool((await again.get("/_admin/audit-logs?entity=thing")).meta["total"] == 1)

    await eventually(audited)


async def test_refresh_tokens_are_used_once(client: Client, admin: Client) -> None:
    app = admin.prefix
    for prefix, (email, password) in ((app, ADMIN), ("/api/_platform", PLATFORM)):
        login = (await client.post(f"{prefix}/auth/login", {"email": email, "password": password})).expect(200)
        assert login.data["expires_in"] == 900
        claims = jwt.decode(login.data["access_token"], options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == 900 and claims["roles"] == ["admin"]
        first = {"refresh_token": login.data["refresh_token"]}
        second = (await client.post(f"{prefix}/auth/refresh", first)).expect(200).data
        (await client.post(f"{prefix}/auth/refresh", first)).expect(401)
        (await client.post(f"{prefix}/auth/logout", {"refresh_token": second["refresh_token"]})).expect(200)
        (await client.post(f"{prefix}/auth/refresh", {"refresh_token": second["refresh_token"]})).expect(401)


async def test_wrong_credentials_are_indistinguishable(client: Client, admin: Client) -> None:
    login = admin.prefix + "/auth/login"
    bodies = [{}, {"email": "admin@localhost"}, {"email": "admin@localhost", "password": "no"},
              {"email": "nobody@localhost", "password": "changeme"}, {"email": 5, "password": []}]  # fmt: skip
    messages = {(await client.post(login, body)).expect(401).body["error"]["message"] for body in bodies}
    assert len(messages) == 1
    for body in ({}, {"refresh_token": 5}, {"refresh_token": "x"}):
        (await client.post(admin.prefix + "/auth/refresh", body)).expect(401)


async def test_users_are_managed_by_admins(client: Client, admin: Client) -> None:
    user = await admin.user("Ann@Example.com", ["sales"])
    (listed,) = [row for row in (await admin.get("/_admin/users")).data if row["email"] == "ann@example.com"]
    assert set(listed) == {"id", "email", "roles", "active", "created_at", "updated_at"}
    (await user.get("/_admin/users")).expect(403)
    (await admin.post("/_admin/users", {"email": "ann@example.com", "password": "x"})).expect(409)
    (await admin.post("/_admin/users", {"email": "bob@example.com"})).expect(422)
    path = f"/_admin/users/{listed['id']}"
    form = {"email": "ann@example.com", "roles": [], "active": False}
    assert (await admin.put(path, form)).expect(200).data["active"] is False
    credentials = {"email": "ann@example.com", "password": "secret-1"}
    (await client.post(admin.prefix + "/auth/login", credentials)).expect(401)
    (await admin.delete(path)).expect(200)
    (await admin.get(path)).expect(404)
    (await admin.get("/_admin/users/nope")).expect(404)


async def test_changes_of_a_user_hold_at_both_gateways(stack: Stack, admin: Client) -> None:
    await admin.define(entity("thing", text("name")))
    await admin.grant("thing", "read", "sales")
    user = await admin.user("ann@example.com", ["sales"])
    (listed,) = [row for row in (await admin.get("/_admin/users")).data if row["email"] == "ann@example.com"]
    callers = [user.at(url) for url in stack.gateway_urls]
    for caller in callers:
        (await caller.get("/thing")).expect(200)
    form = {"email": "ann@example.com", "roles": ["guest"]}
    (await admin.put(f"/_admin/users/{listed['id'].upper()}", form)).expect(200)

    async def cut_off() -> bool:
        return {(await caller.get("/thing")).status for caller in callers} == {401}

    await eventually(cut_off)
    again = await admin.login(admin.prefix.removeprefix("/api/"), "ann@example.com", "secret-1")
    (await again.get("/thing")).expect(403)


async def test_parallel_refreshes_succeed_once(client: Client, admin: Client) -> None:
    body = {"email": ADMIN[0], "password": ADMIN[1]}
    token = (await client.post(admin.prefix + "/auth/login", body)).data["refresh_token"]
    refresh = admin.prefix + "/auth/refresh"
    replies = await asyncio.gather(*(client.post(refresh, {"refresh_token": token}) for _ in range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [401] * 7
    (winner,) = [reply.data["refresh_token"] for reply in replies if reply.status == 200]
    # Parallel tabs: within the grace the session survives.
    (await client.post(refresh, {"refresh_token": winner})).expect(200)


async def test_a_platform_token_enters_every_app_as_admin(client: Client, admin: Client) -> None:
    platform = await client.platform()
    inside = Client(client.session, client.url, platform.token, admin.prefix)
    (await inside.get("/_admin/users")).expect(200)
