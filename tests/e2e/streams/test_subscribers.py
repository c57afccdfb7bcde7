"""Outside subscribers read the streams of their app over NATS, and have no other right."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import nats
import orjson
import pytest
from nats.aio.msg import Msg

from deploy.embedded.stack import Stack
from libs.shared import clock
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_row
from tests.support.client import ADMIN, Client, entity, text
from tests.support.streams import as_service, published
from tests.support.subscribers import Reader, connected, granted

NOTE = entity("note", text("title"))


@pytest.fixture
async def notes(admin: Client) -> Client:
    await admin.define(NOTE)
    return admin


@pytest.fixture
async def reader(stack: Stack, notes: Client) -> AsyncIterator[Reader]:
    """A subscriber of the app's commits, connected."""
    found = await connected(stack, await granted(notes))
    yield found
    await found.client.close()


async def test_a_subscriber_receives_commits_of_its_app_only(stack: Stack, notes: Client, client: Client) -> None:
    credentials = await granted(notes)
    other = await client.new_app()
    await other.define(NOTE)
    (await other.post("/note", {"title": "not for you"})).expect(201)
    (await notes.post("/note", {"title": "first"})).expect(201)
    reader = await connected(stack, credentials)
    [first] = await reader.next()
    assert orjson.loads(first.data)["after"]["title"] == "first"
    assert first.headers is not None and first.headers["ce-type"] == "rocket.commit.create"
    await reader.client.close()
    # Gone and back again: nothing is missed, what was acknowledged does not come again.
    (await notes.post("/note", {"title": "second"})).expect(201)
    (await other.post("/note", {"title": "nor this"})).expect(201)
    (await notes.post("/note", {"title": "third"})).expect(201)
    reader = await connected(stack, credentials)
    assert [orjson.loads(m.data)["after"]["title"] for m in await reader.next(2)] == ["second", "third"]
    await reader.client.close()


async def test_a_subscriber_may_be_narrowed_and_see_other_streams(stack: Stack, notes: Client) -> None:
    await notes.define(entity("secret", text("title")))
    narrowed = await connected(stack, await granted(notes, name="narrowed", entities=["note"]))
    spans = await connected(stack, await granted(notes, name="spans", streams=["telemetry"]))
    (await notes.post("/secret", {"title": "hidden"})).expect(201)
    (await notes.post("/note", {"title": "shown"})).expect(201)
    [message] = await narrowed.next()
    assert orjson.loads(message.data)["entity"] == "note"
    [batch] = await spans.next()
    assert orjson.loads(batch.data)[0]["trace_id"]
    assert narrowed.consumer["stream"] == "COMMITS" and spans.consumer["stream"] == "TELEMETRY"
    for reader in (narrowed, spans):
        await reader.client.close()


async def test_a_subscriber_has_no_other_rights(stack: Stack, notes: Client, reader: Reader) -> None:
    app_id = (await app_row(stack, notes))["id"]
    durable = reader.consumer["durable"]
    heard = (
        ">", "commits.>", f"commits.{app_id}.>", "signals.>", "telemetry.>", "rocket.>", "rocket.announce.>", "$JS.>",
        "$SYS.>", "$SYS.REQ.USER.AUTH", "$SRV.>", "_INBOX.>", "_INBOX.gateway.>", f"_INBOX.{'0' * 32}.>",
    )  # fmt: skip
    said = (
        f"commits.{app_id}.note.create.00", f"signals.{app_id}.workflow.done", f"telemetry.{app_id}",
        "rocket.data.records.get", "rocket.announce.apps.changed", "_INBOX.gateway.x", "$SRV.PING", "$JS.API.INFO",
        "$SYS._INBOX.x", "$SYS.REQ.USER.AUTH", "$JS.API.STREAM.LIST", "$JS.API.STREAM.INFO.COMMITS",
        "$JS.API.STREAM.MSG.GET.COMMITS", "$JS.API.DIRECT.GET.COMMITS", "$JS.API.STREAM.DELETE.COMMITS",
        "$JS.API.STREAM.PURGE.COMMITS", f"$JS.API.CONSUMER.CREATE.COMMITS.{durable}",
        "$JS.API.CONSUMER.CREATE.COMMITS.mine.commits.>", f"$JS.API.CONSUMER.DELETE.COMMITS.{durable}",
        "$JS.API.CONSUMER.LIST.COMMITS", "$JS.API.CONSUMER.MSG.NEXT.COMMITS.audit_0_of_2",
        f"$JS.API.CONSUMER.MSG.NEXT.SIGNALS.{durable}", "$JS.ACK.COMMITS.audit_0_of_2.1.1.1.1.0",
    )  # fmt: skip

    async def ignore(_: Msg) -> None:
        return

    for subject in heard:
        await reader.client.subscribe(subject, cb=ignore)
    for subject in said:
        await reader.client.publish(subject, b"")
    await reader.client.flush()

    def refused() -> set[str]:
        text = " ".join(reader.refused)
        return {subject for subject in (*heard, *said) if f'"{subject.lower()}"' in text}

    await eventually(lambda: refused() == {*heard, *said})


