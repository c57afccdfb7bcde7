"""More requests than connections: all succeed and leave connections to other apps. One replica of each service."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence

import aiohttp
import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row, executed, queried
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.locks import holding
from tests.support.stacks import calling, running

MOST = 12
"""Connections of each service."""
EXPORTS, OF_ONE_APP = 8, 6
"""Exports at once, and those of them that are for the same app."""
EXPORT_TIMEOUT = 5
NOTE = entity("note", text("title"), integer("n"))
FILL = """
INSERT INTO records.notes (id, title, _version)
SELECT gen_random_uuid(), repeat('x', 500), 1 FROM generate_series(1, 40000)
"""
OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction' AND usename = 'rocket_data'
"""


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack without further replicas: what one process has too few of is not to be had elsewhere."""
    variables = {"ROCKET_EXPORT_TIMEOUT": str(EXPORT_TIMEOUT)}
    async with running(tmp_path_factory.mktemp("neighbours"), variables=variables) as running_stack:
        yield running_stack


@pytest.fixture(scope="module")
async def client(stack: Stack) -> AsyncIterator[Client]:
    async with calling(stack) as caller:
        yield caller


async def statuses(requests: Sequence[Awaitable[Reply]]) -> Counter[int]:
    """What is answered to requests that are sent at once."""
    return Counter([reply.status for reply in await asyncio.gather(*requests)])


def key() -> dict[str, str]:
    return {"Idempotency_Key": str(uuid.uuid4())}


async def test_more_new_apps_with_keys_than_connections(client: Client) -> None:
    """Each holds its key in one connection and makes the app with others."""
    platform = await client.platform()
    apps = [platform.post("/apps", {"name": f"keyed-{n}"}, **key()) for n in range(MOST + 1)]
    assert await statuses(apps) == {201: MOST + 1}


async def test_more_changes_of_users_with_keys_than_connections(client: Client) -> None:
    """Each notes in the platform's database, beside its transaction, that a user's tokens may end."""
    admin = await client.new_app()
    form = {"password": "secret-1", "roles": ["x"]}
    users = [(await admin.post("/_admin/users", {**form, "email": f"u{n}@example.com"})).data for n in range(MOST + 4)]
    changes = [
        admin.put(f"/_admin/users/{user['id']}", {"email": user["email"], "roles": ["y"]}, **key()) for user in users
    ]
    stranger = await client.new_app()
    looks = [stranger.get("/_admin/users") for _ in range(4)]
    assert await statuses([*changes, *looks]) == {200: len(changes) + len(looks)}


async def test_more_first_writes_with_keys_than_connections(client: Client) -> None:
    """Each holds its key, and waits for the app's log to have a relay, which is said in the platform's database."""
    admin = await client.new_app()
    await admin.define(NOTE)
    writes = [admin.post("/note", {"title": "a"}, **key()) for _ in range(2 * MOST)]
    assert await statuses(writes) == {201: len(writes)}


async def test_more_changes_of_definitions_than_connections(client: Client) -> None:
    """Without any key: each has its indexes built later, which is said in the platform's database."""
    admin = await client.new_app()
    names = [f"note{n}" for n in range(MOST + 4)]
    for name in names:
        await admin.define(entity(name, text("title")))
        (await admin.post(f"/{name}", {"title": "a"})).expect(201)
    changes = [admin.put(f"/_admin/entities/{name}", entity(name, text("title", indexed=True))) for name in names]
    assert await statuses(changes) == {200: len(changes)}


async def test_writers_waiting_for_one_record_do_not_block_other_apps(stack: Stack, client: Client) -> None:
    """Most of them wait for its lock, and the others for a connection; none for so long that it gets none."""
    noisy, quiet = await client.new_app(), await client.new_app()
    for admin in (noisy, quiet):
        await admin.define(NOTE)
    rule = {"entity": "note", "hook": "before_write", "type": "expression",
            "definition": {"expression": "old != nil && old.title == 'never'", "message": "no"}}  # fmt: skip
    await noisy.define(rule, "rules")  # so that each change is a transaction
    path = f"/note/{(await noisy.post('/note', {'title': 'a'})).data['id']}"
    (await noisy.put(path, {"title": "b"})).expect(200)
    (await quiet.post("/note", {"title": "a"})).expect(201)
    database = (await app_row(stack, noisy))["database"]
    async with holding(stack, database, "UPDATE records.notes SET title = title") as held_up:
        writers = [asyncio.create_task(noisy.put(path, {"title": "c"})) for _ in range(MOST + 4)]
        await held_up(MOST * 3 // 4 - 1)
        assert await statuses([quiet.get("/note") for _ in range(8)]) == {200: 8}
        assert not any(writer.done() for writer in writers)
        await asyncio.wait(writers, return_when=asyncio.FIRST_COMPLETED)
    assert (await statuses(writers)).keys() <= {200, 409}


async def test_waiting_definition_changes_do_not_block_other_apps(stack: Stack, client: Client) -> None:
    noisy, quiet = await client.new_app(), await client.new_app()
    for admin in (noisy, quiet):
        await admin.define(NOTE)
    policy = {"entity": "note", "action": "read", "roles": ["x"]}
    database = (await app_row(stack, noisy))["database"]
    async with holding(stack, database, "SELECT version FROM metadata.schema_version FOR UPDATE") as held_up:
        changes = [asyncio.create_task(noisy.post("/_admin/permissions", policy)) for _ in range(MOST + 4)]
        await held_up(MOST * 3 // 4 - 1)
        assert await statuses([quiet.post("/_admin/permissions", policy) for _ in range(2)]) == {201: 2}
        (await quiet.get("/_admin/entities")).expect(200)
        assert not any(change.done() for change in changes)
        await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
    assert (await statuses(changes)).keys() <= {201, 409}


async def test_exports_leave_connections_to_other_apps(stack: Stack, client: Client) -> None:
    """However slowly they are read: the connection is free then, and what has come is not taken for the whole."""
    noisy, quiet = await client.new_app(), await client.new_app()
    for admin in (noisy, quiet):
        await admin.define(NOTE)
    database = (await app_row(stack, noisy))["database"]

    async def all_closed() -> bool:
        return await queried(stack, database, OPEN) == [(0,)]

    await executed(stack, noisy, FILL)
    async with aiohttp.ClientSession() as session:
        exports = await asyncio.gather(*(begun(session, noisy) for _ in range(EXPORTS)))
        assert Counter([export.status for export in exports]) == {200: OF_ONE_APP, 503: EXPORTS - OF_ONE_APP}
        assert (await begun(session, quiet)).status == 200
        await eventually(all_closed, within=2 * EXPORT_TIMEOUT)
        for export in exports:
            if export.status == 200:
                with pytest.raises(aiohttp.ClientError):
                    await export.read()
        last = await begun(session, noisy)
        assert last.status == 200
        last.close()


async def begun(session: aiohttp.ClientSession, admin: Client) -> aiohttp.ClientResponse:
    """An export of which nothing has been read yet."""
    path = admin.url + admin.prefix + "/note/_export?format=ndjson"
    return await session.get(path, headers={"Authorization": f"Bearer {admin.token}"})
