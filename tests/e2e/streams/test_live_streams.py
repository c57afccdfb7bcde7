"""Live streams send every visible commit once and in order, across reconnects and kills."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.listeners import Listener, listening, told
from tests.support.stacks import calling, running

NOTE = entity("note", text("title"), integer("n"), text("owner"), soft_delete=True)
PAUSE = 0.1
"""Seconds that a polite client waits before it comes back."""


async def test_every_commit_is_sent_once(admin: Client, stack: Stack) -> None:
    await admin.define(NOTE)
    first, second = (admin.at(url) for url in stack.gateway_urls)
    async with listening(first, "/note/_live") as here, listening(second, "/_live?entities=note") as there:
        record = (await second.post("/note", {"title": "a"})).expect(201)
        path = f"/note/{record.data['id']}"
        changed = (await first.put(path, {"title": "b"})).expect(200)
        gone = (await first.delete(path)).expect(200)
        for listener in (here, there):
            await told(listener, 3)
            assert [data["position"] for data in listener.commits] == [
                int(reply.headers["X-Commit"]) for reply in (record, changed, gone)
            ]
            assert [position for _, position, _ in listener.events[1:]] == [c["position"] for c in listener.commits]
            key = record.data["id"]
            assert listener.changes == [("entered", key, "a"), ("changed", key, "b"), ("left", key, None)]
        commit = here.commits[0]
        assert commit["changes"][0]["record"] == record.data
        assert commit["user"]["email"] == "admin@localhost" and commit["commit_id"] and commit["at"]
        assert commit["trace_id"] == record.headers["X-Trace-ID"]
        assert [c["changes"][0]["action"] for c in here.commits] == ["create", "update", "delete"]


async def test_records_enter_and_leave_a_filter(admin: Client) -> None:
    await admin.define(NOTE)
    async with listening(admin, "/note/_live?filter[n.gte]=5&fields=title") as listener:
        low = (await admin.post("/note", {"title": "low", "n": 1})).data["id"]
        high = (await admin.post("/note", {"title": "high", "n": 9})).data["id"]
        (await admin.put(f"/note/{low}", {"n": 2})).expect(200)
        (await admin.put(f"/note/{low}", {"n": 7})).expect(200)
        (await admin.put(f"/note/{high}", {"n": 3})).expect(200)
        (await admin.delete(f"/note/{high}")).expect(200)
        (await admin.delete(f"/note/{low}")).expect(200)
        await told(listener, 4)
        assert listener.changes == [
            ("entered", high, "high"),
            ("entered", low, "low"),
            ("left", high, None),
            ("left", low, None),
        ]
        assert listener.commits[0]["changes"][0]["record"] == {"title": "high"}


async def test_only_readable_records_are_sent(admin: Client) -> None:
    await admin.define(NOTE)
    await admin.define(entity("secret", text("what")))
    condition = {"field": "owner", "operator": "eq", "value": "$user.email"}
    await admin.grant("note", "read", "staff", conditions=[condition])
    ann = await admin.user("ann@example.org", ["staff"])
    for path in ("/secret/_live", "/_live?entities=note,secret"):
        async with listening(ann, path) as refused:
            assert refused.status == 403
    async with listening(ann, "/note/_live") as listener:
        hers = (await admin.post("/note", {"title": "hers", "owner": "ann@example.org"})).data["id"]
        (await admin.post("/note", {"title": "another's", "owner": "bob@example.org"})).expect(201)
        (await admin.post("/secret", {"what": "not hers"})).expect(201)
        await told(listener, 1)
        (await admin.put(f"/note/{hers}", {"owner": "bob@example.org"})).expect(200)
        (await admin.put(f"/note/{hers}", {"title": "no longer hers"})).expect(200)
        (await admin.put(f"/note/{hers}", {"owner": "ann@example.org"})).expect(200)
        await told(listener, 3)
        assert listener.changes == [
            ("entered", hers, "hers"),
            ("left", hers, None),
            ("entered", hers, "no longer hers"),
        ]


async def test_newly_hidden_values_are_not_sent_for_earlier_commits(admin: Client) -> None:
    await admin.define(NOTE)
    condition = {"field": "owner", "operator": "eq", "value": "$user.email"}
    await admin.grant("note", "read", "staff", conditions=[condition])
    ann = await admin.user("ann@example.org", ["staff"])
    hidden = (await admin.post("/note", {"title": "was hers", "owner": "ann@example.org"})).data["id"]
    (await admin.put(f"/note/{hidden}", {"owner": "bob@example.org"})).expect(200)
    kept = (await admin.post("/note", {"title": "hers", "owner": "ann@example.org"})).data["id"]
    async with listening(ann, "/note/_live?after=0") as listener:
        await eventually(lambda: ("entered", kept, "hers") in listener.changes)
        assert "was hers" not in [title for _, _, title in listener.changes]


async def test_a_reconnected_client_misses_nothing(admin: Client, stack: Stack) -> None:
    await admin.define(NOTE)
    listener = Listener()
    for round_number in range(6):
        async with listening(admin.at(stack.gateway_urls[round_number % 2]), "/note/_live", listener):
            (await admin.post("/note", {"title": f"while there {round_number}"})).expect(201)
            await eventually(lambda: listener.changes[-1:] and listener.changes[-1][2] == f"while there {round_number}")  # noqa: B023
        (await admin.post("/note", {"title": f"while away {round_number}"})).expect(201)
    async with listening(admin, "/note/_live", listener):
        await told(listener, 12)
    titles = [title for _, _, title in listener.changes]
    assert titles == [f"while {where} {number}" for number in range(6) for where in ("there", "away")]


async def test_commits_are_sent_in_order_of_position(admin: Client, stack: Stack) -> None:
    await admin.define(NOTE)
    async with app_connection(stack, admin) as connection, listening(admin, "/note/_live") as listener:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE data.commits IN ROW EXCLUSIVE MODE")
        taken = await connection.fetchval("SELECT nextval('data.position')")
        later = (await admin.post("/note", {"title": "later"})).expect(201)
        assert int(later.headers["X-Commit"]) > taken
        await connection.execute(
            "INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, context, "
            "trace_id, schema_version, at) SELECT $1, 1, gen_random_uuid(), entity, record_id, version + 1, "
            "'update', image, context, trace_id, schema_version, now() FROM data.commits WHERE position = $2",
            taken,
            int(later.headers["X-Commit"]),
        )
        assert listener.commits == []
        await transaction.commit()
        await told(listener, 2)
        assert [commit["position"] for commit in listener.commits] == [taken, int(later.headers["X-Commit"])]


async def test_an_unused_position_delays_nothing(admin: Client, stack: Stack) -> None:
    await admin.define(NOTE)
    async with app_connection(stack, admin) as connection, listening(admin, "/note/_live") as listener:
        await connection.execute("SELECT nextval('data.position')")
        (await admin.post("/note", {"title": "a"})).expect(201)
        await told(listener, 1)


async def test_a_ticket_opens_one_stream(admin: Client, stack: Stack) -> None:
    await admin.define(NOTE)
    reply = (await admin.post("/_live/ticket")).expect(201)
    assert reply.data["expires_in"] > 0
    nobody = admin.with_token("")
    path = f"/note/_live?ticket={reply.data['ticket']}"
    async with listening(nobody.at(stack.gateway_urls[1]), path) as listener:
        (await admin.post("/note", {"title": "a"})).expect(201)
        await told(listener, 1)
        for url in stack.gateway_urls:
            async with listening(nobody.at(url), path) as again:
                assert again.status == 401
    for path in ("/note/_live", "/note/_live?ticket=nonsense", f"/note/_live?access_token={admin.token}"):
        async with listening(nobody, path) as refused:
            assert refused.status == 401
    (await nobody.post("/_live/ticket")).expect(401)


async def test_a_ticket_is_for_its_app(admin: Client, client: Client) -> None:
    other = await client.new_app()
    await other.define(NOTE)
    issued = (await admin.post("/_live/ticket")).expect(201).data["ticket"]
    async with listening(other.with_token(""), f"/note/_live?ticket={issued}") as refused:
        assert refused.status == 401


async def test_a_stream_ends_when_its_user_is_deactivated(admin: Client) -> None:
    await admin.define(NOTE)
    ann = await admin.user("ann@example.org", ["admin"])
    (user,) = [row for row in (await admin.get("/_admin/users")).data if row["email"] == "ann@example.org"]
    issued = (await ann.post("/_live/ticket")).expect(201).data["ticket"]
    by_ticket = listening(ann.with_token(""), f"/note/_live?ticket={issued}")
    async with listening(ann, "/note/_live") as by_token, by_ticket as with_ticket:
        (await admin.delete(f"/_admin/users/{user['id']}")).expect(200)
        for listener in (by_token, with_ticket):
            await eventually(lambda: listener.ended)  # noqa: B023
            assert listener.events[-1][0] == "end"


async def test_streams_and_tickets_end_with_their_api_key(admin: Client) -> None:
    await admin.define(NOTE)
    ends = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    form = {"name": "k", "scopes": [{"entity": "note", "actions": ["read"]}], "expires_at": ends}
    key = admin.with_token((await admin.post("/_admin/api-keys", form)).expect(201).data["key"])
    used, kept = [(await key.post("/_live/ticket")).expect(201).data["ticket"] for _ in range(2)]
    by_ticket = listening(key.with_token(""), f"/note/_live?ticket={used}")
    async with listening(key, "/_live?entities=note") as by_key, by_ticket as with_ticket:
        for listener in (by_key, with_ticket):
            await eventually(lambda: listener.ended, within=20)  # noqa: B023
            assert listener.events[-1][0] == "end"
    (await key.get("/note")).expect(401)
    async with listening(key.with_token(""), f"/note/_live?ticket={kept}") as late:
        assert late.status == 401


async def test_a_stream_ends_when_its_permission_is_revoked(admin: Client) -> None:
    await admin.define(NOTE)
    policy = {"entity": "note", "action": "read", "roles": ["staff"]}
    granted = (await admin.define(policy, "permissions"))["id"]
    ann = await admin.user("ann@example.org", ["staff"])
    async with listening(ann, "/note/_live") as listener:
        (await admin.post("/note", {"title": "a"})).expect(201)
        await told(listener, 1)
        (await admin.delete(f"/_admin/permissions/{granted}")).expect(200)
        (await admin.post("/note", {"title": "b"})).expect(201)
        await eventually(lambda: listener.ended)
        kind, _, data = listener.events[-1]
        assert kind == "error" and data["error"]["code"] == "FORBIDDEN"
        assert len(listener.commits) == 1


async def test_invalid_streams_are_refused(admin: Client, client: Client) -> None:
    await admin.define(NOTE)
    for path, status in (
        ("/nothing/_live", 404),
        ("/note/_live?filter[nothing]=1", 400),
        ("/note/_live?filter[n]=many", 400),
        ("/note/_live?after=x", 400),
        ("/note/_live?after=99999999", 400),
        ("/note/_live?as_of=1", 400),
        ("/_live", 400),
        ("/_live?entities=,", 400),
        ("/_live?entities=note,nothing", 404),
    ):
        async with listening(admin, path) as refused:
            assert (path, refused.status) == (path, status)
    async with listening(client, "/api/nowhere/note/_live") as refused:
        assert refused.status == 404


async def test_the_number_of_streams_is_limited(admin: Client) -> None:
    await admin.define(NOTE)
    async with contextlib.AsyncExitStack() as open_streams:
        for _ in range(20):
            assert (await open_streams.enter_async_context(listening(admin, "/note/_live"))).status == 200
        async with listening(admin, "/note/_live") as refused:
            assert refused.status == 429
        (await admin.get("/note")).expect(200)

    async def free() -> bool:
        async with listening(admin, "/note/_live") as listener:
            return listener.status == 200

    await eventually(free)


async def test_streams_lose_nothing_when_services_are_killed(tmp_path: Path) -> None:
    """Gateways and data are killed; a client that comes back with its last id is told each commit exactly once."""
    # A killed replica does not answer, so each kill costs one timeout.
    impatient = {"ROCKET_REQUEST_TIMEOUT": "3"}
    replicas = {"gateway": 2, "data": 2}
    async with running(tmp_path, replicas=replicas, variables=impatient) as stack, calling(stack) as client:
        admin = await client.new_app()
        await admin.define(entity("note", text("title")))
        listener, enough, done = Listener(), asyncio.Event(), asyncio.Event()
        reader = asyncio.create_task(_listen(admin, stack, listener, done))
        await eventually(lambda: len(listener.events) > 0, within=60)
        writer = asyncio.create_task(_write(admin, stack, enough))
        for part, replica in (("gateway", 0), ("data", 0), ("gateway", 1), ("data", 1)):
            known = len(listener.commits)
            await eventually(lambda: len(listener.commits) > known + 3, within=60)  # noqa: B023
            await stack.kill(part, replica)
        enough.set()
        made = await writer
        await eventually(lambda: len(listener.commits) >= made, within=60)
        done.set()
        await reader
        positions = [commit["position"] for commit in listener.commits]
        assert positions == sorted(set(positions))
        assert [title for _, _, title in listener.changes] == [f"n{number}" for number in range(made)]
        reply = await eventually(lambda: _page(admin, stack), within=30)
        assert reply.meta["total"] == made


async def _write(admin: Client, stack: Stack, enough: asyncio.Event) -> int:
    """Write titles n0, n1, ... until it is enough, each under a key until it is answered; answers how many."""
    number = 0
    while not enough.is_set():

        async def written(number: int = number) -> bool:
            for url in stack.gateway_urls:
                with contextlib.suppress(aiohttp.ClientError):
                    body, key = {"title": f"n{number}"}, f"key-{number}"
                    if (await admin.at(url).post("/note", body, Idempotency_Key=key)).status == 201:
                        return True
            return False

        await eventually(written, within=60, every=PAUSE)
        number += 1
    return number


async def _listen(admin: Client, stack: Stack, listener: Listener, done: asyncio.Event) -> None:
    """Listen at whichever gateway is there, coming back whenever the stream breaks off."""
    turn = 0
    while not done.is_set():
        turn += 1
        with contextlib.suppress(aiohttp.ClientError, AssertionError):
            async with listening(admin.at(stack.gateway_urls[turn % 2]), "/note/_live", listener):
                await eventually(lambda: listener.ended or done.is_set(), within=120)
        await asyncio.sleep(PAUSE)


async def _page(admin: Client, stack: Stack) -> Reply:
    return (await admin.at(stack.gateway_urls[0]).get("/note")).expect(200)
