"""Every line of the routing table, tried by those whom it is not for, with ids that are there and somebody else's.

The table is walked, so that no route can be forgotten: a new one is tried as well, and fails here until it is known
what stands for its variables.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from libs.shared.schema.kinds import KINDS
from libs.shared.testing.polling import eventually
from services.gateway.routes import ROUTES
from services.gateway.routing.route import Access, Route
from tests.support.accounts import anonymous, entered, made
from tests.support.client import ADMIN, Client, entity, text
from tests.support.relations import reference
from tests.support.subscribers import granted
from tests.support.uploads import upload

MARK = "nobodys_business"
"""Part of every value that belongs to another user. A response that contains it has shown too much."""
VARIABLE = re.compile(r"\{(\w+)(?::[^}]+)?\}")
APP = "/api/{app}"
NOTE = entity("note", text(MARK), text("state"), reference("part_of"), soft_delete=True)

NOISE = ("x' OR '1'='1", '"; DROP TABLE notes; --', "../../secrets.json", "a\u0000b")

OPEN = {
    "GET /": 404,
    "GET /health": 200, "GET /healthz": 200, "GET /readyz": 200, "GET /metrics": 200, "GET /asyncapi.json": 200,
    "GET /openapi.json": 200,
    "POST /api/_platform/auth/login": 401, "POST /api/_platform/auth/refresh": 401,
    "POST /api/_platform/auth/logout": 200, f"GET {APP}/docs": 200,
    f"POST {APP}/auth/login": 401, f"POST {APP}/auth/refresh": 401, f"POST {APP}/auth/logout": 200,
    f"POST {APP}/auth/accept-invite": 422, f"POST {APP}/auth/forgot-password": 422,
    f"POST {APP}/auth/reset-password": 422, f"GET {APP}/_live": 401,
    f"GET {APP}/_events/_live": 401, f"GET {APP}/{{entity}}/_live": 401,
    f"GET {APP}/_notifications/_live": 401,
    # Redirects to the Admin UI; the token in the address is what a mail program has.
    f"GET {APP}/_notifications/unsubscribe": 200, f"POST {APP}/_notifications/unsubscribe": 404,
    f"GET {APP}/_ui/branding": 200,
    **{
        f"{method} {realm}/auth/{path}": status
        for realm in ("/api/_platform", APP)
        for method, path, status in (
            ("GET", "providers", 200), ("POST", "sso/exchange", 422), ("POST", "ldap/{provider}/login", 422),
            # The provider is not active.
            ("GET", "oidc/{provider}/start", 404), ("GET", "oidc/{provider}/callback", 404),
            ("POST", "oidc/{provider}/backchannel-logout", 404), ("GET", "saml/{provider}/metadata", 404),
            ("GET", "saml/{provider}/start", 404), ("POST", "saml/{provider}/acs", 404),
            ("GET", "saml/{provider}/slo", 404), ("POST", "saml/{provider}/slo", 404),
        )
    },
}  # fmt: skip
"""What is answered to an empty request of nobody. To make a route public, say so here too."""

PROVIDER: dict[str, Any] = {
    "name": "nobodys-provider", "type": "oidc", "active": False, "label": MARK,
    "config": {"issuer": "https://login.example", "client_id": MARK, "client_secret": MARK},
}  # fmt: skip

UI = {"GET /admin", "GET /admin/{path}"}
"""The Admin UI, or a page that says why it is not there yet."""

EVERYBODYS = {f"GET {APP}/_files/{{id}}", f"HEAD {APP}/_files/{{id}}", f"GET {APP}/_workflows/{{id}}",
              f"GET {APP}/_ui/config/{{entity_name}}", f"GET {APP}/{{entity}}/_imports"}  # fmt: skip
"""What any user of an app may ask for by an id. Of instances they see what they may read of the record."""

BODIES: dict[str, Any] = {
    **{f"POST {APP}/_workflows/{{id}}/{verb}": lambda _: {"comment": "taken"} for verb in ("approve", "reject")},
    f"PUT {APP}/{{entity}}/_bulk": lambda ids: [{"id": ids["note"], "state": "taken"}],
    f"PATCH {APP}/{{entity}}/_bulk": lambda ids: [{"id": ids["note"], "state": "taken"}],
    f"POST {APP}/{{entity}}/_bulk": lambda ids: [{"state": "taken"}],
    f"DELETE {APP}/{{entity}}/_bulk": lambda ids: [ids["note"]],
    f"POST {APP}/_admin/workflows/{{id}}/migrate": lambda _: {"to_version": 1, "all": True, "dry_run": False},
    f"POST {APP}/_admin/workflows/{{id}}/simulate": lambda _: {
        "definition": {"name": "w", "trigger": {"type": "manual"}, "steps": [{"id": "a", "type": "action"}]}
    },
    f"POST {APP}/_admin/notification-channels/{{id}}/test": lambda _: {"to": "a@b.example"},
    f"POST {APP}/_admin/notification-templates/{{id}}/preview": lambda _: {"context": {}},
    f"POST {APP}/{{entity}}/{{id}}/comments": lambda _: {"body": "taken"},
    f"PUT {APP}/{{entity}}/{{id}}/comments/{{comment_id}}": lambda _: {"body": "taken"},
    f"PATCH {APP}/{{entity}}/{{id}}/comments/{{comment_id}}": lambda _: {"body": "taken"},
    f"PUT {APP}/_views/{{id}}": lambda _: {"entity": "note", "name": "taken", "state": {}},
    f"PATCH {APP}/_views/{{id}}": lambda _: {"name": "taken"},
    f"POST {APP}/{{entity}}/_bulk/restore": lambda ids: [ids["note"]],
    f"PUT {APP}/_admin/auth-providers/{{id}}": lambda _: PROVIDER,
    f"PUT {APP}/_admin/users/{{id}}": lambda ids: {"email": "taken@example.org", "roles": ["admin"]},
}
"""What would be done if it were allowed, where it is more than a change of the one record that the path names."""


@dataclass(frozen=True, slots=True)
class World:
    """An app with something of everything, all of it somebody's; and by its name, or the word before, every id."""

    admin: Client
    owner: Client
    ids: Mapping[str, str]
    kinds: Sequence[str] = tuple(KINDS)

    def paths(self, route: Route) -> Iterator[str]:
        """The route's path with what is somebody's in it: one path, or one for each kind of definitions."""
        for kind in self.kinds if "{kind}" in route.path else ("",):
            filled: list[str] = []
            for segment in route.path.split("/"):
                variable = VARIABLE.fullmatch(segment)
                name = "" if variable is None else filled[-1] if variable[1] == "id" else variable[1]
                filled.append(kind if name == "kind" else self.ids[name] if name else segment)
            query = {"_changes": "?since=1"}.get(filled[-1], "")
            yield "/".join(filled) + ("?entities=note" if filled[-2:] == [self.ids["app"], "_live"] else query)

    def body(self, route: Route) -> Any:
        made_up = BODIES.get(named(route), lambda _: {"state": "taken"})
        return None if route.method in ("GET", "HEAD") else made_up(self.ids)

    async def attempts(self, caller: Client, route: Route) -> list[tuple[int, str]]:
        """Status and text of what a caller is answered on a route, by all its paths."""
        headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
        outcomes = []
        for path in self.paths(route):
            async with caller.session.request(
                route.method, URL(caller.url + path, encoded=True), json=self.body(route), headers=headers
            ) as response:
                # A stream of one's own never ends; what others may see in it is tested with the streams.
                is_stream = response.content_type == "text/event-stream"
                outcomes.append((response.status, "" if is_stream else await response.text()))
        return outcomes

    async def everything(self) -> dict[str, Any]:
        """What nobody but its owner may have changed."""
        lists = ("/note?deleted=with", "/_admin/users", "/_admin/invites", "/_admin/signing-keys", "/_files",
                 "/_workflows", "/_admin/subscribers", "/_admin/export", "/_views", "/_admin/auth-providers",
                 f"/_admin/api-keys/{self.ids['api-keys']}")  # fmt: skip
        found = {path: (await self.admin.get(path)).expect(200).data for path in lists}
        found["/_admin/export"].pop("exported_at")
        return {**found, "inbox": (await self.owner.get("/_notifications?unread=true")).expect(200).data}

    async def assert_unchanged_since(self, before: Mapping[str, Any]) -> None:
        after = await self.everything()
        assert [path for path in before if before[path] != after[path]] == []


