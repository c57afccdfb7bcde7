"""An admin sees an app as one of its users does, and can change nothing by that."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

from yarl import URL

from libs.shared.testing.polling import eventually
from services.gateway.routes import ROUTES
from services.gateway.routing.route import Access, Route
from tests.support.accounts import anonymous, entered, made
from tests.support.client import Client, entity, text

VARIABLE = re.compile(r"\{(\w+)(?::[^}]+)?\}")
READING_POSTS = {
    "/api/{app}/_live/ticket", "/api/{app}/_admin/rules/try", "/api/{app}/_admin/explain",
    "/api/{app}/_admin/schema/plan", "/api/{app}/_admin/state-machines/try", "/api/{app}/_admin/permissions/effect",
    "/api/{app}/_admin/notification-templates/preview", "/api/{app}/_admin/notification-templates/{id}/preview",
    "/api/{app}/_admin/auth-providers/try-mapping",
}  # fmt: skip
"""What is no GET and only reads. To open another route to view tokens, say so here too."""


async def viewing(admin: Client, user_id: str) -> Client:
    found = (await admin.post(f"/_admin/users/{user_id}/view-token")).expect(201).data
    assert set(found) == {"access_token", "expires_in", "user"} and found["expires_in"] == 900
    return admin.with_token(found["access_token"])


def paths(route: Route, app: str) -> Iterator[str]:
    values = {
        "app": app,
        "entity": "note",
        "kind": "roles",
        "service": "webhook",
        "name": "audit",
        "entity_name": "note",
    }
    yield VARIABLE.sub(lambda variable: values.get(variable[1], str(uuid.uuid4())), route.path)


async def answered(caller: Client, route: Route) -> list[tuple[int, Any]]:
    found = []
    for path in paths(route, caller.prefix.removeprefix("/api/")):
        headers = {"Authorization": f"Bearer {caller.token}"}
        body: Any = None if route.method in ("GET", "HEAD") else {}
        url = URL(caller.url + path, encoded=True)
        async with caller.session.request(route.method, url, json=body, headers=headers) as response:
            is_json = response.content_type == "application/json" and route.method != "HEAD"
            found.append((response.status, await response.json() if is_json else None))
    return found


def is_read_only(body: Any) -> bool:
    details = (body or {}).get("error", {}).get("details") or [{}]
    return bool(details[0].get("rule") == "read_only")


async def test_every_route_that_writes_refuses_a_view_token(admin: Client) -> None:
    await admin.define(entity("note", text("body")))
    boss = await made(admin, "boss@example.org", "admin")
    view = await viewing(admin, boss)
    routes = [route for route in ROUTES if "{app}" in route.path and route.access in (Access.USER, Access.ADMIN)]
    assert {route.path for route in routes if route.reads and route.method not in ("GET", "HEAD")} == READING_POSTS
    wrong = {}
    for route in routes:
        found = await answered(view, route)
        refused = all(status == 403 and is_read_only(body) for status, body in found)
        if refused is bool(route.reads) or any(status >= 500 for status, _ in found):
            wrong[f"{route.method} {route.path}"] = found
    assert wrong == {}
    assert len([route for route in routes if not route.reads]) > 60
    platform = next(route for route in ROUTES if route.access is Access.PLATFORM)
    assert [status for status, _ in await answered(view, platform)] == [401]


async def test_a_view_token_sees_what_the_user_sees_and_ends_with_both(admin: Client) -> None:
    await admin.define(entity("note", text("body"), text("secret")))
    await admin.grant("note", "read", "staff", fields={"exclude": ["secret"]}, conditions=[
        {"field": "body", "operator": "eq", "value": "seen"}])  # fmt: skip
    for body in ("seen", "hidden"):
        (await admin.post("/note", {"body": body, "secret": "x"})).expect(201)
    ann = await made(admin, "ann@example.org", "staff")
    own, _ = await entered(admin, "ann@example.org")
    await made(admin, "eve@example.org", "admin")
    eve, _ = await entered(admin, "eve@example.org")
    view = await viewing(eve, ann)
    assert (await view.get("/note")).data == (await own.get("/note")).expect(200).data
    for path in ("/_schema", "/_notifications", "/_views", "/_workflows"):
        assert (await view.get(path)).body == (await own.get(path)).expect(200).body
    assert (await view.get("/_admin/users")).expect(403).details == []
    refused = (await view.post("/note", {"body": "new"})).expect(403)
    assert refused.details[0]["rule"] == "read_only" and refused.code == "FORBIDDEN"
    me = (await view.get("/auth/me")).expect(200).data
    assert (me["email"], me["view_as"]["email"], "session_id" in me) == ("ann@example.org", "eve@example.org", False)
    assert {row["current"] for row in (await view.get("/auth/sessions")).expect(200).data} == {False}
    ticket = (await view.post("/_live/ticket")).expect(201).data["ticket"]
    async with view.session.get(f"{view.url}{view.prefix}/note/_live?ticket={ticket}") as stream:
        assert stream.status == 200 and (await stream.content.readline()).startswith(b"retry")
    (await view.post(f"/_admin/users/{ann}/view-token")).expect(403)
    (await anonymous(admin).post("/auth/refresh", {"refresh_token": view.token})).expect(401)
    (await own.post(f"/_admin/users/{ann}/view-token")).expect(403)
    (await eve.post(f"/_admin/users/{uuid.uuid4()}/view-token")).expect(404)

    async def noted() -> Any:
        rows = (await admin.get("/_admin/audit-logs?entity=_view_tokens")).expect(200).data
        return [(row["record_id"], row["user_email"], row["new_data"]) for row in rows]

    await eventually(noted)
    assert await noted() == [(ann, "eve@example.org", {"user": "ann@example.org"})]

    # It ends with the user's rights, with the admin's, and with the admin's session.
    (await admin.put(f"/_admin/users/{ann}", {"email": "ann@example.org", "roles": ["staff", "more"]})).expect(200)
    (await view.get("/note")).expect(401)
    second = await viewing(eve, ann)
    (await second.get("/note")).expect(200)
    (await eve.delete(f"/auth/sessions/{(await eve.get('/auth/me')).data['session_id']}")).expect(200)
    (await second.get("/note")).expect(401)
    eve, _ = await entered(admin, "eve@example.org")
    third, by_platform = await viewing(eve, ann), await viewing(admin.with_token((await admin.platform()).token), ann)
    eves = (await eve.get("/auth/me")).data["id"]
    (await admin.put(f"/_admin/users/{eves}", {"email": "eve@example.org", "roles": ["staff"]})).expect(200)
    (await third.get("/note")).expect(401)
    (await by_platform.get("/note")).expect(200)
    (await admin.delete(f"/_admin/users/{ann}")).expect(200)
    (await by_platform.get("/note")).expect(401)