async def test_pulled_messages_cannot_be_redirected(stack: Stack, notes: Client, reader: Reader) -> None:
    """A pull says where its messages shall go. Within one account they would go there, whatever that is."""
    app_id = (await app_row(stack, notes))["id"]
    pull = f"$JS.API.CONSUMER.MSG.NEXT.COMMITS.{reader.consumer['durable']}"
    places = ("rocket.announce.apps.changed", f"commits.{app_id}.forged.create.00", "rocket.events.ready")
    for number in range(len(places)):
        (await notes.post("/note", {"title": f"{number}"})).expect(201)
    overheard: list[str] = []

    async def note(message: Msg) -> None:
        if message.data and b"title" in message.data:
            overheard.append(message.subject)

    assert len(await published(stack, app_id, len(places))) == len(places)
    async with as_service(stack, "gateway") as gateway:
        await gateway.subscribe("rocket.announce.>", cb=note)
        await gateway.flush()
        for place in places:
            await reader.client.publish(pull, b"1", reply=place)
        await reader.client.flush()
        # When the next commit has come out at the end of the stream, whatever the pulls have put there is before it.
        (await notes.post("/note", {"title": "last"})).expect(201)
        commits = await published(stack, app_id, len(places) + 1)
        await gateway.flush()
    assert [commit["after"]["title"] for commit in commits] == ["0", "1", "2", "last"]
    assert overheard == []


async def test_revoked_credentials_are_disconnected(stack: Stack, notes: Client) -> None:
    credentials = await granted(notes)
    reader = await connected(stack, credentials)
    (await notes.post("/note", {"title": "before"})).expect(201)
    await reader.next()
    [listed] = (await notes.get("/_admin/subscribers")).expect(200).data
    assert listed["name"] == "warehouse" and "password" not in listed and "password_hash" not in listed
    assert credentials["password"] not in json.dumps(listed)
    (await notes.delete(f"/_admin/subscribers/{credentials['id']}")).expect(200)
    (await notes.post("/note", {"title": "after"})).expect(201)
    durable = reader.consumer["durable"]
    pulling = await reader.client.jetstream().pull_subscribe_bind(durable, "COMMITS")
    with pytest.raises((nats.errors.Error, asyncio.TimeoutError)):
        await pulling.fetch(1, timeout=1)
    await reader.client.close()
    with pytest.raises(nats.errors.Error):
        await connected(stack, credentials)
    assert (await notes.get("/_admin/subscribers")).data == []
    assert (await notes.delete(f"/_admin/subscribers/{credentials['id']}")).status == 404


async def test_deleting_an_app_deletes_its_subscribers(stack: Stack, client: Client) -> None:
    platform = await client.platform()
    (await platform.post("/apps", {"name": "passing"})).expect(201)
    admin = await client.login("passing", *ADMIN)
    credentials = await granted(admin)
    durable = credentials["consumers"][0]["durable"]
    await (await connected(stack, credentials)).client.close()
    (await platform.delete("/apps/passing")).expect(200)

    async def shut_out() -> bool:
        try:
            await (await connected(stack, credentials)).client.close()
        except nats.errors.Error:
            return True
        return False

    await eventually(shut_out)
    async with as_service(stack, "events") as events:

        async def gone() -> bool:
            reply = await events.request("$JS.API.CONSUMER.NAMES.COMMITS", b"", timeout=5)
            return durable not in orjson.loads(reply.data)["consumers"]

        await eventually(gone)


async def test_unknown_subscribers_are_refused(stack: Stack, notes: Client, client: Client) -> None:
    credentials = await granted(notes)
    other = await granted(await client.new_app())
    user, password = credentials["user"], credentials["password"]
    app, _, subscriber_id = user.partition(".")
    for nobody in (
        {"user": user, "password": other["password"]},
        {"user": f"{other['user'].partition('.')[0]}.{subscriber_id}", "password": password},
        {"user": app, "password": password},
        {"user": f"{app}.' OR true --", "password": password},
        {"user": "nothing-here.0", "password": password},
        {"user": "events", "password": password},
        {"user": user, "password": "x" * 5000},
    ):
        with pytest.raises(nats.errors.Error):
            await connected(stack, {**credentials, **nobody})


async def test_only_admins_create_subscribers(notes: Client) -> None:
    person = await notes.user("person@example.com", ["clerk"])
    for reply in (
        await person.post("/_admin/subscribers", {"name": "mine"}),
        await person.get("/_admin/subscribers"),
        await person.delete("/_admin/subscribers/x"),
    ):
        assert (reply.status, reply.code) == (403, "FORBIDDEN")
    past = (clock.now() - timedelta(days=1)).isoformat()
    for wrong, field in (
        ({"name": ""}, "name"), ({"name": 5}, "name"), ({"streams": []}, "streams"), ({"streams": ["all"]}, "streams"),
        ({"entities": ["a.>"]}, "entities"), ({"entities": "note"}, "entities"), ({"expires_at": past}, "expires_at"),
        ({"streams": ["signals"], "entities": ["note"]}, "entities"), ({"expires_at": "soon"}, "expires_at"),
        ({"id": "0"}, "id"), ({"password": "p"}, "password"),
    ):  # fmt: skip
        reply = await notes.post("/_admin/subscribers", {"name": "n", **wrong})
        assert reply.expect(422).details[0]["field"] == field
    (await notes.post("/_admin/subscribers", {"name": "twice"})).expect(201)
    assert (await notes.post("/_admin/subscribers", {"name": "twice"})).code == "CONFLICT"
    assert len((await notes.get("/_admin/subscribers")).data) == 1


async def test_credentials_expire(stack: Stack, notes: Client) -> None:
    for seconds in (3, 12):  # NATS is given whole seconds; a busy machine takes longer to connect
        end = clock.now() + timedelta(seconds=seconds)
        credentials = await granted(notes, name=f"for {seconds} s", expires_at=end.isoformat())
        with contextlib.suppress(nats.errors.Error):
            reader = await connected(stack, credentials)
            break
    else:
        pytest.fail("no connection before the credentials expired")
    await eventually(lambda: reader.client.is_closed, within=15)
    with pytest.raises(nats.errors.Error):
        await connected(stack, credentials)
