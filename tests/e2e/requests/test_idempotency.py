"""`Idempotency-Key`: a repeated request happens once and gets the same response."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection, app_row
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.stacks import calling, running
from tests.support.streams import published

NOTE = entity("note", text("title", unique=True), integer("n"))
PARALLEL = 20


def key() -> dict[str, str]:
    return {"Idempotency_Key": str(uuid.uuid4())}


def replayed(reply: Reply) -> bool:
    return reply.headers.get("Idempotency-Replayed") == "true"


async def titles(admin: Client) -> list[str]:
    return sorted(row["title"] for row in (await admin.get("/note?per_page=100")).data)


async def test_a_repeated_create_happens_once(admin: Client, stack: Stack) -> None:
    await admin.define(NOTE)
    first, second = (admin.at(url) for url in stack.gateway_urls)
    same = key()
    made = (await first.post("/note", {"title": "a"}, **same)).expect(201)
    assert not replayed(made)
    for caller in (first, second, second):
        again = (await caller.post("/note", {"title": "a"}, **same)).expect(201)
        assert replayed(again) and again.body == made.body
        assert again.headers["ETag"] == made.headers["ETag"]
        assert again.headers["X-Commit"] == made.headers["X-Commit"]
        assert again.headers["X-Trace-ID"] != made.headers["X-Trace-ID"]
    assert await titles(admin) == ["a"]
    (await admin.post("/note", {"title": "b"}, **key())).expect(201)
    assert len(await published(stack, (await app_row(stack, admin))["id"], 2)) == 2


async def test_repeated_updates_and_deletions_happen_once(admin: Client) -> None:
    await admin.define(NOTE)
    record = (await admin.post("/note", {"title": "a", "n": 1})).data
    path = f"/note/{record['id']}"
    for number, method in enumerate(("PUT", "PATCH"), 2):
        same = key()
        changed = (await admin.request(method, path, {"n": number}, None, **same)).expect(200)
        again = (await admin.request(method, path, {"n": number}, None, **same)).expect(200)
        assert replayed(again) and again.body == changed.body and again.headers["ETag"] == changed.headers["ETag"]
    history = (await admin.get(f"{path}/history")).data
    assert [entry["version"] for entry in history] == [3, 2, 1]
    same = key()
    gone = (await admin.delete(path, **same)).expect(200)
    again = (await admin.delete(path, **same)).expect(200)
    assert replayed(again) and again.body == gone.body
    (await admin.delete(path, **key())).expect(404)


async def test_the_same_key_with_another_body_is_refused(admin: Client) -> None:
    await admin.define(NOTE)
    same = key()
    (await admin.post("/note", {"title": "a"}, **same)).expect(201)
    assert (await admin.post("/note", {"title": "b"}, **same)).expect(422).code == "IDEMPOTENCY_KEY_REUSED"
    assert replayed((await admin.post("/note", {"title": "a"}, **same)).expect(201))
    assert await titles(admin) == ["a"]


async def test_keys_are_per_user_and_route(admin: Client) -> None:
    await admin.define(NOTE)
    await admin.define(entity("memo", text("title")))
    await admin.grant("note", "create", "staff")
    ann = await admin.user("ann@example.org", ["staff"])
    same = key()
    mine = (await admin.post("/note", {"title": "a"}, **same)).expect(201)
    other_route = (await admin.post("/memo", {"title": "a"}, **same)).expect(201)
    other_user = (await ann.post("/note", {"title": "b"}, **same)).expect(201)
    assert not any(map(replayed, (mine, other_route, other_user)))
    assert await titles(admin) == ["a", "b"]


async def test_a_refused_request_stores_no_key(admin: Client) -> None:
    await admin.define(NOTE)
    (await admin.post("/note", {"title": "taken"})).expect(201)
    same = key()
    (await admin.post("/note", {"title": "a", "n": "no number"}, **same)).expect(422)
    (await admin.post("/note", {"title": "taken"}, **same)).expect(409)
    (await admin.post("/note", {"unknown": 1}, **same)).expect(422)
    made = (await admin.post("/note", {"title": "a"}, **same)).expect(201)
    assert not replayed(made)
    assert await titles(admin) == ["a", "taken"]


@pytest.mark.parametrize("bad", ["", "k" * 256, "käse"])
async def test_invalid_keys_are_refused(admin: Client, bad: str) -> None:
    await admin.define(NOTE)
    reply = await admin.post("/note", {"title": "a"}, Idempotency_Key=bad)
    assert reply.expect(400).code == "INVALID_PAYLOAD"
    assert await titles(admin) == []


async def test_reads_ignore_a_key(admin: Client) -> None:
    await admin.define(NOTE)
    same = key()
    for _ in range(2):
        assert not replayed((await admin.get("/note", **same)).expect(200))


async def test_racing_requests_create_one_record(admin: Client, stack: Stack) -> None:
    await admin.define(NOTE)
    callers = [admin.at(stack.gateway_urls[number % 2]) for number in range(PARALLEL)]
    for round_number in range(5):
        same, body = key(), {"title": f"round {round_number}"}
        replies = await asyncio.gather(*(caller.post("/note", body, **same) for caller in callers))
        made = [reply for reply in replies if reply.status == 201 and not replayed(reply)]
        again = [reply for reply in replies if reply.status == 201 and replayed(reply)]
        running_still = [reply for reply in replies if reply.status == 409]
        assert len(made) == 1
        assert len(made) + len(again) + len(running_still) == PARALLEL
        assert {reply.code for reply in running_still} <= {"CONFLICT"}
        assert all(reply.headers["Retry-After"] for reply in running_still)
        assert all(reply.body == made[0].body for reply in again)
    assert await titles(admin) == [f"round {number}" for number in range(5)]


Write = Callable[[Client, dict[str, str]], Awaitable[Reply]]
DEFINITIONS: dict[str, tuple[Write, int]] = {
    "entity": (lambda admin, same: admin.post("/_admin/entities", entity("thing", text("name")), **same), 201),
    "entity again": (lambda admin, same: admin.put("/_admin/entities/note", NOTE, **same), 200),
    "entity away": (lambda admin, same: admin.delete("/_admin/entities/note", **same), 200),
    "policy": (
        lambda admin, same: admin.post("/_admin/permissions", {"entity": "note", "action": "read"}, **same),
        201,
    ),
    "user": (
        lambda admin, same: admin.post("/_admin/users", {"email": "a@b.cd", "password": "secret-1"}, **same),
        201,
    ),
    "event": (lambda admin, same: admin.post("/_events", {"action": "seen"}, **same), 201),
    "inbox": (lambda admin, same: admin.post("/_notifications/read-all", **same), 200),
}


@pytest.mark.parametrize("what", DEFINITIONS)
async def test_every_write_honours_the_key(admin: Client, what: str) -> None:
    await admin.define(NOTE)
    write, status = DEFINITIONS[what]
    same = key()
    first = (await write(admin, same)).expect(status)
    second = (await write(admin, same)).expect(status)
    assert not replayed(first) and replayed(second) and second.body == first.body


async def test_a_definition_change_with_a_key_holds_at_once(admin: Client, stack: Stack) -> None:
    """What is announced within the transaction is announced when it has committed."""
    first, second = (admin.at(url) for url in stack.gateway_urls)
    for number in range(5):
        definition = entity("note", text("title"), *(integer(f"n{each}") for each in range(number)))
        if number:
            (await first.put("/_admin/entities/note", definition, **key())).expect(200)
        else:
            (await first.post("/_admin/entities", definition, **key())).expect(201)
        body = {"title": "a", **{f"n{each}": each for each in range(number)}}
        (await second.post("/note", body, **key())).expect(201)


async def test_a_user_change_with_a_key_holds_at_once(admin: Client) -> None:
    ann = await admin.user("ann@example.org", ["admin"])
    (user,) = [row for row in (await admin.get("/_admin/users")).data if row["email"] == "ann@example.org"]
    (await ann.get("/_admin/users")).expect(200)
    form = {"email": "ann@example.org", "roles": []}
    (await admin.put(f"/_admin/users/{user['id']}", form, **key())).expect(200)

    async def refused() -> bool:
        return (await ann.get("/_admin/users")).status == 401

    await eventually(refused)


async def test_a_repeated_app_creation_happens_once(client: Client) -> None:
    platform = await client.platform()
    same, name = key(), f"once-{uuid.uuid4().hex[:8]}"
    made = (await platform.post("/apps", {"name": name}, **same)).expect(201)
    again = (await platform.post("/apps", {"name": name}, **same)).expect(201)
    assert replayed(again) and again.body == made.body
    gone = key()
    (await platform.delete(f"/apps/{name}", **gone)).expect(200)
    assert replayed((await platform.delete(f"/apps/{name}", **gone)).expect(200))


async def test_keys_expire_after_a_day(admin: Client, stack: Stack) -> None:
    await admin.define(NOTE)
    same = key()
    record = (await admin.post("/note", {"title": "a"}, **same)).expect(201).data
    (await admin.delete(f"/note/{record['id']}")).expect(200)
    async with app_connection(stack, admin) as connection:
        await connection.execute("UPDATE data.idempotency SET at = at - interval '23 hours 59 minutes'")
        assert replayed((await admin.post("/note", {"title": "a"}, **same)).expect(201))
        await connection.execute("UPDATE data.idempotency SET at = at - interval '1 minute'")
        (await admin.post("/note", {"title": "b"}, **key())).expect(201)
        assert await connection.fetchval("SELECT count(*) FROM data.idempotency") == 1
        assert not replayed((await admin.post("/note", {"title": "a"}, **same)).expect(201))


IMPATIENT = {"ROCKET_REQUEST_TIMEOUT": "5"}
"""A killed replica does not answer, so each kill costs one timeout."""


async def test_a_kill_leaves_key_and_effect_or_neither(tmp_path: Path) -> None:
    """Clients repeat each write under its key until it is answered; data is killed meanwhile, again and again."""
    async with running(tmp_path, variables=IMPATIENT) as stack, calling(stack) as client:
        admin = await client.new_app()
        await admin.define(entity("note", text("title")))
        wanted = [f"n{number}" for number in range(60)]

        async def write(names: list[str]) -> None:
            for name in names:
                await _until_made(admin, name)

        writers = [asyncio.create_task(write(wanted[start::6])) for start in range(6)]
        for least in (5, 20, 40):
            await eventually(partial(_has, admin, least), within=60)
            await stack.kill("data")
        await asyncio.gather(*writers)
        # The last kill may come when all is written: then data is away for a moment.
        await eventually(partial(_answers, admin), within=60)
        assert await titles(admin) == sorted(wanted)


async def _answers(admin: Client) -> bool:
    return (await admin.get("/note")).status == 200


async def _until_made(admin: Client, name: str) -> None:
    same = key()

    async def made() -> bool:
        return (await admin.post("/note", {"title": name}, **same)).status == 201

    await eventually(made, within=60, every=0.1)  # as a polite client waits before it tries again


async def _has(admin: Client, least: int) -> bool:
    return int((await admin.get("/note")).meta["total"]) >= least
