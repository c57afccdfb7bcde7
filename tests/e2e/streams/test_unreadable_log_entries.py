"""An unreadable log entry is parked and reported; other entries continue; a replay delivers it after repair."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import executed
from tests.support.client import Client, entity, integer, text
from tests.support.command_line import rocket
from tests.support.receivers import HttpReceiver
from tests.support.replays import finished, projection, verified
from tests.support.streams import letters

FORGE = """
WITH w AS (
    SELECT * FROM data.commits WHERE record_id = $1 ORDER BY version DESC LIMIT 1
), n AS (
    UPDATE records.items SET _version = _version + 1, title = 'second' WHERE id::text = $1
)
INSERT INTO data.commits (position, n, commit_id, entity, record_id, version, action, image, previous, context,
    trace_id, schema_version, at)
SELECT nextval('data.position'), 1, commit_id, entity, record_id, version + 1, 'update', $2::text::jsonb,
    $3::text::jsonb, context, trace_id, schema_version, now() FROM w
"""
"""What a statement wrote that took a field for the image."""


async def forged(stack: Stack, admin: Client, key: str, image: str, previous: str) -> None:
    await executed(stack, admin, FORGE, key, image, previous)


async def degraded(admin: Client, what: str) -> list[Any]:
    """What /readyz says of this app. It is ready all the same."""
    name = admin.prefix.removeprefix("/api/")
    root = Client(admin.session, admin.url)
    ready = (await root.get("/readyz")).expect(200).body
    assert ready["ready"]
    return [each for each in ready["degraded"] if each["app"] == name and each["what"] == what]


@pytest.fixture
async def items(admin: Client, receiver: HttpReceiver) -> Client:
    await admin.define(entity("item", text("title"), integer("size")))
    await admin.define({"entity": "item", "url": receiver.url}, "webhooks")
    return admin


async def audited(admin: Client, key: str) -> list[str]:
    rows = (await admin.get(f"/_admin/audit-logs?entity=item&record_id={key}&sort=timestamp")).expect(200).data
    return [row["action"] for row in rows]


@pytest.mark.parametrize(
    ("image", "previous"), [('"x"', "null"), ("null", '"x"'), ('{"title": "x"}', '{"2": "first"}')]
)
async def test_an_unreadable_entry_is_parked_and_replayed(
    stack: Stack, items: Client, receiver: HttpReceiver, image: str, previous: str
) -> None:
    made = (await items.post("/item", {"title": "first"})).expect(201).data
    key = made["id"]
    await forged(stack, items, key, image, previous)
    other = (await items.post("/item", {"title": "other"})).expect(201).data["id"]
    third = (await items.put(f"/item/{key}", {"title": "third"})).expect(200)

    # What is not about the record goes on; what is waits behind it, where the order matters. To audit it does not.
    async def parked() -> Any:
        found = await letters(items)
        return sorted(letter["service"] for letter in found) == ["events"] + ["webhook"] * 2 and found

    found = await eventually(parked)
    assert {letter["record_key"] for letter in found} == {f"item/{key}"}
    assert any("can't be read" in letter["error"] for letter in found)
    assert any(letter["error"] == "waits behind" for letter in found)
    assert await eventually(lambda: audited(items, other)) == ["create"]

    async def both() -> bool:
        return await audited(items, key) == ["create", "update"]

    await eventually(both)

    # It is named where an operator looks.
    [named] = await eventually(lambda: degraded(items, "dead letters of audit"))
    assert (named["service"], named["since"] != "") == ("events", True)
    assert "can't be read" in named["reason"]
    assert [each["service"] for each in await degraded(items, "dead letters of webhook")] == ["webhook"]
    app = items.prefix.removeprefix("/api/")
    metrics = await items.session.get(f"{items.url}/metrics")
    assert f'rocket_degraded{{service="events",app="{app}",what="dead letters of audit"}} 1' in await metrics.text()
    stalled = (await projection(items, "audit"))["stalled"]
    assert "can't be read" in stalled["reason"] and stalled["since"]
    assert "can't be read" in await rocket(stack, "doctor", app, status=1)
    history = (await items.get(f"/item/{key}/history")).expect(200).data
    assert [("unreadable" in row, row["version"]) for row in history] == [(False, 3), (True, 2), (False, 1)]
    past = (await items.get(f"/item?as_of={int(third.headers['X-Commit']) - 1}")).expect(200).data
    assert other in [row["id"] for row in past]

    # Verification looks at every version, and not only at what the last one says of the table.
    proof = await finished(items, "records", "verify")
    assert proof["equal"] is False
    assert all(each["what"].startswith(("version 2 of the log", "version 3")) for each in proof["first_differences"])

    # When it has been repaired, a replay delivers it and what waits behind it.
    await executed(
        stack, items,
        "UPDATE data.commits SET image = jsonb_build_object('1', $1::text, '2', 'second', '3', NULL), "
        "previous = '{\"2\": \"first\"}' WHERE record_id = $1::text AND version = 2", key,
    )  # fmt: skip
    for service in ("events", "webhook"):
        letter = next(letter for letter in found if letter["service"] == service)
        (await items.post(f"/_admin/dead-letters/{service}/{letter['id']}/replay")).expect(200)
    assert await letters(items) == []
    await verified(items, "records")
    assert await audited(items, key) == ["create", "update", "update"]
    assert await degraded(items, "dead letters of audit") == []
    assert (await projection(items, "audit"))["stalled"] is None
    await eventually(lambda: len(receiver.requests) == 4)


async def test_a_stalled_relay_is_reported(stack: Stack, items: Client) -> None:
    (await items.post("/item", {"title": "first"})).expect(201)
    await executed(stack, items, "ALTER FUNCTION data.prepare_partitions RENAME TO away")
    await executed(stack, items, "ALTER TABLE data.commits RENAME COLUMN effects TO gone")
    try:
        await items.post("/item", {"title": "lost"})
        await executed(stack, items, "SELECT nextval('data.position')")
        [named] = await eventually(lambda: degraded(items, "relay"), within=30)
        assert (named["service"], "effects" in named["reason"] or named["reason"] != "") == ("data", True)
        assert (await projection(items, "log"))["stalled"]["reason"] == named["reason"]
    finally:
        await executed(stack, items, "ALTER TABLE data.commits RENAME COLUMN gone TO effects")
        await executed(stack, items, "ALTER FUNCTION data.away RENAME TO prepare_partitions")
    (await items.post("/item", {"title": "found"})).expect(201)

    async def goes_on() -> bool:
        return not await degraded(items, "relay")

    await eventually(goes_on)
