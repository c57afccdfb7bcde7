"""Errors name their reason, the place in the JSON, and every wrong part at once."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from deploy.embedded.stack import Stack
from services.gateway.identity.keyring import key_id
from services.gateway.routes import ROUTES
from tests.support.accounts import anonymous, entered, keyring_of, log_in, made
from tests.support.app_database import app_row, executed
from tests.support.client import Client, Reply, entity, integer, text

SALE = entity(
    "sale", text("title", required=True), text("code", unique=True), integer("count"), text("status", enum=["a", "b"])
)
MACHINE = {
    "entity": "sale",
    "field": "status",
    "definition": {"initial": "a", "transitions": [{"from": "a", "to": "b", "roles": ["clerk"]}]},
}


def why(reply: Reply) -> str:
    """The reason of a 401."""
    [detail] = reply.expect(401).details
    assert (reply.code, detail["message"]) == ("UNAUTHORIZED", reply.body["error"]["message"])
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    return str(detail["rule"])


async def test_a_401_names_its_reason(admin: Client, client: Client, stack: Stack) -> None:
    scope = str((await app_row(stack, admin))["id"])
    key, headers = keyring_of(stack).key(scope, 1), {"kid": key_id(scope, 1)}
    claims = jwt.decode(admin.token, options={"verify_signature": False})
    now = int(time.time())
    other = await client.new_app()
    await made(admin, "ann@localhost", "clerk")
    ann, tokens = await entered(admin, "ann@localhost")
    (await ann.post("/auth/logout", {"refresh_token": tokens["refresh_token"]})).expect(200)
    sent = {
        "": "missing", "x": "malformed", "a.b.c": "malformed", "rk_unknown": "invalid", other.token: "wrong_app",
        jwt.encode({**claims, "iat": now - 1000, "exp": now - 100}, key, "HS256", headers): "expired",
        jwt.encode(claims, "k" * 32, "HS256", headers): "invalid",
        jwt.encode({"sub": claims["sub"]}, key, "HS256", headers): "invalid",
        jwt.encode(claims, key, "HS256"): "malformed", tokens["access_token"]: "revoked",
    }  # fmt: skip
    for token, reason in sent.items():
        assert why(await admin.with_token(token).get("/auth/me")) == reason, (token, reason)
    for header, reason in (("Basic YTpi", "malformed"), ("Bearer", "malformed"), ("Bearer ", "malformed")):
        assert why(await anonymous(admin).get("/auth/me", Authorization=header)) == reason, header
    assert why(await anonymous(admin).get("/auth/me", X_API_Key="abc")) == "malformed"
    platform = Client(client.session, client.url, admin.token, "/api/_platform")
    assert why(await platform.get("/apps")) == "wrong_app"


async def test_an_expired_api_key_is_named(admin: Client, stack: Stack) -> None:
    form = {"name": "k", "roles": ["admin"], "expires_at": "2999-01-01T00:00:00Z"}
    key = (await admin.post("/_admin/api-keys", form)).expect(201).data
    await executed(stack, admin, "UPDATE gateway.api_keys SET expires_at = now() - interval '1 second'")
    assert why(await admin.with_token(key["key"]).get("/auth/me")) == "expired"


async def test_a_401_of_a_login_or_refresh_names_its_reason(admin: Client) -> None:
    caller = anonymous(admin)
    assert why(await log_in(admin, "admin@localhost", "wrong")) == "invalid"
    assert why(await caller.post("/auth/login", {})) == "invalid"
    assert why(await caller.post("/auth/refresh", {})) == "missing"
    assert why(await caller.post("/auth/refresh", {"refresh_token": "x"})) == "invalid"
    assert why(await caller.get("/_live?entities=x&ticket=x")) == "invalid"


def _values(path: str) -> str:
    for name in ("{id}", "{kind}", "{name}", "{service}", "{commit_id}", "{app_name}", "{provider}"):
        path = path.replace(name, {"{kind}": "rules", "{name}": "audit", "{app_name}": "none"}.get(name, "1"))
    path = path.replace("/unsubscribe", "/unsubscribe?token=none")
    return path.replace("{entity:[A-Za-z][A-Za-z0-9_]*}", "sale")


BODIES = sorted(
    {(route.method, route.path) for route in ROUTES if route.method in ("POST", "PUT", "PATCH")}
    - {("POST", "/api/{app}/_files/upload")}
)
WITHOUT = (
    "rotate", "restore", "undo", "ticket", "/retry", "/enable", "/test", "/read", "replay", "verify", "rebuild",
    "/_import",
)  # fmt: skip
"""Routes whose body is optional, not read, or a file."""


async def test_a_broken_body_is_400_on_every_route_with_a_body(admin: Client) -> None:
    await admin.define(SALE)
    platform = await admin.at(admin.url).platform()
    asked = [(method, path) for method, path in BODIES if not any(word in path for word in WITHOUT)]
    assert len(asked) > 30
    for method, path in asked:
        caller = platform if path.startswith("/api/_platform") else admin
        where = _values(path).removeprefix("/api/_platform").removeprefix("/api/{app}")
        reply = await caller.request(method, where, None, b'{"a": 1,\n "b"}', Content_Type="application/json")
        told = (reply.status, reply.code, "line 2, column" in reply.body["error"]["message"])
        assert told == (400, "INVALID_PAYLOAD", True) or reply.status == 404, (method, path, told)
        # Where something named in the path is looked for first, there is none.
        assert reply.status == 400 or any(made_up in where for made_up in ("/1", "/none", "=none")), (method, path)


async def test_duplicate_json_keys_are_400(admin: Client) -> None:
    await admin.define(SALE)
    for path, body in (
        ("/sale", b'{"title": "a", "title": "b"}'),
        ("/_admin/entities", b'{"name": "x", "fields": [{"name": "a", "name": "b"}]}'),
        ("/auth/login", b'{"email": "a", "email": "b"}'),
        ("/_events", b'{"action": "a", "metadata": {"x": 1, "x": 2}}'),
    ):
        reply = (await admin.request("POST", path, None, body)).expect(400)
        assert reply.code == "INVALID_PAYLOAD" and "twice" in reply.details[0]["message"], path


async def refused_parts(admin: Client, method: str, path: str, body: Any, status: int = 422) -> dict[str, str]:
    reply = (await admin.request(method, path, body)).expect(status)
    found = {detail["field"]: detail["message"] for detail in reply.details}
    for name, message in found.items():
        assert not message.startswith(name.rpartition(".")[2]), (name, message)
    return found


async def test_all_wrong_parts_are_named_once(admin: Client) -> None:
    await admin.define(SALE)
    parts = await refused_parts(admin, "POST", "/sale", {"count": "x", "status": "c", "unheard": 1})
    assert set(parts) == {"title", "count", "status", "unheard"}
    (await admin.post("/sale", {"title": "a", "code": "c"})).expect(201)
    assert await refused_parts(admin, "POST", "/sale", {"title": "a", "code": "c"}, 409) == {"code": "is taken"}
    user = {"email": 1, "password": "", "roles": 5, "active": "x"}
    assert set(await refused_parts(admin, "POST", "/_admin/users", user)) == set(user)
    taken = {"email": "admin@localhost", "password": "secret-1"}
    assert await refused_parts(admin, "POST", "/_admin/users", taken, 409) == {"email": "is taken"}
    invite = {"email": 1, "roles": 5, "mail": 5}
    assert set(await refused_parts(admin, "POST", "/_admin/invites", invite)) == set(invite)
    key = {"name": "", "roles": 5, "expires_at": 5, "scopes": 5}
    assert set(await refused_parts(admin, "POST", "/_admin/api-keys", key)) == set(key)
    assert set(await refused_parts(admin, "POST", "/auth/accept-invite", {})) == {"token", "password"}
    assert set(await refused_parts(admin, "POST", "/auth/reset-password", {})) == {"token", "password"}
    app = {"name": "9", "display_name": 5, "db_driver": "x", "cors_origins": 5}
    assert set(await refused_parts(await admin.platform(), "POST", "/apps", app)) == set(app)


@pytest.mark.parametrize("can_see", [True, False])
async def test_a_state_machine_error_names_the_state_to_its_readers(admin: Client, can_see: bool) -> None:
    await admin.define(SALE)
    await admin.define(MACHINE, "state-machines")
    fields = {} if can_see else {"fields": {"exclude": ["status"]}}
    for action, more in (("read", fields), ("update", {})):
        await admin.grant("sale", action, "clerk", "guest", **more)
    sale = (await admin.post("/sale", {"title": "a"})).expect(201).data
    guest, clerk = [await admin.user(f"{role}@localhost", [role]) for role in ("guest", "clerk")]
    (await admin.put(f"/sale/{sale['id']}", {"status": "b"})).expect(403)
    refused = (await guest.put(f"/sale/{sale['id']}", {"status": "b"})).expect(403)
    assert ("from a" in refused.details[0]["message"]) is can_see
    (await clerk.put(f"/sale/{sale['id']}", {"status": "b"})).expect(200)
    refused = (await clerk.put(f"/sale/{sale['id']}", {"status": "a"})).expect(422)
    words = "can't change from b to a; nothing is allowed from b" if can_see else "from its present state"
    assert words in refused.details[0]["message"]
