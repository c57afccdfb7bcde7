"""Events that cannot be handled become dead letters; others continue, and a replay delivers them."""

from __future__ import annotations

from typing import Any

from deploy.embedded.stack import Stack
from libs.shared.contracts.streams import PARTITIONS
from libs.shared.ids import partition_of
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection, app_row
from tests.support.client import Client, entity, text
from tests.support.receivers import HttpReceiver
from tests.support.streams import as_service, letters, messages_of

KEY = {"field": "key", "type": "string", "generated": False}
TICKET = entity("ticket", text("title"), primary_key=KEY) | {"fields": [text("key"), text("title")]}
CONSUMERS = {"workflow", "webhook", "notify", "events"}


async def test_a_poisoned_event_does_not_block_others(stack: Stack, admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(TICKET)
    await admin.define({"entity": "ticket", "url": receiver.url}, "webhooks")
    neighbours = [f"k{n}" for n in range(100) if partition_of(f"ticket/k{n}", PARTITIONS) == 0][:3]
    (await admin.post("/ticket", {"key": neighbours[0]})).expect(201)
    await eventually(lambda: len(receiver.requests) == 1)
    await _publish_as_a_stranger(stack, (await app_row(stack, admin))["id"], b"{no event")
    for key in neighbours[1:]:
        (await admin.post("/ticket", {"key": key})).expect(201)

    async def parked() -> Any:
        found = await letters(admin)
        return {letter["service"] for letter in found} == CONSUMERS and found

    found = await eventually(parked)
    assert len(found) == len(CONSUMERS)
    for letter in found:
        assert letter["subject"].endswith(".x.create.00")
        assert (letter["payload"], letter["attempts"]) == ("{no event", 5)
        assert letter["error"].startswith("JSONDecodeError")
    await eventually(lambda: len(receiver.requests) == 3)
    # Two of them were sent at the same time: whose request comes first is nobody's promise.
    assert sorted(payload["record"]["key"] for _, payload in receiver.requests) == sorted(neighbours)

    async def audited() -> bool:
        rows = (await admin.get("/_admin/audit-logs?entity=ticket")).data
        return sorted(row["record_id"] for row in rows) == sorted(neighbours)

    await eventually(audited)
    # It is no more an event than it was, so a replay is refused and the letter stays.
    path = f"/_admin/dead-letters/{found[0]['service']}/{found[0]['id']}/replay"
    assert (await admin.post(path)).expect(422).code == "INVALID_STATE"
    assert await letters(admin) == found


async def test_a_replay_delivers_what_was_missed(stack: Stack, admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(TICKET)
    await admin.define({"entity": "ticket", "url": receiver.url}, "webhooks")
    await _execute(stack, admin, "ALTER TABLE webhook.deliveries RENAME TO away")
    (await admin.post("/ticket", {"key": "a", "title": "first"})).expect(201)
    (first,) = await eventually(lambda: letters(admin))
    assert (first["service"], first["record_key"]) == ("webhook", "ticket/a")
    await _execute(stack, admin, "ALTER TABLE webhook.away RENAME TO deliveries")

    # The record's later events wait behind the one that is missing; another record's do not, also in the same batch.
    stack.pause("webhook")
    try:
        (await admin.put("/ticket/a", {"title": "second"})).expect(200)
        (await admin.post("/ticket", {"key": "b", "title": "other"})).expect(201)
        await messages_of(stack, (await app_row(stack, admin))["id"], 3)
    finally:
        stack.resume("webhook")
    await eventually(lambda: receiver.requests)

    async def queued() -> Any:
        found = await letters(admin)
        return len(found) == 2 and found

    second, again = await eventually(queued)
    assert (second["record_key"], second["error"], second["attempts"]) == ("ticket/a", "waits behind", 0)
    assert again == first
    assert _titles(receiver) == ["other"]

    replay = f"/_admin/dead-letters/webhook/{first['id']}/replay"
    assert (await admin.post(replay)).expect(200).data == {"id": str(first["id"]), "replayed": 2}
    await eventually(lambda: len(receiver.requests) == 3)
    assert sorted(_titles(receiver)) == ["first", "other", "second"]
    assert await letters(admin) == []
    (await admin.post(replay)).expect(404)
    (await admin.put("/ticket/a", {"title": "third"})).expect(200)
    await eventually(lambda: len(receiver.requests) == 4)
    assert _titles(receiver)[-1] == "third"


async def test_large_events_are_replayed_whole(stack: Stack, admin: Client, receiver: HttpReceiver) -> None:
    await admin.define(TICKET)
    await admin.define({"entity": "ticket", "url": receiver.url}, "webhooks")
    await _execute(stack, admin, "ALTER TABLE webhook.deliveries RENAME TO away")
    large = "é" * 200_000  # published as a reference
    (await admin.post("/ticket", {"key": "a", "title": large})).expect(201)
    (letter,) = await eventually(lambda: letters(admin))
    await _execute(stack, admin, "ALTER TABLE webhook.away RENAME TO deliveries")
    (await admin.post(f"/_admin/dead-letters/webhook/{letter['id']}/replay")).expect(200)
    await eventually(lambda: receiver.requests)
    assert _titles(receiver) == [large]


async def test_discarding_a_dead_letter_releases_those_behind_it(
    stack: Stack, admin: Client, receiver: HttpReceiver
) -> None:
    await admin.define(TICKET)
    await admin.define({"entity": "ticket", "url": receiver.url}, "webhooks")
    await _execute(stack, admin, "ALTER TABLE webhook.deliveries RENAME TO away")
    (await admin.post("/ticket", {"key": "a", "title": "first"})).expect(201)
    (first,) = await eventually(lambda: letters(admin))
    await _execute(stack, admin, "ALTER TABLE webhook.away RENAME TO deliveries")
    (await admin.put("/ticket/a", {"title": "second"})).expect(200)

    async def queued() -> Any:
        found = await letters(admin)
        return len(found) == 2 and found[0]

    second = await eventually(queued)
    path = f"/_admin/dead-letters/webhook/{first['id']}"
    assert (await admin.delete(path)).expect(200).data == {"id": str(first["id"]), "discarded": True, "behind": 1}
    (await admin.delete(path)).expect(404)
    assert await letters(admin) == [second]
    (await admin.post(f"/_admin/dead-letters/webhook/{second['id']}/replay")).expect(200)
    await eventually(lambda: receiver.requests)
    assert _titles(receiver) == ["second"]


async def test_dead_letters_are_for_admins_of_the_app(admin: Client) -> None:
    user = await admin.user("ann@example.com", ["sales"])
    (await user.get("/_admin/dead-letters")).expect(403)
    (await user.post("/_admin/dead-letters/webhook/1/replay")).expect(403)
    (await user.delete("/_admin/dead-letters/webhook/1")).expect(403)
    assert await letters(admin) == []
    for path in ("webhook/1", "webhook/x", "webhook/-1", "data/1", "nope/1", f"webhook/{2**63}", "webhook/%C2%B2"):
        (await admin.post(f"/_admin/dead-letters/{path}/replay")).expect(404)
        (await admin.delete(f"/_admin/dead-letters/{path}")).expect(404)


def _titles(receiver: HttpReceiver) -> list[str]:
    return [payload["record"]["title"] for _, payload in receiver.requests]


async def _execute(stack: Stack, admin: Client, statement: str) -> None:
    async with app_connection(stack, admin) as connection:
        await connection.execute(statement)


async def _publish_as_a_stranger(stack: Stack, app_id: str, payload: bytes) -> None:
    """Put a message into the app's stream behind its relay's back: no position, no CloudEvents headers."""
    async with as_service(stack, "data") as client:
        await client.jetstream().publish(f"commits.{app_id}.x.create.00", payload)
