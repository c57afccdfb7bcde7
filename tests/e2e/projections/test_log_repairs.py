"""Damaged log entries are repaired where redundant data allows it; the others are reported."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import executed, query
from tests.support.client import Client, entity, integer, text
from tests.support.command_line import documents, rocket
from tests.support.replays import finished, verified

ENTRIES = """
SELECT record_id, version, position, n, image::text, previous::text FROM data.commits ORDER BY position, n
"""
CORRUPT = """
UPDATE data.commits SET image = CASE WHEN $3 = '' THEN image ELSE nullif($3, 'NULL')::jsonb END,
    previous = CASE WHEN $4 = '' THEN previous ELSE nullif($4, 'NULL')::jsonb END
WHERE record_id = $1 AND version = $2
"""


async def entries(stack: Stack, admin: Client) -> dict[tuple[str, int], Any]:
    return {(row["record_id"], row["version"]): dict(row) for row in await query(stack, admin, ENTRIES)}


async def corrupted(stack: Stack, admin: Client, key: str, version: int, image: str = "", previous: str = "") -> None:
    assert await executed(stack, admin, CORRUPT, key, version, image, previous) == "UPDATE 1"


async def written(admin: Client, path: str = "item") -> str:
    """A record of three versions."""
    key: str = (await admin.post(f"/{path}", {"title": "one", "size": 1, "p": {"a": 1}})).expect(201).data["id"]
    (await admin.put(f"/{path}/{key}", {"title": "two"})).expect(200)
    (await admin.put(f"/{path}/{key}", {"size": 3})).expect(200)
    return key


@pytest.fixture
async def items(admin: Client) -> Client:
    fields = (text("title"), integer("size"), {"name": "p", "type": "json"})
    await admin.define(entity("item", *fields))
    await admin.define(entity("box", *fields, soft_delete=True))
    return admin


async def test_repairable_entries_are_repaired(stack: Stack, items: Client) -> None:
    app = items.prefix.removeprefix("/api/")
    inner, newest, first, previous, both, hopeless, sound = [await written(items) for _ in range(7)]
    trashed = await written(items, "box")
    (await items.delete(f"/box/{trashed}")).expect(200)
    gone = await written(items)
    (await items.delete(f"/item/{gone}")).expect(200)
    right = await entries(stack, items)
    assert await documents(stack, "repair", app) == []

    # What the log got where a field was taken for the image: nothing, or the field's value.
    await corrupted(stack, items, inner, 2, image="NULL")
    await corrupted(stack, items, newest, 3, image='"x"')
    await corrupted(stack, items, first, 1, image='{"a": 1}')
    await corrupted(stack, items, previous, 3, previous='{"2": "dictated"}')
    for version in (2, 3):
        await corrupted(stack, items, both, version, image="NULL" if version == 2 else '{"a": 1}')
    await corrupted(stack, items, hopeless, 2, image="null")
    await corrupted(stack, items, hopeless, 3, previous='"x"')
    await corrupted(stack, items, trashed, 4, image="NULL")
    await corrupted(stack, items, gone, 3, image="NULL")
    wrong = await entries(stack, items)
    changed = {key for key in right if right[key] != wrong[key]}
    left = {(hopeless, 2), (hopeless, 3)}
    # The log was sealed as it was written then.
    await executed(stack, items, "DELETE FROM data.seals")
    await verified(items, "log")

    rows: list[Any] = []
    for arguments, outcome in ((["--dry-run"], "would be repaired"), ([], "repaired")):
        assert await entries(stack, items) == wrong
        rows = await documents(stack, "repair", app, *arguments, status=1)
        told = {(row["record_id"], row["version"]): row["outcome"] for row in rows}
        assert told == {key: "left" if key in left else outcome for key in changed}
    assert all(row["faults"] and (row["reason"] is None) == (row["outcome"] == "repaired") for row in rows)
    assert "dictated" not in str(rows)

    repaired = await entries(stack, items)
    assert {key for key in right if repaired[key] != right[key]} == left

    # The seals hold for what was repaired, and what can't be repaired is all that differs.
    await verified(items, "log")
    proof = await finished(items, "records", "verify")
    assert {each["record_id"] for each in proof["first_differences"]} == {hopeless}
    for key in (inner, newest, first, previous, both):
        history = (await items.get(f"/item/{key}/history")).expect(200).data
        assert [(row["version"], "unreadable" in row) for row in history] == [(3, False), (2, False), (1, False)]
        past = (await items.get(f"/item/{key}?version=2")).expect(200).data
        assert (past["title"], past["size"], past["p"]) == ("two", 1, {"a": 1})
    moment = right[(sound, 3)]["position"]
    shown = (await items.get(f"/item?as_of={moment}&per_page=100")).expect(200).data
    assert {row["id"]: (row["title"], row["size"]) for row in shown}[previous] == ("two", 3)

    # It says which could not be repaired, again, and touches nothing else.
    again = await rocket(stack, "repair", app, status=1)
    assert [line.split()[0] for line in again.splitlines()] == ["OUTCOME", "left", "left"]
    assert "nor the record's row determines" in again
    assert await entries(stack, items) == repaired

    # Only a service's signature makes a repair count.
    await executed(stack, items, "UPDATE data.repairs SET signature = '\\x00' WHERE position = $1",
                   right[(inner, 2)]["position"])  # fmt: skip
    proof = await finished(items, "log", "verify")
    assert [each["what"] for each in proof["first_differences"]] == ["a log entry is not what was sealed"]


async def test_sound_entries_are_not_changed(stack: Stack, items: Client) -> None:
    key = await written(items)
    before = await entries(stack, items)
    for version in (1, 2, 3):
        place = before[(key, version)]
        [row] = await query(
            stack, items, f"SELECT data.repair_entry({place['position']}, {place['n']}, '{{\"1\": 1}}', NULL) AS why"
        )
        assert row["why"].startswith("its image and previous could be")
    await corrupted(stack, items, key, 2, image="NULL")
    place = before[(key, 2)]
    [row] = await query(
        stack, items, f"SELECT data.repair_entry({place['position']}, {place['n']}, '{{\"1\": 1}}', '{{}}') AS why"
    )
    assert row["why"] == "what was worked out does not follow from the version before"
    await verified(items, "log")


async def test_removed_fields_are_not_errors(stack: Stack, items: Client) -> None:
    key = await written(items)
    definition = (await items.get("/_admin/entities/item")).expect(200).data["definition"]
    fields = [each for each in definition["fields"] if each["name"] != "size"]
    (await items.put("/_admin/entities/item", {**definition, "fields": fields})).expect(200)
    (await items.put(f"/item/{key}", {"title": "three"})).expect(200)
    await verified(items, "records")
    app = items.prefix.removeprefix("/api/")
    assert "All is well: 4 entries" in await rocket(stack, "repair", app)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"after": "x"}, "after"), ({"after": "[1]"}, "after"), ({"after": 1}, "after"),
        ({"dry_run": "yes"}, "dry_run"), ({"dryrun": True}, "dryrun"),
    ],
)  # fmt: skip
async def test_invalid_repair_requests_are_refused(items: Client, body: Any, name: str) -> None:
    refused = (await items.post("/_admin/log/repair", body)).expect(422)
    assert [each["field"] for each in refused.body["error"]["details"]] == [name], refused.body