def named(route: Route) -> str:
    """Method and path, variables without how their values look."""
    return f"{route.method} " + VARIABLE.sub(r"{\1}", route.path)


def has_ids(route: Route) -> bool:
    return len(VARIABLE.findall(route.path.removeprefix(APP))) > 0


@pytest.fixture(scope="module")
async def world(common_admin: Client) -> World:
    admin = common_admin
    await admin.define(NOTE)
    documents: dict[str, dict[str, Any]] = {
        "relations": {"name": "parts", "type": "one_to_many", "source": "note", "target": "note", "source_key": "id",
                      "target_key": "part_of", "on_delete": "detach"},
        "permissions": {"entity": "note", "action": "read", "roles": ["owner"]},
        "rules": {"entity": "note", "hook": "before_write", "type": "field",
                  "definition": {"field": "state", "operator": "max_length", "value": 20, "message": MARK}},
        "state-machines": {"entity": "note", "field": "state", "definition": {
            "initial": "new", "transitions": [{"from": "new", "to": "done", "roles": [MARK]}]}},
        "webhooks": {"entity": "note", "url": f"http://127.0.0.1:1/{MARK}"},
        "workflows": {"name": "check", "context": {"what": f"record.{MARK}"}, "steps": [
            {"id": "wait", "type": "approval", "assignee": {"type": "role", "role": "owner"}}],
            "trigger": {"type": "state_change", "entity": "note", "field": "state", "to": "new"}},
        "notification-channels": {"name": MARK, "type": "webhook", "config": {"url": f"http://127.0.0.1:1/{MARK}"}},
        "notification-templates": {"name": MARK, "body": MARK},
        "notification-rules": {"name": "told", "entity": "note", "hook": "after_create", "channel": "in_app",
                               "template": {"subject": f"{{{{ record.{MARK} }}}}", "body": ""},
                               "recipients": [{"role": "owner"}]},
        "dashboards": {"name": MARK, "roles": ["owner"], "widgets": [
            {"id": "w", "title": MARK, "type": "counter", "query": {"entity": "note", "count": "*"}}]},
        "ui-configs": {"entity": "note", "scope": "mobile", "config": {"title": MARK}},
        "roles": {"name": MARK, "label": "Nobody"},
    }  # fmt: skip
    email = f"{MARK}@example.org"
    users = await made(admin, email, "owner")
    owner, _ = await entered(admin, email)
    ids = {"entities": "note", "users": users}
    for kind, document in documents.items():
        row = (await admin.post(f"/_admin/{kind}", document)).expect(201).data
        ids[kind] = row["name"] if KINDS[kind].addressed_by_name else row["id"]
    created = (await admin.post("/note", {MARK: MARK, "state": "new"})).expect(201)
    note, trace_id = created.data["id"], created.headers["X-Trace-ID"]
    commit = (await admin.get(f"/note/{note}/history")).expect(200).data[0]["commit_id"]
    verified = (await admin.post("/_admin/projections/records/verify")).expect(202).data
    ids |= {
        "entity_name": "note",
        "app": admin.prefix.removeprefix("/api/"), "app_name": admin.prefix.removeprefix("/api/"), "entity": "note",
        "note": note, "commit_id": commit, "trace_id": trace_id, "name": "records", "replays": verified["id"],
        # Nothing has been parked: what is not for somebody is refused before it is looked for.
        "service": "webhook", "webhook": str(uuid.uuid4()),
        "sessions": (await owner.get("/auth/me")).expect(200).data["session_id"],
        "invites": (await admin.post("/_admin/invites", {"email": f"new_{email}"})).expect(201).data["id"],
        "api-keys": (await admin.post("/_admin/api-keys", {"name": MARK, "roles": ["owner"]})).expect(201).data["id"],
        "subscribers": (await granted(admin, name=MARK))["id"],
        "_files": (await upload(owner, MARK.encode(), f"{MARK}.txt", "text/plain")).expect(201).data["id"],
        "_workflows": await first(admin, "/_workflows"), "_notifications": await first(owner, "/_notifications"),
        "_imports": await created_import(admin),
        "_views": await created_view(admin), "delegations": await created_delegation(admin, email),
        "webhook-logs": await first(admin, "/_admin/webhook-logs"),
    }  # fmt: skip
    ids["provider"], ids["identity-providers"] = PROVIDER["name"], str(uuid.uuid4())
    ids["auth-providers"] = (await admin.post("/_admin/auth-providers", PROVIDER)).expect(201).data["id"]
    ids["notifications"] = ids["_notifications"]
    ids["_dashboards"] = ids["dashboards"]
    ids["comment_id"] = (await admin.post(f"/note/{note}/comments", {"body": MARK})).expect(201).data["id"]
    ids["path"] = "records/note"
    await first(admin, f"/_events?trace_id={trace_id}&action=request.end")
    return World(admin, owner, ids)


