"""Racing writers of related records: no orphans, no lost updates, no version gaps."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from tests.support.app_database import app_row
from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference, relation
from tests.support.streams import published

PARENTS = 12
WRITERS = 12
DELETERS = 4
CHILDREN = 15
CHANGES = 25

Events = list[dict[str, Any]]


@pytest.mark.parametrize("on_delete", ["restrict", "cascade", "set_null"])
@pytest.mark.parametrize("soft", [True, False], ids=["soft", "hard"])
async def test_no_child_outlives_its_parent(stack: Stack, admin: Client, on_delete: str, soft: bool) -> None:
    await admin.define(entity("parent", text("name"), soft_delete=soft))
    await admin.define(entity("child", text("name"), reference("parent_id")))
    belongs = relation("children", "one_to_many", "parent", "child", target_key="parent_id", on_delete=on_delete)
    await admin.define(belongs, "relations")
    parents = [(await admin.post("/parent", {"name": "p"})).expect(201).data["id"] for _ in range(PARENTS)]
    callers = [admin.at(url) for url in stack.gateway_urls]
    writers = [_bear(callers[n % 2], random.Random(n), parents) for n in range(WRITERS)]
    deleters = [_delete(callers[n % 2], random.Random(n), parents) for n in range(DELETERS)]
    statuses = [status for found in await asyncio.gather(*writers, *deleters) for status in found]

    left = await _all(admin, "parent")
    children = await _all(admin, "child")
    orphans = [child for child in children.values() if child["parent_id"] not in {*left, None}]
    assert orphans == []
    assert on_delete == "restrict" or len(left) < PARENTS, "parents were deleted"
    assert (on_delete == "restrict") == (409 in statuses), "children kept their parents from being deleted"
    assert (on_delete == "set_null") == any(child["parent_id"] is None for child in children.values())
    await _check_log(stack, admin, parent=left, child=children)


async def _bear(caller: Client, chance: random.Random, parents: list[str]) -> list[int]:
    """Children of chosen parents, on their own or with a write of the parent; who comes too late is told so."""
    statuses = []
    for number in range(CHILDREN):
        parent = chance.choice(parents)
        if number % 2:
            reply = await caller.post("/child", {"name": str(number), "parent_id": parent})
            assert reply.status in (201, 422), reply.body
        else:
            rows = [{"name": "a"}, {"name": "b"}]
            reply = await caller.put(f"/parent/{parent}", {"name": str(number), "children": {"data": rows}})
            assert reply.status in (200, 404), reply.body
        statuses.append(reply.status)
    return statuses


async def _delete(caller: Client, chance: random.Random, parents: list[str]) -> list[int]:
    statuses = []
    for parent in chance.sample(parents, PARENTS * 2 // 3):
        reply = await caller.delete(f"/parent/{parent}")
        assert reply.status in (200, 404, 409), reply.body
        statuses.append(reply.status)
    return statuses


async def test_a_computed_counter_counts_every_update(stack: Stack, admin: Client) -> None:
    await admin.define(entity("thing", text("name"), integer("count", default=0)))
    rule = {"entity": "thing", "hook": "before_write", "type": "computed",
            "definition": {"field": "count", "expression": "record.count + 1"}}  # fmt: skip
    await admin.define(rule, "rules")
    thing = (await admin.post("/thing", {"name": "first"})).expect(201).data

    async def rename(caller: Client, number: int) -> None:
        (await caller.put(f"/thing/{thing['id']}", {"name": str(number)})).expect(200)

    await _in_parallel(stack, admin, rename)
    stored = await _all(admin, "thing")
    assert stored[thing["id"]]["count"] == thing["count"] + WRITERS * CHANGES
    events = await _check_log(stack, admin, thing=stored)
    assert [event["after"]["count"] for event in events] == list(range(1, WRITERS * CHANGES + 2))


async def test_racing_transitions_of_one_record_succeed_once(stack: Stack, admin: Client) -> None:
    await admin.define(entity("ticket", text("state"), integer("round")))
    turns = [{"from": "open", "to": "taken"}, {"from": "taken", "to": "open"}]
    machine = {"entity": "ticket", "field": "state", "definition": {"initial": "open", "transitions": turns}}
    await admin.define(machine, "state-machines")
    ticket = (await admin.post("/ticket", {})).expect(201).data
    taken = 0
    for _ in range(CHANGES):
        path = f"/ticket/{ticket['id']}"
        version = (await admin.get(path)).headers["ETag"]
        takers = [admin.at(stack.gateway_urls[n % 2]) for n in range(WRITERS)]
        replies = await asyncio.gather(*(taker.put(path, {"state": "taken"}, If_Match=version) for taker in takers))
        assert sorted(reply.status for reply in replies) == [200] + [412] * (WRITERS - 1)
        taken += 1
        (await admin.put(path, {"state": "open"})).expect(200)
    stored = await _all(admin, "ticket")
    events = await _check_log(stack, admin, ticket=stored)
    assert [event["after"]["state"] for event in events] == ["open", *["taken", "open"] * taken]


async def test_increments_by_if_match_are_all_counted(stack: Stack, admin: Client) -> None:
    await admin.define(entity("thing", integer("count")))
    path = f"/thing/{(await admin.post('/thing', {'count': 0})).expect(201).data['id']}"

    async def increment(caller: Client, _: int) -> None:
        while True:
            seen = (await caller.get(path)).expect(200)
            reply = await caller.put(path, {"count": seen.data["count"] + 1}, If_Match=seen.headers["ETag"])
            if reply.status == 200:
                return
            reply.expect(412)

    await _in_parallel(stack, admin, increment, changes=5)
    stored = await _all(admin, "thing")
    assert [thing["count"] for thing in stored.values()] == [WRITERS * 5]
    await _check_log(stack, admin, thing=stored)


async def test_concurrent_updates_of_different_fields_are_both_kept(stack: Stack, admin: Client) -> None:
    names = [f"field_{n}" for n in range(WRITERS)]
    await admin.define(entity("thing", *map(integer, names)))
    thing = (await admin.post("/thing", {})).expect(201).data
    counted: dict[str, int] = defaultdict(int)

    async def count(caller: Client, number: int) -> None:
        name = names[number]
        counted[name] += 1
        reply = (await caller.put(f"/thing/{thing['id']}", {name: counted[name]})).expect(200)
        assert reply.data[name] == counted[name]

    await _in_parallel(stack, admin, count)
    stored = await _all(admin, "thing")
    assert stored == {thing["id"]: {"id": thing["id"], **dict.fromkeys(names, CHANGES)}}
    await _check_log(stack, admin, thing=stored)


async def _in_parallel(
    stack: Stack, admin: Client, change: Callable[[Client, int], Awaitable[None]], changes: int = CHANGES
) -> None:
    """Each writer makes its changes one after the other, at one of the gateways."""

    async def writer(number: int) -> None:
        for _ in range(changes):
            await change(admin.at(stack.gateway_urls[number % 2]), number)

    await asyncio.gather(*map(writer, range(WRITERS)))


async def _all(admin: Client, name: str) -> dict[str, Any]:
    """All live records by id."""
    found: dict[str, Any] = {}
    page = 1
    while rows := (await admin.get(f"/{name}?per_page=100&page={page}")).expect(200).data:
        found |= {row["id"]: row for row in rows}
        page += 1
    return found


async def _check_log(stack: Stack, admin: Client, **tables: dict[str, Any]) -> Events:
    """Each record's versions have no gap, and the folded log is the tables; answers the log."""
    app = await app_row(stack, admin)
    await admin.define(entity("mark", text("name")))
    position = int((await admin.post("/mark", {"name": "end"})).expect(201).headers["X-Commit"])
    events = await _until(stack, str(app["id"]), position)
    versions: dict[tuple[str, str], list[int]] = defaultdict(list)
    folded: dict[str, dict[str, Any]] = {name: {} for name in tables}
    for event in events:
        name, key = event["entity"], event["record_id"]
        versions[name, key].append(event["version"])
        assert _shown(event["before"]) == folded[name].pop(key, None)
        if event["action"] != "delete":
            folded[name][key] = _shown(event["after"])
    for found in versions.values():
        assert found == list(range(1, len(found) + 1))
    assert folded == tables
    return events


def _shown(image: dict[str, Any] | None) -> dict[str, Any] | None:
    """A logged record as lists show it: without the mark of soft deletion."""
    return image and {name: value for name, value in image.items() if name != "deleted_at"}


async def _until(stack: Stack, app_id: str, position: int) -> Events:
    """The published log before the commit at this position."""
    expected = 1
    while True:
        events = await published(stack, app_id, expected)
        if events[-1]["position"] >= position:
            return [event for event in events if event["position"] < position]
        expected = len(events) + 1
