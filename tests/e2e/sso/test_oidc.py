"""Whole logins at a real OpenID Connect provider: users, roles, sessions, logout from both sides, outages, rotation."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.accounts import PASSWORD, log_in, made
from tests.support.client import ADMIN, Client
from tests.support.oidc_provider import RunningProvider, free_port, oidc_provider, walk
from tests.support.sso import browsing, callback_of, entered_at, exchanged, followed, outcome, query_of

ANN = {"email": "Ann@Example.org", "email_verified": True, "name": "Ann", "groups": ["sales", "sales-emea"]}
BOB = {"email": "bob@example.org", "email_verified": False, "groups": []}
EVE = {"email": "eve@elsewhere.example", "email_verified": True}
MAPPING = [
    {"claim": "groups", "value": "sales", "roles": ["sales"]},
    {"claim": "groups", "value": "sales-*", "roles": ["region"]},
    {"claim": "groups", "value": "bosses", "roles": ["admin"]},
]


@dataclass(frozen=True, slots=True)
class Place:
    """An app with a provider."""

    admin: Client
    provider: RunningProvider
    definition: dict[str, Any]


@pytest.fixture(scope="module")
async def place(client: Client, stack: Stack) -> AsyncIterator[Place]:
    admin = await client.new_app()
    port = free_port()
    bases = [f"{url}{admin.prefix}/auth/oidc/idp" for url in stack.gateway_urls]
    registered = {
        "client_id": "rocket",
        "client_secret": "very+secret/ of tests",
        "redirect_uris": [f"{base}/callback" for base in bases],
        "post_logout_redirect_uris": [f"{url}/admin/login?app={admin.prefix[5:]}" for url in stack.gateway_urls],
        "backchannel_logout_uri": f"{bases[0]}/backchannel-logout",
        "backchannel_logout_session_required": True,
    }
    async with oidc_provider([registered], {"ann": ANN, "bob": BOB, "eve": EVE}, port) as provider:
        config = {"issuer": provider.issuer, "client_id": "rocket", "client_secret": registered["client_secret"],
                  "scopes": ["openid", "email", "groups"]}  # fmt: skip
        body = {"name": "idp", "type": "oidc", "label": "The provider", "config": config, "role_mapping": MAPPING,
                "jit": {"enabled": True, "default_roles": ["staff"]}}  # fmt: skip
        made_provider = (await admin.post("/_admin/auth-providers", body)).expect(201).data
        yield Place(admin, provider, made_provider)


async def test_a_login_makes_a_user_with_roles(place: Place) -> None:
    admin = place.admin
    (method,) = (await admin.with_token("").get("/auth/providers")).expect(200).data
    assert method == {"name": "idp", "type": "oidc", "label": "The provider",
                      "start_url": f"{admin.prefix}/auth/oidc/idp/start"}  # fmt: skip
    ann, data = await entered_at(admin, "idp", "ann")
    assert (data["user"]["email"], data["user"]["roles"]) == ("ann@example.org", ["staff", "sales", "region"])
    assert data["redirect_to"].endswith("/admin/login")
    me = (await ann.get("/auth/me")).expect(200).data
    assert me["via"] == "oidc:idp"
    (session,) = (await ann.get("/auth/sessions")).data
    assert session["via"] == "oidc:idp" and session["current"]
    renewed = (await admin.with_token("").post("/auth/refresh", {"refresh_token": data["refresh_token"]})).expect(200)
    assert (await admin.with_token(renewed.data["access_token"]).get("/auth/me")).data["via"] == "oidc:idp"

    # A role of an admin stays; a group that is gone takes its roles along, and ends the tokens that had them.
    user = me["id"]
    roles = [*data["user"]["roles"], "extra"]
    (await admin.put(f"/_admin/users/{user}", {"email": "ann@new.example", "roles": roles})).expect(200)
    await place.provider.change(ann={**ANN, "email": "other@example.org", "groups": ["sales"]})
    again, data = await entered_at(admin, "idp", "ann")
    assert data["user"] == {"id": user, "email": "ann@new.example", "roles": ["staff", "extra", "sales"]}
    await eventually(lambda: _refused(ann))
    assert (await again.get("/auth/me")).data["roles"] == ["staff", "extra", "sales"]
    await place.provider.change(ann=ANN)

    tested = (await admin.post(f"/_admin/auth-providers/{place.definition['id']}/test")).expect(200).data
    assert tested["ok"] and [step["name"] for step in tested["steps"]] == ["discovery", "keys"]
    assert tested["last_login"]["outcome"] == "ok" and "sales" in tested["last_login"]["claims"]["groups"]
    told = await eventually(lambda: _audited(admin, user))
    assert "provider" in str(told) and "secret" not in str(told)


async def test_who_is_let_in(place: Place) -> None:
    admin = place.admin
    async with browsing() as browser:
        assert (await outcome(browser, admin, "idp", "bob"))["error"] == "USER_NOT_PROVISIONED"
    there = await made(admin, "eve@elsewhere.example", "guest")
    async with browsing() as browser:
        refused = await outcome(browser, admin, "idp", "eve")
        assert refused["error"] == "USER_NOT_PROVISIONED" and refused["trace_id"]
    await _changed(place, link="verified_email")
    eve, data = await entered_at(admin, "idp", "eve")
    assert data["user"] == {"id": there, "email": "eve@elsewhere.example", "roles": ["guest"]}
    # Their password still opens the account; who has none gets none by mail.
    (await log_in(admin, "eve@elsewhere.example", PASSWORD)).expect(200)
    (await log_in(admin, "ann@example.org", "!")).expect(401)
    (await admin.put(f"/_admin/users/{there}", {"email": "eve@elsewhere.example", "active": False})).expect(200)
    async with browsing() as browser:
        assert (await outcome(browser, admin, "idp", "eve"))["error"] == "USER_NOT_PROVISIONED"
    await _changed(place, allowed_domains=["example.org"])
    (await admin.put(f"/_admin/users/{there}", {"email": "eve@elsewhere.example", "active": True})).expect(200)
    async with browsing() as browser:
        assert (await outcome(browser, admin, "idp", "eve"))["error"] == "USER_NOT_PROVISIONED"
    await _changed(place)
    assert (await eve.get("/auth/me")).status == 401


async def test_passwords_are_closed_for_all_but_admins(place: Place) -> None:
    admin, closed = place.admin, {"password_login": False}
    refused = await admin.request("PATCH", "/_admin/settings", closed)
    assert refused.expect(409).code == "CONFLICT"
    await place.provider.change(boss={**ANN, "email": "boss@example.org", "groups": ["bosses"]})
    _, data = await entered_at(admin, "idp", "boss")
    await made(admin, "ben@example.org", "staff")
    ben = admin.with_token((await log_in(admin, "ben@example.org")).expect(200).data["access_token"])
    (await admin.request("PATCH", "/_admin/settings", closed)).expect(200)
    await eventually(lambda: _refused(ben))
    (await log_in(admin, *ADMIN)).expect(200)

    async def is_closed() -> bool:
        return (await log_in(admin, "ben@example.org")).status == 403

    await eventually(is_closed)
    await entered_at(admin, "idp", "ann")
    boss = {"email": "boss@example.org", "roles": ["admin"], "active": False}
    (await admin.put(f"/_admin/users/{data['user']['id']}", boss)).expect(200)
    (await log_in(admin, "ben@example.org")).expect(200)
    (await admin.request("PATCH", "/_admin/settings", {"password_login": None})).expect(200)


async def test_a_login_ends_once_in_its_browser_at_any_gateway(place: Place, stack: Stack) -> None:
    admin = place.admin
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    async with browsing() as browser, browsing() as other:
        callback = await callback_of(browser, admin, "idp", "ann", f"&challenge={challenge}")
        elsewhere = callback.replace(stack.gateway_urls[0], stack.gateway_urls[1])
        async with other.get(callback, allow_redirects=False) as answer:
            assert answer.status == 401 and "was not begun in this browser" in await answer.text()
        code = query_of(await followed(browser, elsewhere))["code"]
        for url in (callback, elsewhere):
            async with browser.get(url, allow_redirects=False) as answer:
                assert answer.status == 401
    wrong = await exchanged(admin, code, verifier="w" * 50)
    assert wrong.expect(401).code == "UNAUTHORIZED"
    (await exchanged(admin, code, verifier=verifier)).expect(401)  # used up by the wrong one
    for sent in ("", "x", code):
        (await exchanged(admin, sent)).expect(401)
    async with browsing() as browser:
        callback = await callback_of(browser, admin, "idp", "ann", f"&challenge={challenge}")
        code = query_of(await followed(browser, callback))["code"]
        taken = await exchanged(admin.at(stack.gateway_urls[1]), code, verifier=verifier)
        assert taken.expect(200).headers["Cache-Control"] == "no-store"


async def test_a_logout_here_ends_the_session_there(place: Place) -> None:
    admin = place.admin
    async with browsing() as browser:
        code = (await outcome(browser, admin, "idp", "ann"))["code"]
        tokens = (await exchanged(admin, code)).expect(200).data
        # Still logged in there: no form.
        start = f"{admin.url}{admin.prefix}/auth/oidc/idp/start"
        silent = await walk(browser, await followed(browser, start), "nobody", "/idp/callback?")
        assert "code=" in await followed(browser, silent)
        body = {"refresh_token": tokens["refresh_token"]}
        bad = await admin.with_token("").post("/auth/logout", {**body, "redirect_to": "https://evil.example/"})
        assert bad.expect(400).details[0]["field"] == "redirect_to"
        answer = (await admin.with_token("").post("/auth/logout", body)).expect(200).data
        back = await walk(browser, answer["logout_url"], "", "/admin/login?app=")
        assert back.startswith(admin.url)
        await eventually(lambda: _refused(admin.with_token(tokens["access_token"])))
        assert "/interaction/" in await _next_page(browser, await followed(browser, start))
    (await admin.with_token("").post("/auth/logout", {"refresh_token": "unknown"})).expect(200)


async def test_a_logout_there_ends_the_sessions_here_at_every_gateway(place: Place, stack: Stack) -> None:
    admin = place.admin
    async with browsing() as browser:
        code = (await outcome(browser, admin, "idp", "ann"))["code"]
        tokens = (await exchanged(admin, code)).expect(200).data
        ann = admin.with_token(tokens["access_token"])
        other, _ = await entered_at(admin, "idp", "ann")
        for url in stack.gateway_urls:
            (await ann.at(url).get("/auth/me")).expect(200)
        await walk(browser, f"{place.provider.issuer}/session/end", "", "/session/end/success")
    assert not [line for line in place.provider.log if "error" in line]
    for url in stack.gateway_urls:
        await eventually(lambda: _refused(ann.at(url)))  # noqa: B023
    (await other.get("/auth/me")).expect(200)  # another session of the same person
    (await admin.with_token("").post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).expect(401)


async def test_keys_are_rotated_and_the_provider_goes_away(place: Place, stack: Stack) -> None:
    admin, provider = place.admin, place.provider
    await entered_at(admin, "idp", "ann")
    await provider.rotate()

    async def enters() -> bool:
        async with browsing() as browser:
            return "code" in await outcome(browser, admin, "idp", "ann")

    await eventually(enters)
    ann, tokens = await entered_at(admin, "idp", "ann")
    async with browsing() as browser:
        callback = await callback_of(browser, admin, "idp", "ann")
        await provider.stop()
        ended = query_of(await followed(browser, callback))
        assert ended["error"] == "PROVIDER_UNAVAILABLE"
    (await ann.get("/auth/me")).expect(200)
    (await admin.with_token("").post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).expect(200)
    (await log_in(admin, *ADMIN)).expect(200)
    tested = (await admin.post(f"/_admin/auth-providers/{place.definition['id']}/test")).expect(200).data
    assert not tested["ok"] and tested["steps"] == [{"name": "discovery", "ok": False, "error": "no connection"}]
    new = {**place.definition, "name": "another", "config": {**place.definition["config"], "client_secret": "x"}}
    refused = (await admin.post("/_admin/auth-providers", new)).expect(422)
    assert refused.details[0]["field"] == "config.issuer"
    (await admin.post("/_admin/auth-providers", {**new, "active": False})).expect(201)
    # A gateway that has never asked it sends the browser back at once.
    fresh = await _changed(place, label="changed")
    assert fresh["label"] == "changed"
    async with browsing() as browser:
        start = f"{stack.gateway_urls[0]}{admin.prefix}/auth/oidc/idp/start?redirect_to=/admin/login"
        assert query_of(await followed(browser, start))["error"] == "PROVIDER_UNAVAILABLE"
    await provider.start()
    await eventually(enters)


async def test_the_end_of_a_provider_ends_its_sessions(place: Place, stack: Stack) -> None:
    ann, tokens = await entered_at(place.admin, "idp", "ann")
    (await place.admin.delete(f"/_admin/auth-providers/{place.definition['id']}")).expect(200)
    for url in stack.gateway_urls:
        await eventually(lambda: _refused(ann.at(url)))  # noqa: B023
    refresh = {"refresh_token": tokens["refresh_token"]}
    (await place.admin.with_token("").post("/auth/refresh", refresh)).expect(401)
    (await place.admin.with_token("").get("/auth/oidc/idp/start")).expect(404)


async def _changed(place: Place, **parts: Any) -> Any:
    path = f"/_admin/auth-providers/{place.definition['id']}"
    return (await place.admin.put(path, {**place.definition, **parts})).expect(200).data


async def _refused(caller: Client) -> bool:
    return (await caller.get("/auth/me")).status == 401


async def _audited(admin: Client, user: str) -> Any:
    rows = (await admin.get(f"/_admin/audit-logs?per_page=100&record_id={user}")).data
    return rows if any(row["entity"] == "_external_identities" for row in rows) else None


async def _next_page(browser: Any, url: str) -> str:
    async with browser.get(url, allow_redirects=False) as answer:
        return str(answer.headers.get("Location", ""))