async def created_import(admin: Client) -> str:
    """The id of an import job of the admin's, which changes nothing."""
    sent = await admin.request("POST", "/note/_import?dry_run=true", None, b"state\nnew\n", Content_Type="text/csv")
    return str(sent.expect(202).data["id"])


async def created_view(admin: Client) -> str:
    """The id of a view that is the admin's own."""
    view = {"entity": "note", "name": MARK, "state": {"sort": MARK}}
    return str((await admin.post("/_views", view)).expect(201).data["id"])


async def created_delegation(admin: Client, email: str) -> str:
    """The id of a delegation that a user has given."""
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"from": email, "to": ADMIN[0], "until": until, "reason": MARK}
    return str((await admin.post("/_workflows/delegations", body)).expect(201).data["id"])


async def first(caller: Client, path: str) -> str:
    """The id of the first row of a list, once it has one."""

    async def found() -> Any:
        rows = (await caller.get(path)).expect(200).data
        return rows[0]["id"] if rows else None

    return str(await eventually(found, within=20))


async def test_the_ids_exist(world: World) -> None:
    """Refusals prove something only if a permitted caller gets an answer from each route."""
    reading = [route for route in ROUTES if route.method == "GET" and has_ids(route) and APP in route.path]
    # Providers of logins are called by browsers on their way: tests/e2e/sso.
    reading = [route for route in reading if "{provider}" not in route.path]
    outcomes: dict[str, list[int]] = {}
    for route in reading:
        caller = world.owner if "/auth/" in route.path else world.admin
        if not route.path.endswith("_live"):  # which has no end
            outcomes[named(route)] = [status for status, _ in await world.attempts(caller, route)]
    assert {name: statuses for name, statuses in outcomes.items() if set(statuses) != {200}} == {}
    assert len(outcomes) > 15


