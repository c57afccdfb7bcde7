"""Many apps share few connections, and apps may be placed on further PostgreSQL servers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.embedded.postgres import FAREWELLS, Postgres
from deploy.embedded.stack import Stack
from deploy.embedded.supervised import Supervised
from libs.shared.testing.polling import eventually
from tests.support.app_database import sibling
from tests.support.client import ADMIN, Client, entity, text
from tests.support.stacks import calling, running
from tests.support.streams import published

PASSWORD = "of-the-second-server"
BUDGET = 3
APPS = 5
"""More than there are connections of any service."""


@dataclass(frozen=True)
class Two:
    """A stack, and a second server that its apps can be placed on."""

    stack: Stack
    server: Supervised
    url: str


@pytest.fixture(scope="module")
async def two(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Two]:
    folder = tmp_path_factory.mktemp("second-server")
    postgres = Postgres(folder, PASSWORD, {"fsync": "off"})
    server = Supervised("elsewhere", postgres.launch, FAREWELLS, lambda *_: None)
    await server.start()
    try:
        variables = {
            "ROCKET_DATABASE_SERVERS": json.dumps({"elsewhere": postgres.url}),
            "ROCKET_DATABASE_CONNECTIONS": str(BUDGET),
            "ROCKET_RATE_LIMITS": "off",
        }
        async with running(tmp_path_factory.mktemp("stack"), variables=variables) as stack:
            yield Two(stack, server, postgres.url)
    finally:
        await server.stop()


@pytest.fixture(scope="module")
async def platform(two: Two) -> AsyncIterator[Client]:
    async with calling(two.stack) as client:
        yield await client.platform()


async def made(platform: Client, name: str, **more: object) -> Client:
    """The admin of a new app with an entity."""
    (await platform.post("/apps", {"name": name, **more})).expect(201)
    admin = await platform.login(name, *ADMIN)
    await admin.define(entity("note", text("title")))
    return admin


async def connections(url: str, role: str) -> int:
    """Connections that a role has to the server now."""
    connection = await asyncpg.connect(url)
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE usename = $1", role)
        return found
    finally:
        await connection.close()


async def test_many_apps_share_few_connections(two: Two, platform: Client) -> None:
    apps = [await made(platform, f"many-{number}") for number in range(APPS)]
    for _ in range(3):
        replies = await asyncio.gather(
            *(app.post("/note", {"title": f"{number}"}) for number, app in enumerate(apps) for _ in range(3))
        )
        assert {reply.status for reply in replies} == {201}
        for service in ("gateway", "metadata", "data", "workflow", "webhook", "notify", "events"):
            assert await connections(two.stack.database_url, f"rocket_{service}") <= BUDGET
    for number, app in enumerate(apps):
        listed = (await app.get("/note?per_page=100")).expect(200)
        assert listed.meta["total"] == 9 and {note["title"] for note in listed.data} == {str(number)}


async def test_an_app_is_created_on_another_server(two: Two, platform: Client) -> None:
    created = await platform.post("/apps", {"name": "far", "server": "elsewhere"})
    assert created.expect(201).data["server"] == "elsewhere"
    shown = (await platform.get("/apps/far")).expect(200)
    # By itself: the same five digits may stand within an id or a fraction of a second.
    port = re.compile(rf"(?<![\w.-]){urlsplit(two.url).port}(?![\w-])")
    assert port.search(json.dumps({"url": two.url}))
    for said in (created, shown, await platform.get("/apps"), await platform.get("/apps/unheard")):
        assert PASSWORD not in json.dumps(said.body) and not port.search(json.dumps(said.body))
    far = await platform.login("far", *ADMIN)
    await far.define(entity("note", text("title")))
    workflow = {
        "name": "shout", "context": {"id": "record.id"},
        "trigger": {"type": "state_change", "entity": "note", "field": "title", "to": "quiet"},
        "steps": [{"id": "s", "type": "action", "actions": [
            {"type": "set_field", "entity": "note", "record_id": "context.id", "field": "title", "value": "loud"}]}],
    }  # fmt: skip
    await far.define(workflow, "workflows")
    note = (await far.post("/note", {"title": "first"})).expect(201).data["id"]
    (await far.put(f"/note/{note}", {"title": "quiet"})).expect(200)

    async def loud() -> bool:
        return bool((await far.get(f"/note/{note}")).data["title"] == "loud")

    # Relay, consumers and effects find it there too.
    await eventually(loud, within=20)
    await eventually(lambda: _audited(far), within=20)
    connection = await asyncpg.connect(sibling(two.url, shown.data["db_name"]))
    assert await connection.fetchval("SELECT count(*) FROM records.notes") == 1
    app_id = await _id_of(two.stack, "far")
    await connection.close()
    assert len(await published(two.stack, app_id, 3)) == 3
    (await platform.delete("/apps/far")).expect(200)
    assert (await far.get("/note")).status in (401, 404)
    server = await asyncpg.connect(two.url)
    assert not await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", shown.data["db_name"])
    await server.close()


async def test_an_unreachable_server_affects_only_its_apps(two: Two, platform: Client) -> None:
    near, far = await made(platform, "near"), await made(platform, "farther", server="elsewhere")
    (await far.post("/note", {"title": "kept"})).expect(201)
    await two.server.stop()
    try:
        replies = await asyncio.gather(*(far.get("/note") for _ in range(4 * BUDGET)), near.get("/note"))
        assert {reply.status for reply in replies[:-1]} == {503}
        replies[-1].expect(200)
        ready = (await Client(near.session, near.url).get("/readyz")).expect(200).body["services"]["data"]
        assert ready["ready"] and ready["checks"]["database elsewhere"].startswith("not reachable")
        assert (await platform.post("/apps", {"name": "lost", "server": "elsewhere"})).status == 503
    finally:
        await two.server.start()
    assert [note["title"] for note in (await eventually(lambda: _listed(far), within=20))] == ["kept"]


async def test_an_unknown_server_is_refused(platform: Client) -> None:
    for server in ("nowhere", 5, "elsewhere;drop", {"dsn": "postgresql://x"}):
        reply = await platform.post("/apps", {"name": "lost", "server": server})
        assert reply.expect(422).details[0]["field"] == "server"
    assert (await platform.get("/apps/lost")).status == 404


async def test_an_app_defines_its_cors_origins(platform: Client) -> None:
    page, other = "https://shop.example.com", "https://other.example.com"
    mine, theirs = await made(platform, "mine", cors_origins=[page]), await made(platform, "theirs")
    assert (await mine.get("/note", Origin=page)).headers["Access-Control-Allow-Origin"] == page
    for reply in (await theirs.get("/note", Origin=page), await mine.get("/note", Origin=other)):
        assert "Access-Control-Allow-Origin" not in reply.expect(200).headers
    changed = await platform.put("/apps/mine", {"cors_origins": [other], "display_name": "Mine"})
    assert changed.expect(200).data["cors_origins"] == [other] and changed.data["display_name"] == "Mine"
    assert (await mine.get("/note", Origin=other)).headers["Access-Control-Allow-Origin"] == other
    assert "Access-Control-Allow-Origin" not in (await mine.get("/note", Origin=page)).headers
    (await platform.put("/apps/mine", {"cors_origins": ["*"]})).expect(200)
    anyone = await mine.get("/note", Origin="https://anyone.example")
    assert anyone.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in anyone.headers
    for wrong in (["shop.example.com"], "https://shop.example.com", [5], ["https://a/b"]):
        assert (await platform.put("/apps/mine", {"cors_origins": wrong})).expect(422).details[0][
            "field"
        ] == "cors_origins"
    assert (await platform.put("/apps/mine", {"name": "yours"})).expect(422).details[0]["field"] == "name"
    assert (await platform.put("/apps/unheard", {"display_name": "x"})).status == 404


async def _audited(app: Client) -> bool:
    return bool((await app.get("/_admin/audit-logs?entity=note")).meta["total"] == 3)


async def _listed(app: Client) -> list[dict[str, str]]:
    return list((await app.get("/note")).expect(200).data)


async def _id_of(stack: Stack, name: str) -> str:
    connection = await asyncpg.connect(sibling(stack.database_url, "rocket"))
    try:
        found: str = await connection.fetchval("SELECT id::text FROM metadata.apps WHERE name = $1", name)
        return found
    finally:
        await connection.close()
