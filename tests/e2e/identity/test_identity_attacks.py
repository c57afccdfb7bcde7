"""Attacks on identity: forged tokens, guessed passwords, smuggled headers, other users' accounts."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from services.gateway.identity.keyring import key_id
from services.gateway.routes import ROUTES
from tests.support.accounts import PASSWORD, anonymous, code, entered, keyring_of, log_in, made, metric
from tests.support.app_database import app_row, executed
from tests.support.client import ADMIN, PLATFORM, Client, Reply, entity, text

NOBODY = str(uuid.UUID(int=0))
SQL = ("' OR '1'='1", "'; DROP TABLE gateway.users; --", "\\'; SELECT pg_sleep(5); --", "$1", "%", "a\u0000b")


async def status_with(admin: Client, token: str, path: str = "/_admin/users") -> int:
    return (await admin.with_token(token).get(path)).status


async def test_forged_tokens(admin: Client, client: Client, stack: Stack) -> None:
    scope = str((await app_row(stack, admin))["id"])
    key = keyring_of(stack).key(scope, 1)
    claims = jwt.decode(admin.token, options={"verify_signature": False})
    headers = {"kid": key_id(scope, 1)}
    others = {name: keyring_of(stack, name).key(scope, 1) for name in ("data_key", "webhook_key", "subscribers")}
    assert await status_with(admin, jwt.encode(claims, key, "HS256", headers)) == 200, "the forger's tools are good"

    def altered(**changes: Any) -> str:
        return jwt.encode(
            {name: v for name, v in {**claims, **changes}.items() if v is not None}, key, "HS256", headers
        )

    def parts(head: Mapping[str, Any], signature: str) -> str:
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, claims)]
        return ".".join([*encoded, signature])

    head, body, signature = admin.token.split(".")
    other_body = base64.urlsafe_b64encode(json.dumps({**claims, "sub": NOBODY}).encode()).rstrip(b"=").decode()
    now = int(time.time())
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forge, its_kid = keyring_of(stack).key("platform", 1), {"kid": key_id("platform", 1)}
    forged = {
        "nobody of the app": altered(sub=NOBODY),
        "nobody of the platform": jwt.encode({**claims, "sub": NOBODY}, forge, "HS256", its_kid),
        "no id of the platform": jwt.encode({**claims, "sub": "root"}, forge, "HS256", its_kid),
        **{f"the key of {name}": jwt.encode(claims, other, "HS256", headers) for name, other in others.items()},
        "none": jwt.encode(claims, "", "none", headers),
        "None, with the old signature": parts({"alg": "None", "typ": "JWT", **headers}, signature),
        "no signature": f"{head}.{body}.",
        "HS512 with the right key": jwt.encode(claims, key, "HS512", headers),
        "RS256": jwt.encode(claims, rsa_key, "RS256", headers),
        "ES256": jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", headers),
        "another key": jwt.encode(claims, "k" * 32, "HS256", headers),
        "the key's name as the key": jwt.encode(claims, key_id(scope, 1).ljust(32), "HS256", headers),
        "the platform's kid": jwt.encode(claims, key, "HS256", {"kid": key_id("platform", 1)}),
        "another generation": jwt.encode(claims, key, "HS256", {"kid": key_id(scope, 7)}),
        "a kid that is a path": jwt.encode(claims, key, "HS256", {"kid": f"../{scope}.1"}),
        "a kid that is SQL": jwt.encode(claims, key, "HS256", {"kid": f"{scope}' OR '1'='1.1"}),
        "no kid": jwt.encode(claims, key, "HS256"),
        "its own key inside": parts({"alg": "HS256", "jwk": {"kty": "oct", "k": "YQ"}, **headers}, signature),
        "expired": altered(iat=now - 1000, exp=now - 100),
        "no end": altered(exp=None),
        "no session": altered(sid=None),
        "no version": altered(ver=None),
        "another body": f"{head}.{other_body}.{signature}",
        "two tokens": f"{admin.token} {admin.token}",
        "a tail": admin.token + "A" * 9000,
        "nothing": "",
    }  # fmt: skip
    outcomes = {name: await status_with(admin, token) for name, token in forged.items()}
    assert {name: status for name, status in outcomes.items() if status != 401} == {}

    other = await client.new_app()
    platform = await client.platform()
    assert await status_with(admin, other.token) == await status_with(other, admin.token) == 401
    assert await status_with(admin, platform.token) == 200
    for token in (admin.token, other.token):
        (await platform.with_token(token).get("/apps")).expect(401)
    (await platform.get("/apps")).expect(200)


async def test_rotated_keys(admin: Client, stack: Stack) -> None:
    second = admin.at(stack.gateway_urls[1])
    old = admin.token
    rotated = (await admin.post("/_admin/signing-keys/rotate", {"overlap": 900})).expect(201).data
    fresh = await admin.login(admin.prefix.removeprefix("/api/"), *ADMIN)
    assert jwt.get_unverified_header(fresh.token)["kid"] == rotated["kid"] != jwt.get_unverified_header(old)["kid"]
    for caller in (admin, second):
        for token in (old, fresh.token):
            assert await status_with(caller, token) == 200
    # A leaked key: what it has signed ends at once, also at the other gateway, whatever it has remembered.
    (await fresh.post("/_admin/signing-keys/rotate", {"overlap": 0})).expect(201)
    newest = await admin.login(admin.prefix.removeprefix("/api/"), *ADMIN)
    for caller in (admin, second):
        for token in (old, fresh.token):
            await eventually(lambda: _is_refused(caller, token))  # noqa: B023
        assert await status_with(caller, newest.token) == 200
    generations = (await newest.get("/_admin/signing-keys")).data
    assert [row["signs"] for row in generations] == [True, False, False]
    for wrong in (-1, 901, "1", True, None):
        (await newest.post("/_admin/signing-keys/rotate", {"overlap": wrong})).expect(422)
    await made(newest, "ann@example.org")
    ann, _ = await entered(newest, "ann@example.org")
    (await ann.post("/_admin/signing-keys/rotate")).expect(403)


async def _is_refused(caller: Client, token: str) -> bool:
    return await status_with(caller, token) == 401


async def test_guessing_is_slowed_down_and_locks_nobody_out(admin: Client, stack: Stack) -> None:
    for email in ("ann@example.org", "bob@example.org"):
        await made(admin, email)
    await entered(admin, "ann@example.org")
    gateways = [admin.at(url) for url in stack.gateway_urls]

    async def guesses(email: str, count: int) -> list[int]:
        return [(await log_in(gateways[n % 2], email, f"guess {n}")).status for n in range(count)]

    for email in ("bob@example.org", "nobody@example.org"):
        # Both gateways count as one, and do not tell whether there is such an account.
        assert await guesses(email, 6) == [401] * 6
        await _prolong(stack, admin)
        assert await guesses(email, 2) == [429] * 2
    blocked = await log_in(admin, "bob@example.org")
    assert blocked.code == "RATE_LIMITED" and int(blocked.headers["Retry-After"]) >= 1
    await executed(stack, admin, SHORTEN)
    # Guesses that arrive at once get no more attempts.
    await made(admin, "eve@example.org")
    begun = time.monotonic()
    replies = await asyncio.gather(*(log_in(gateways[n % 2], "eve@example.org", f"guess {n}") for n in range(20)))
    statuses = Counter(reply.status for reply in replies)
    # The wait is a second at first and doubles: if all this takes longer, one more may be let through.
    assert 6 <= statuses[401] <= 6 + int(math.log2(1 + time.monotonic() - begun))
    assert statuses.keys() == {401, 429}

    # A known place is held back by its own failures alone: Ann comes in whatever happened to others, from here too.
    (await log_in(admin, "ann@example.org")).expect(200)
    assert await guesses("ann@example.org", 12) == [401] * 12
    (await log_in(admin, "ann@example.org")).expect(200)

    async def bob_is_in() -> bool:
        return (await log_in(admin, "bob@example.org")).status == 200

    await eventually(bob_is_in)


WAIT = "interval '10 minutes'"
PROLONG = f"""
UPDATE gateway.attempts SET blocked_until = blocked_until + {WAIT}
WHERE blocked_until > at AND blocked_until < at + {WAIT}
"""
SHORTEN = f"UPDATE gateway.attempts SET blocked_until = blocked_until - {WAIT} WHERE blocked_until > at + {WAIT}"


async def _prolong(stack: Stack, admin: Client) -> None:
    """Have the one who has to wait now, for a second, wait for long enough to be seen on a slow machine, too."""
    assert await executed(stack, admin, PROLONG) == "UPDATE 1"


async def test_second_factor_codes_cannot_be_guessed(admin: Client, stack: Stack) -> None:
    await made(admin, "ann@example.org")
    ann, _ = await entered(admin, "ann@example.org")
    secret = (await ann.post("/auth/totp/enroll", {"password": PASSWORD})).expect(201).data["secret"]
    (await ann.post("/auth/totp/confirm", {"totp": code(secret)})).expect(200)
    near = {code(secret, n) for n in range(-3, 6)}
    wrong = [guess for guess in (f"{n:06d}" for n in range(60)) if guess not in near][:24]

    async def guesses(codes: list[str]) -> list[int]:
        return [(await log_in(admin, "ann@example.org", totp=guess)).status for guess in codes]

    assert await guesses(wrong[:21]) == [401] * 21
    await _prolong(stack, admin)
    assert await guesses(wrong[21:]) == [429] * 3
    (await log_in(admin, "ann@example.org", totp=code(secret, 1))).expect(429)


async def test_every_login_costs_one_password_check(admin: Client) -> None:
    await made(admin, "ann@example.org")
    inactive = {"email": "off@example.org", "password": PASSWORD, "active": False}
    (await admin.post("/_admin/users", inactive)).expect(201)
    bodies: list[Any] = [
        {"email": "ann@example.org", "password": PASSWORD},
        {"email": "ann@example.org", "password": "wrong"},
        {"email": "nobody@example.org", "password": PASSWORD},
        {"email": "off@example.org", "password": PASSWORD},
        {"email": "ann@example.org", "password": PASSWORD + "\u0000"},
        {"email": "ann@example.org", "password": "x" * 100},
        {"email": "ann@example.org"}, {"password": PASSWORD}, {}, {"email": 5, "password": {}},
    ]  # fmt: skip
    answers = []
    for body in bodies:
        before = await metric(admin, "rocket_password_checks_total")
        answers.append(await anonymous(admin).post("/auth/login", body))
        assert await metric(admin, "rocket_password_checks_total") == before + 1, body
    assert [reply.status for reply in answers] == [200] + [401] * 9
    assert len({json.dumps(reply.body) for reply in answers[1:]}) == 1

    # The other ways in cost as much: with a second factor, whatever comes of the code, and at the platform.
    ann, _ = await entered(admin, "ann@example.org")
    secret = (await ann.post("/auth/totp/enroll", {"password": PASSWORD})).expect(201).data["secret"]
    (await ann.post("/auth/totp/confirm", {"totp": code(secret)})).expect(200)
    outside = Client(admin.session, admin.url, prefix="/api/_platform")
    known = {"email": "ann@example.org", "password": PASSWORD}
    for caller, body, status in (
        (anonymous(admin), known, 401),
        (anonymous(admin), {**known, "totp": "no code"}, 401),
        (anonymous(admin), {**known, "totp": code(secret, 1)}, 200),
        (outside, {"email": PLATFORM[0], "password": "wrong"}, 401),
        (outside, {"email": "nobody@example.org", "password": "wrong"}, 401),
        (outside, {"email": PLATFORM[0], "password": PLATFORM[1]}, 200),
    ):
        before = await metric(admin, "rocket_password_checks_total")
        (await caller.post("/auth/login", body)).expect(status)
        assert await metric(admin, "rocket_password_checks_total") == before + 1, body


async def test_no_response_reveals_accounts(admin: Client) -> None:
    await made(admin, "ann@example.org")
    nobody = anonymous(admin)

    def told(reply: Reply) -> tuple[Any, ...]:
        passing = ("Date", "X-Trace-ID", "Content-Length")
        return (
            reply.status,
            json.dumps(reply.body),
            sorted((k, v) for k, v in reply.headers.items() if k not in passing),
        )

    for path, body in (("/auth/login", {"password": "x"}), ("/auth/forgot-password", {})):
        first, second = [
            await nobody.post(path, {**body, "email": email}) for email in ("ann@example.org", "nobody@example.org")
        ]
        assert told(first) == told(second)
    for path in ("/auth/accept-invite", "/auth/reset-password"):
        reply = await nobody.post(path, {"token": "ann@example.org", "password": "long enough"})
        assert reply.status in (404, 422) and "ann" not in str(reply.body)


async def test_identity_headers_are_ignored(admin: Client, client: Client, stack: Stack) -> None:
    """What services tell each other in headers comes from the gateway alone."""
    await admin.define(entity("note", text("title")))
    await made(admin, "ann@example.org")
    ann, _ = await entered(admin, "ann@example.org")
    me = (await admin.get("/auth/me")).data
    app = await app_row(stack, admin)
    identity = [me["id"], me["email"], ["admin"], "password", None]
    context = json.dumps(
        {"ip": "", "ua": "", "c": "request", "d": 0, "who": identity, "app": [app["id"], "x", "y", ""]}
    )
    smuggled = {
        "Rocket-Context": context, "Rocket-Deadline": "9999999999", "Rocket-Position": "1.1", "Rocket-Schema": "1",
        "Rocket-Effects": "1", "Rocket-Reference": "1", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
        "Nats-Msg-Id": "1", "Nats-Expected-Last-Sequence": "1", "X-User-Id": me["id"], "X-Roles": "admin",
        "X-Forwarded-User": ADMIN[0], "X-Remote-User": ADMIN[0], "X-Forwarded-For": "10.0.0.1",
        "X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/api/_platform/apps", "X-Rewrite-URL": "/health",
        "Forwarded": "for=10.0.0.1;by=admin", "ce-source": f"/apps/{app['id']}",
    }  # fmt: skip
    for caller, expected in ((ann, 403), (anonymous(admin), 401)):
        for hop in ("", ", ".join(smuggled), "Authorization", "close, Authorization"):
            sent = {**smuggled, **({"Connection": hop} if hop else {})}
            if caller is ann and "Authorization" in hop:
                continue  # whether an end-to-end header may be hop-by-hop is a proxy's matter
            (await caller.request("GET", "/_admin/users", None, None, **sent)).expect(expected)
            (await caller.request("GET", "/note", None, None, **sent)).expect(expected)
    (await admin.request("POST", "/note", {"title": "a"}, None, **smuggled)).expect(201)

    async def told() -> Any:
        rows = (await admin.get("/_admin/audit-logs?entity=note")).data
        return rows[0] if rows else None

    row = await eventually(told)
    assert (row["user_id"], row["ip_address"]) == (me["id"], "127.0.0.1")


@pytest.mark.parametrize("kind", ["twice", "folded", "break", "both", "scheme"])
async def test_malformed_tokens_are_refused(admin: Client, kind: str) -> None:
    """A proxy before us may have looked at another one than we do; so there is exactly one, or none."""
    ann = await admin.user(f"{kind}@example.org", [])
    tokens = {"good": f"Authorization: Bearer {ann.token}", "other": f"Authorization: Bearer {admin.token}"}
    lines = {
        "twice": [tokens["good"], tokens["other"]],
        "folded": [tokens["good"].replace("Bearer ", "Bearer\r\n "), "X: y"],
        "break": [f"X: a\rAuthorization: Bearer {admin.token}"],
        "both": [tokens["good"], "X-API-Key: rk_" + "a" * 43],
        "scheme": [f"Authorization: Basic {admin.token}", f"X-Authorization: Bearer {admin.token}"],
    }[kind]
    host, _, port = admin.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = "\r\n".join([f"GET {admin.prefix}/_admin/users HTTP/1.1", "Host: x", *lines, "Connection: close"])
    writer.write(f"{head}\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert int(answer.split(b" ", 2)[1]) in (400, 401, 403) and admin.token.encode() not in answer


async def test_sql_in_every_value_does_nothing(admin: Client) -> None:
    user_id = await made(admin, "ann@example.org")
    before = (await admin.get("/_admin/users")).data
    nobody = anonymous(admin)
    for noise in SQL:
        bodies: list[tuple[Client, str, str, Any]] = [
            (nobody, "POST", "/auth/login", {"email": noise, "password": noise, "totp": noise}),
            (nobody, "POST", "/auth/refresh", {"refresh_token": noise}),
            (nobody, "POST", "/auth/logout", {"refresh_token": noise}),
            (nobody, "POST", "/auth/forgot-password", {"email": f"{noise}@x"}),
            (nobody, "POST", "/auth/reset-password", {"token": noise, "password": noise}),
            (nobody, "POST", "/auth/accept-invite", {"token": noise, "password": noise}),
            (admin, "POST", "/_admin/invites/bulk", {"emails": [noise], "roles": [noise]}),
            (admin, "POST", "/_admin/api-keys", {"name": noise, "roles": [noise], "expires_at": noise}),
            (admin, "PUT", f"/_admin/users/{user_id}", {"email": noise, "roles": [noise]}),
            (admin, "PUT", "/auth/password", {"current_password": noise, "password": "long enough"}),
            (admin, "POST", "/auth/totp/confirm", {"totp": noise}),
            (admin, "POST", "/_admin/signing-keys/rotate", {"overlap": noise}),
        ]
        for caller, method, path, body in bodies:
            reply = await caller.request(method, path, body)
            # Logout is content with any token; some of it makes a mail address of nobody.
            fine = (200,) if path.endswith("logout") else (202, 422) if "forgot" in path else range(400, 500)
            assert reply.status in fine, (path, noise, reply.body)
            assert "select" not in str(reply.body).lower() and "gateway." not in str(reply.body)
        for path in ("users", "invites", "api-keys"):
            (await admin.get(f"/_admin/{path}/{noise.replace('%', '%25').replace(chr(0), '%00')}")).expect(404)
        (await nobody.get("/_admin/users", X_API_Key="rk_" + noise.replace("\u0000", ""))).expect(401)
    assert (await admin.get("/_admin/users")).data == before


async def test_extra_keys_in_identity_bodies_are_refused(admin: Client) -> None:
    """Mass assignment: what is not theirs to say is refused by name, and nothing is done."""
    extra: dict[str, Any] = {
        "id": NOBODY, "password_hash": "x", "created_at": "2000-01-01T00:00:00Z", "version": 99, "user_id": NOBODY,
        "via": "platform", "invited_by": NOBODY,
    }  # fmt: skip

    async def refuses(caller: Client, method: str, path: str, body: dict[str, Any], *taken: str) -> None:
        """Each of the others is refused; `taken` are those that the route knows."""
        for name, value in {**extra, "roles": ["admin"], "active": True, "token": "t"}.items():
            if name in body or name in taken:
                continue
            refused = (await caller.request(method, path, {**body, name: value})).expect(422)
            assert [detail["field"] for detail in refused.details] == [name]

    await refuses(admin, "POST", "/_admin/invites", {"email": "bob@example.org", "roles": ["sales"]})
    assert (await admin.get("/_admin/invites")).data == []
    invite = (await admin.post("/_admin/invites", {"email": "bob@example.org", "roles": ["sales"]})).expect(201).data
    await refuses(anonymous(admin), "POST", "/auth/accept-invite", {"token": invite["token"], "password": PASSWORD})
    accepted = {"token": invite["token"], "password": PASSWORD}
    user = (await anonymous(admin).post("/auth/accept-invite", accepted)).expect(201).data["user"]
    assert (user["email"], user["roles"]) == ("bob@example.org", ["sales"])
    bob, _ = await entered(admin, "bob@example.org")
    await refuses(bob, "PUT", "/auth/password", {"current_password": PASSWORD, "password": PASSWORD})
    assert (await bob.get("/auth/me")).data["roles"] == ["sales"]
    eve = {"email": "eve@example.org", "password": PASSWORD}
    await refuses(admin, "POST", "/_admin/users", eve, "roles", "active")
    await refuses(admin, "POST", "/_admin/api-keys", {"name": "k", "roles": ["sales"]})
    for name, value in {"key": "rk_mine", "hash": "x", "last_used_at": "2000-01-01"}.items():
        (await admin.post("/_admin/api-keys", {"name": "k", "roles": ["sales"], name: value})).expect(422)
    assert (await admin.get("/_admin/api-keys")).data == []
    assert {row["email"] for row in (await admin.get("/_admin/users")).data} == {"admin@localhost", "bob@example.org"}


async def test_ordinary_users_cannot_manage_others(admin: Client, client: Client) -> None:
    """Every route about accounts: what is an admin's is refused, what is another's is not there."""
    bob_id = await made(admin, "bob@example.org")
    bob, _ = await entered(admin, "bob@example.org")
    await made(admin, "ann@example.org", "sales")
    ann, _ = await entered(admin, "ann@example.org")
    key = (await admin.post("/_admin/api-keys", {"name": "k", "roles": ["sales"]})).expect(201).data
    theirs = {
        "users": bob_id,
        "invites": (await admin.post("/_admin/invites", {"email": "eve@example.org"})).data["id"],
        "api-keys": key["id"],
        "sessions": (await bob.get("/auth/me")).data["session_id"],
    }
    tried = 0
    for caller in (ann, ann.with_token(key["key"])):
        for route in ROUTES:
            what = next((name for name in (*theirs, "signing-keys") if f"/{name}" in route.path), None)
            if what is None or "/_admin/" not in route.path + "/_admin/" * ("/auth/sessions/" in route.path):
                continue
            if route.path.startswith("/api/{app}"):
                path = route.path.removeprefix("/api/{app}").replace("{id}", theirs.get(what, ""))
                reply = await caller.request(route.method, path, {"email": "x@example.org", "password": PASSWORD})
                assert reply.status in ((404, 403) if what == "sessions" else (403,)), (route.method, path, reply.body)
            else:
                outside = Client(caller.session, caller.url, caller.token)
                path = route.path.replace("{id}", theirs.get(what, ""))
                (await outside.request(route.method, path, {})).expect(401)
            tried += 1
    assert tried > 30
    (await bob.get("/auth/me")).expect(200)
    other = await client.new_app()
    for caller in (ann, ann.with_token(key["key"])):
        assert await status_with(other, caller.token, "/auth/me") == 401
    own_only: list[tuple[str, str, Any]] = [
        ("GET", "/auth/sessions", None),
        ("DELETE", "/auth/sessions", None),
        ("PUT", "/auth/password", {"current_password": "changeme", "password": "x" * 12}),
        ("POST", "/auth/totp/enroll", {"password": "changeme"}),
    ]
    platform = await client.platform()
    for method, path, body in own_only:
        # A platform account within an app, and a key, have no account there.
        for token in (platform.token, key["key"]):
            (await admin.with_token(token).request(method, path, body)).expect(403)


async def test_too_short_and_too_long_passwords_are_refused(admin: Client) -> None:
    user_id = await made(admin, "ann@example.org")
    for password in ("", "x" * 73, "ä" * 37, 5, None, ["x"], "a\u0000b"):
        body = {"email": "ann@example.org", "password": password}
        (await admin.post("/_admin/users", {**body, "email": "new@example.org"})).expect(422)
        if password is not None:
            (await admin.put(f"/_admin/users/{user_id}", body)).expect(422)
    (await admin.post("/_admin/users", {"email": "new@example.org", "password": "ä" * 36})).expect(201)
    (await log_in(admin, "new@example.org", "ä" * 36)).expect(200)
    (await log_in(admin, "new@example.org", "ä" * 36 + "x")).expect(401)