async def test_every_route_needs_a_token(world: World) -> None:
    nobody = anonymous(world.admin)
    outcomes = {named(route): await world.attempts(nobody, route) for route in ROUTES}
    public = {named(route) for route in ROUTES if route.access is Access.PUBLIC}
    assert {name: outcomes[name][0][0] for name in public if name not in UI} == OPEN
    assert all(outcomes[name][0][0] == 200 for name in UI)
    refused = {name: {status for status, _ in found} for name, found in outcomes.items() if name not in public}
    assert {name: statuses for name, statuses in refused.items() if statuses != {401}} == {}
    assert [name for name, found in outcomes.items() if MARK in str(found)] == []


@pytest.mark.parametrize("kind", ["admin", "key"])
async def test_credentials_of_another_app_are_refused(world: World, client: Client, kind: str) -> None:
    before = await world.everything()
    stranger = await client.new_app()
    if kind == "key":
        form = {"name": "all", "roles": ["admin"]}
        stranger = stranger.with_token((await stranger.post("/_admin/api-keys", form)).expect(201).data["key"])
    guarded = [route for route in ROUTES if route.access is not Access.PUBLIC]
    outcomes = {named(route): await world.attempts(stranger, route) for route in guarded}
    assert {name: found for name, found in outcomes.items() if {status for status, _ in found} != {401}} == {}
    await world.assert_unchanged_since(before)


