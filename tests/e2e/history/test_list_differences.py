"""What has become of a list since a moment: records that entered it, left it, or changed within it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.relations import make, where

TASK = entity(
    "task", text("title"), text("state"), integer("size"), {"name": "data", "type": "json"},
    {"name": "cost", "type": "decimal"}, soft_delete=True,
)  # fmt: skip


@pytest.fixture(scope="module")
async def changed(common_admin: Client) -> tuple[Client, dict[str, Any], int]:
    """An admin, tasks by title, and the position after which all sorts of things happened to them."""
    admin = common_admin
    await admin.define(TASK)
    tasks = {
        title: await make(admin, "task", title=title, state="open", size=n, cost=1.5, data={"a": [1]})
        for n, title in enumerate(("same", "moved", "closed", "gone", "twice", "back"))
    }
    tasks["other"] = await make(admin, "task", title="other", state="shut", size=9)
    since = int((await admin.put(f"/task/{tasks['same']['id']}", {"size": 7})).headers["X-Commit"])

    async def change(title: str, **values: Any) -> None:
        (await admin.put(f"/task/{tasks[title]['id']}", values)).expect(200)

    await change("moved", size=10, cost=2.25, data={"a": [1, 2]})
    await change("closed", state="shut")
    (await admin.delete(f"/task/{tasks['gone']['id']}")).expect(200)
    await change("twice", size=50)
    await change("twice", size=4)
    await change("other", state="open")
    (await admin.delete(f"/task/{tasks['back']['id']}")).expect(200)
    (await admin.post(f"/task/{tasks['back']['id']}/restore")).expect(200)
    tasks["new"] = await make(admin, "task", title="new", state="open")
    return admin, tasks, since


async def test_the_difference_is_that_of_the_two_lists(changed: tuple[Client, dict[str, Any], int]) -> None:
    admin, tasks, since = changed
    found = (await admin.get(f"/task/_changes?since={since}&filter[state]=open")).expect(200)
    assert [(row["record"]["title"], row["change"]) for row in found.data] == [
        ("new", "entered"), ("other", "entered"), ("gone", "left"), ("closed", "left"), ("moved", "changed")
    ]  # fmt: skip
    rows = {row["record"]["title"]: row for row in found.data}
    assert rows["moved"]["changed"] == {
        "size": {"old": 1, "new": 10}, "data": {"old": {"a": [1]}, "new": {"a": [1, 2]}},
        "cost": {"old": 1.5, "new": 2.25},
    }  # fmt: skip
    assert (rows["moved"]["version"], rows["moved"]["id"]) == (2, tasks["moved"]["id"])
    assert rows["closed"]["record"] == tasks["closed"] and rows["gone"]["record"] == tasks["gone"]
    assert found.meta == {"since": since, "until": found.meta["until"], "complete": True}
    # Without a filter the same moves are changes, and both lists together say so.
    whole = (await admin.get(f"/task/_changes?since={since}")).expect(200).data
    kinds = {row["record"]["title"]: row["change"] for row in whole}
    assert kinds == {"new": "entered", "other": "changed", "gone": "left", "closed": "changed", "moved": "changed"}
    then = {row["id"] for row in (await admin.get(f"/task?as_of={since}&filter[state]=open")).data}
    now = {row["id"] for row in (await admin.get("/task?filter[state]=open")).data}
    assert {row["id"] for row in found.data if row["change"] == "entered"} == now - then
    assert {row["id"] for row in found.data if row["change"] == "left"} == then - now


async def test_between_two_moments_and_in_some_fields(changed: tuple[Client, dict[str, Any], int]) -> None:
    admin, tasks, since = changed
    history = (await admin.get(f"/task/{tasks['twice']['id']}/history")).expect(200).data
    between = (await admin.get(f"/_commits/{history[1]['commit_id']}")).expect(200).data["position"]
    found = (await admin.get(f"/task/_changes?since={since}&until={between}&fields=title,size&q=twice")).expect(200)
    [row] = found.data
    assert (row["record"], row["changed"]) == ({"title": "twice", "size": 50}, {"size": {"old": 4, "new": 50}})
    at = quote(history[1]["at"])
    assert (await admin.get(f"/task/_changes?since={since}&until={at}&fields=title,size&q=twice")).data == found.data
    assert (await admin.get(f"/task/_changes?since={since}&until={since}")).expect(200).data == []


async def test_only_what_the_caller_may_see_then_and_now(changed: tuple[Client, dict[str, Any], int]) -> None:
    admin, _, since = changed
    sales = await admin.user("sales@example.com", ["sales"])
    assert (await sales.get(f"/task/_changes?since={since}")).expect(403).code == "FORBIDDEN"
    await admin.grant("task", "read", "sales", conditions=[where("state", "open")], fields={"exclude": ["cost"]},
                      masks={"title": {"keep_last": 1}})  # fmt: skip
    found = (await sales.get(f"/task/_changes?since={since}")).expect(200).data
    assert {(row["record"]["title"], row["change"]) for row in found} == {
        ("****w", "entered"), ("****r", "entered"), ("****e", "left"), ("****d", "changed")
    }  # fmt: skip
    changes = next(row for row in found if row["change"] == "changed")
    assert sorted(changes["changed"]) == ["data", "size"] and "cost" not in changes["record"]
    assert (await sales.get(f"/task/_changes?since={since}&filter[cost]=1")).expect(400).code == "UNKNOWN_FIELD"


@pytest.mark.parametrize(
    "query", ["", "since=", "since=x", "since=1&until=x", "since=1&sort=size", "since=1&deleted=with"]
)
async def test_what_is_no_difference_is_refused(changed: tuple[Client, dict[str, Any], int], query: str) -> None:
    (await changed[0].get(f"/task/_changes?{query}")).expect(400)
