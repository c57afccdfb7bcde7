"""Constraints are checked at the end of a commit: swapped unique values, rows that reference each other."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import orjson
import pytest

from tests.support.checkout import SAMPLE_SCHEMAS
from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference, relation
from tests.support.replays import verified

ITEM = entity("item", text("code", unique=True), text("note"), {"name": "price", "type": "decimal", "precision": 2,
              "unique": True}, reference("box_id"), reference("part_of"))  # fmt: skip
BOX = entity("box", text("name"))
ITEMS = relation("items", "one_to_many", "box", "item", target_key="box_id")
PARTS = relation("parts", "one_to_many", "item", "item", target_key="part_of", on_delete="set_null")


@pytest.fixture
async def boxes(admin: Client) -> Client:
    for definition in (BOX, ITEM):
        await admin.define(definition)
    for definition in (ITEMS, PARTS):
        await admin.define(definition, "relations")
    return admin


async def box_of(admin: Client, *rows: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """A box with these items, as they are stored, in their order."""
    body = {"name": "b", "items": {"data": list(rows)}}
    box = (await admin.post("/box", body)).expect(201).data["id"]
    return box, (await admin.get(f"/box/{box}?include=items")).data["items"]


async def codes(admin: Client) -> dict[str, Any]:
    return {row["id"]: row["code"] for row in (await admin.get("/item?per_page=100")).data}


async def test_nested_rows_come_back_in_the_order_in_which_they_were_sent(boxes: Client) -> None:
    for _ in range(3):
        names = [f"c{number}" for number in random.sample(range(10_000), 50)]
        _box, items = await box_of(boxes, *({"code": name, "note": "x"} for name in names))
        assert [item["code"] for item in items] == names
        for item in items:
            (await boxes.put(f"/item/{item['id']}", {"code": None})).expect(200)


async def test_rows_that_reference_each_other_are_accepted(boxes: Client) -> None:
    box, items = await box_of(boxes, *({"code": name} for name in "abcd"))
    top, middle, low, other = (item["id"] for item in items)
    rows = [{"id": top, "part_of": None}, {"id": middle, "part_of": top}, {"id": low, "part_of": middle},
            {"id": other, "part_of": other}]  # fmt: skip
    for order in (rows, rows[::-1]):
        for _ in range(2):
            (await boxes.put(f"/box/{box}", {"items": {"data": order}})).expect(200)
        (await boxes.put("/item/_bulk", order)).expect(200)
    stored = (await boxes.get(f"/box/{box}?include=items")).data
    assert [item["part_of"] for item in stored["items"]] == [None, top, middle, other]
    # As a client has them, in one request after the other.
    (await boxes.put(f"/box/{box}", {"items": {"data": stored["items"]}})).expect(200)
    gone = "00000000-0000-4000-8000-000000000000"
    reply = await boxes.put(f"/box/{box}", {"items": {"data": [{"id": top, "part_of": gone}]}})
    assert reply.expect(422).details[0]["rule"] == "reference"


async def test_a_sample_department_with_employees_is_accepted_back(admin: Client) -> None:
    (
        await admin.post("/_admin/import", orjson.loads((SAMPLE_SCHEMAS / "employee-management.json").read_bytes()))
    ).expect(200)
    for department in (await admin.get("/department?include=department_employees")).expect(200).data:
        rows = department["department_employees"]
        body = {"department_employees": {"data": rows}}
        (await admin.put(f"/department/{department['id']}", body)).expect(200)
        again = (await admin.get(f"/department/{department['id']}?include=department_employees")).data
        assert [row["id"] for row in again["department_employees"]] == [row["id"] for row in rows]


@pytest.mark.parametrize("way", ["bulk", "nested"])
async def test_unique_values_are_swapped_in_one_commit(boxes: Client, way: str) -> None:
    box, items = await box_of(boxes, *({"code": f"c{n}", "price": n} for n in range(40)))
    ids = [item["id"] for item in items]
    # A ring, in rows of several shapes, and values that the column rounds.
    rows: list[dict[str, Any]] = [{"id": key, "code": f"c{(n + 1) % 40}"} for n, key in enumerate(ids)]
    rows[3]["note"] = "x"
    rows[5] |= {"note": "y", "price": 6.004}
    rows[6]["price"] = 4.996
    if way == "bulk":
        reply = (await boxes.put("/item/_bulk", rows)).expect(200)
    else:
        reply = (await boxes.put(f"/box/{box}", {"items": {"data": rows}})).expect(200)
    after = {row["id"]: row for row in (await boxes.get("/item?per_page=100")).data}
    assert [after[key]["code"] for key in ids] == [row["code"] for row in rows]
    assert (after[ids[5]]["price"], after[ids[6]]["price"]) == (6, 5)
    history = (await boxes.get(f"/item/{ids[5]}/history")).data
    assert [entry["version"] for entry in history] == [2, 1]
    assert history[0]["changed"] == {
        "code": {"old": "c5", "new": "c6"}, "note": {"old": None, "new": "y"}, "price": {"old": 5, "new": 6},
    }  # fmt: skip
    assert (await boxes.get(f"/item/{ids[0]}?version=1")).data["code"] == "c0"
    undone = (await boxes.post(f"/_commits/{reply.headers['X-Commit']}/undo")).expect(200)
    before = await codes(boxes)
    assert [before[key] for key in ids] == [f"c{n}" for n in range(40)]
    (await boxes.post(f"/_commits/{undone.data['position']}/undo")).expect(200)
    assert await codes(boxes) == {row["id"]: row["code"] for row in rows}
    history = (await boxes.get(f"/item/{ids[0]}/history")).data
    assert [entry["changed"].get("code") for entry in history[:3]] == [
        {"old": "c0", "new": "c1"}, {"old": "c1", "new": "c0"}, {"old": "c0", "new": "c1"},
    ]  # fmt: skip
    await verified(boxes, "records")


async def test_duplicates_at_the_end_of_a_commit_are_refused(boxes: Client) -> None:
    box, items = await box_of(boxes, *({"code": name} for name in "abc"))
    first, second, third = (item["id"] for item in items)
    rows = [{"id": first, "code": "b"}, {"id": second, "code": "c"}]
    reply = (await boxes.put("/item/_bulk", rows)).expect(409)
    assert (reply.details[0]["field"], reply.details[0]["index"]) == ("code", 1)
    (await boxes.put("/item/_bulk", [*rows, {"id": third, "code": "b"}])).expect(409)
    (await boxes.put("/item/_bulk", [*rows, {"id": third, "note": "x"}])).expect(409)
    (await boxes.put(f"/box/{box}", {"items": {"data": rows}})).expect(409)
    assert list((await codes(boxes)).values()) == ["a", "b", "c"]
    # A value that is given up goes to a new record, and one that is deleted to another.
    rows = [{"id": first, "code": "d"}, {"code": "a"}, {"id": second, "_delete": True}, {"id": third, "code": "b"}]
    (await boxes.put(f"/box/{box}", {"items": {"data": rows}})).expect(200)
    assert sorted((await codes(boxes)).values()) == ["a", "b", "d"]


@pytest.mark.parametrize("soft", [False, True])
async def test_one_to_one_targets_are_swapped_in_one_commit(admin: Client, soft: bool) -> None:
    await admin.define(entity("person", text("name")))
    await admin.define(entity("passport", integer("number"), reference("person_id"), soft_delete=soft))
    only = relation("passport_of", "one_to_one", "person", "passport", target_key="person_id")
    await admin.define(only, "relations")
    people = [(await admin.post("/person", {})).expect(201).data["id"] for _ in range(2)]
    passes = [(await admin.post("/passport", {"person_id": p})).expect(201).data["id"] for p in people]
    rows = [{"id": key, "person_id": person} for key, person in zip(passes, people[::-1], strict=True)]
    commit = (await admin.put("/passport/_bulk", rows)).expect(200).headers["X-Commit"]
    for row in rows:
        assert (await admin.get(f"/passport/{row['id']}")).data["person_id"] == row["person_id"]
    (await admin.post(f"/_commits/{commit}/undo")).expect(200)
    assert (await admin.get(f"/passport/{passes[0]}")).data["person_id"] == people[0]


async def test_racing_swaps_leave_each_value_once(boxes: Client) -> None:
    _, items = await box_of(boxes, *({"code": f"c{n}"} for n in range(8)))
    ids = [item["id"] for item in items]

    async def swap(seed: int) -> int:
        own = random.Random(seed)
        present = await codes(boxes)
        chosen = own.sample(ids, own.randint(2, 4))
        rows = [{"id": key, "code": present[chosen[n - 1]]} for n, key in enumerate(chosen)]
        return (await boxes.put("/item/_bulk", rows)).status

    async def take(seed: int) -> int:
        return (await boxes.post("/item", {"code": f"c{seed % 8}"})).status

    outcomes = await asyncio.gather(*(swap(n) for n in range(60)), *(take(n) for n in range(30)))
    assert set(outcomes[:60]) <= {200, 409} and 200 in outcomes and set(outcomes[60:]) == {409}
    assert sorted((await codes(boxes)).values()) == [f"c{n}" for n in range(8)]
    await verified(boxes, "records")