async def test_ids_of_another_app_are_not_found(world: World, client: Client) -> None:
    """Its admin may do everything there is to do, to what is theirs."""
    before = await world.everything()
    stranger = await client.new_app()
    await stranger.define(NOTE)
    elsewhere = World(stranger, stranger, {**world.ids, "app": stranger.prefix.removeprefix("/api/")})
    outcomes = {}
    for route in ROUTES:
        ids = VARIABLE.findall(route.path.removeprefix(APP))
        if APP in route.path and {"id", "commit_id", "trace_id"} & set(ids) and "{kind}" not in route.path:
            outcomes[named(route)] = await elsewhere.attempts(stranger, route)
    assert {name: found for name, found in outcomes.items() if found[0][0] != 404} == {}
    await world.assert_unchanged_since(before)
    assert len(outcomes) > 30


@pytest.mark.parametrize("noise", NOISE)
async def test_hostile_names_in_paths_and_parameters_do_nothing(world: World, noise: str) -> None:
    """SQL and ways out of folders, in every variable of every path and every parameter, from somebody who may all."""
    before = await world.everything()
    quoted = quote(noise, safe="")
    ids = defaultdict(lambda: quoted, app=world.ids["app"])
    known_kinds, noisy_kind = (World(world.admin, world.owner, ids, kinds) for kinds in (world.kinds, (quoted,)))
    outcomes = {
        named(route): await (known_kinds if "{kind}/{id}" in route.path else noisy_kind).attempts(world.admin, route)
        for route in ROUTES
        # Of an entity that there isn't, UIs are told nothing: null.
        if APP in route.path and has_ids(route) and "/_ui/" not in route.path
    }
    statuses = {name: {status for status, _ in found} for name, found in outcomes.items()}
    assert {name: found for name, found in statuses.items() if found - {400, 404, 422}} == {}
    assert len(outcomes) > 50
    questions = [
        f"/note{path}?{name}={quoted}"
        for path in ("", "/_aggregate", "/_export", f"/{world.ids['note']}", f"/{world.ids['note']}/history")
        for name in (f"filter[{quoted}]", f"filter[state.{quoted}]", "sort", "include", "fields", "group_by", "sum",
                     f"having[{quoted}]", "cursor", "as_of", "version", "deleted", "count")
    ]  # fmt: skip
    asked = {question: (await world.admin.get(question)).status for question in questions}
    assert {question: status for question, status in asked.items() if status not in (200, 400, 404)} == {}
    await world.assert_unchanged_since(before)


@pytest.mark.parametrize("kind", ["user", "key", "scoped key"])
async def test_resources_of_other_users_are_not_accessible(world: World, kind: str) -> None:
    """An ordinary user without any policy; a key that has as little; one that may read something else."""
    email = f"{kind.replace(' ', '-')}@example.org"
    await made(world.admin, email, "visitor")
    scopes = {"scopes": [{"entity": "other", "actions": ["read"]}]} if kind == "scoped key" else {"roles": ["visitor"]}
    key = (await world.admin.post("/_admin/api-keys", {"name": kind, **scopes})).expect(201).data["key"]
    caller = (await entered(world.admin, email))[0] if kind == "user" else world.admin.with_token(key)
    before = await world.everything()
    wrong = {}
    for route in ROUTES:
        if named(route) in UI or (named(route) in OPEN and not route.path.endswith("_live")):
            continue
        found = await world.attempts(caller, route)
        if any(not _is_proper(route, status, told) for status, told in found):
            wrong[named(route)] = found
        if kind == "user" and route.method == "DELETE" and "/auth/" in route.path:
            # One may end all sessions of one's own, and just has.
            caller, _ = await entered(world.admin, email)
    assert wrong == {}
    await world.assert_unchanged_since(before)


def _is_proper(route: Route, status: int, told: str) -> bool:
    """Whether this is what somebody may be answered who has no rights but to be there."""
    if route.access is Access.PLATFORM:
        return status == 401
    if route.access is Access.ADMIN:
        return status == 403
    if "/_files/{id}" in route.path and named(route) in EVERYBODYS:
        return status in (200, 403)
    if has_ids(route) and named(route) not in EVERYBODYS:
        return status in (403, 404) and MARK not in told
    return status < 500 and MARK not in told
