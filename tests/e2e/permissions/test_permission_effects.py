"""What a changed set of permissions would open or close, compared with what it does once it is saved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.relations import where

STAFF = entity(
    "staff", text("name"), text("mail"), integer("salary"), text("state"), text("owner_mail"), soft_delete=True
)
Row = dict[str, Any]


def policy(action: str, role: str, *conditions: Row, **parts: Any) -> Row:
    return {"entity": "staff", "action": action, "roles": [role], "conditions": list(conditions), **parts}


PRESENT = [
    policy("read", "clerk", where("state", "open"), fields={"exclude": ["salary"]}),
    policy("read", "boss"),
    policy("update", "clerk", where("owner_mail", "$user.email")),
]


@pytest.fixture(scope="module")
async def office(common_admin: Client) -> Client:
    """The admin of an app with ten people on the staff, six of them open, two of these with a low salary."""
    admin = common_admin
    await admin.define(STAFF)
    await admin.define(entity("other", text("name")))
    for each in PRESENT:
        await admin.define(each, "permissions")
    rows = [
        {"name": f"n{n}", "mail": f"n{n}@x.org", "salary": n * 10, "state": "open" if n < 6 else "shut",
         "owner_mail": "clerk@example.com" if n < 3 else "x@y.org"}
        for n in range(10)
    ]  # fmt: skip
    (await admin.post("/staff/_bulk", rows)).expect(201)
    (await admin.request("DELETE", "/staff/_bulk?filter[name]=n9&expect=1")).expect(200)
    for name, roles in (("clerk", ["clerk"]), ("both", ["clerk", "boss"]), ("none", [])):
        await admin.user(f"{name}@example.com", roles)
    return admin


async def effect(
    admin: Client, *policies: Row, **parts: Any
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], Any]:
    """The rows of roles and of users, shortened, and all of the response."""
    reply = (await admin.post("/_admin/permissions/effect", {"permissions": list(policies), **parts})).expect(200)

    def short(row: Row) -> tuple[Any, ...]:
        who = row["role"] if "role" in row else row["user"]["email"].partition("@")[0]
        about = f"{row['action']} {row['entity']}" + (f".{row['field']}" if "field" in row else "")
        return who, about, row["before"], row["after"], row["gained"], row["lost"]

    assert all(row["records"] == (None if row["gained"] is None else row["gained"] + row["lost"]) for row in reply.data)
    return [short(row) for row in reply.data], [short(row) for row in reply.meta["users"]], reply


async def test_an_equal_set_changes_nothing(office: Client) -> None:
    stored = (await office.get("/_admin/permissions")).expect(200).data
    for same in (stored, PRESENT, [*reversed(PRESENT), PRESENT[1]]):
        rows, users, reply = await effect(office, *same)
        assert (rows, users) == ([], []) and reply.meta == {"users": [], "counted": True, "complete": True}


async def test_what_opens_and_what_closes_is_told_by_role_and_by_user(office: Client) -> None:
    more = [
        policy("read", "clerk", where("state", "shut"), fields={"exclude": ["salary"]}),
        policy("read", "auditor", masks={"mail": "email"}, fields={"exclude": ["salary"]}),
        policy("create", "clerk"), policy("delete", "boss", where("salary", 50, "gte")),
    ]  # fmt: skip
    rows, users, reply = await effect(office, *PRESENT[1:], *more)
    assert rows == [
        ("auditor", "read staff", "none", "all", 9, 0),
        ("auditor", "read staff.mail", "none", "masked", 9, 0),
        ("auditor", "read staff.salary", "none", "none", 0, 0),
        ("boss", "delete staff", "none", "some", 4, 0),
        ("clerk", "read staff", "some", "some", 3, 6),
        ("clerk", "create staff", "none", "all", None, None),
    ]
    # The person who has both roles reads everything before and after.
    assert users == [
        ("clerk", "read staff", "some", "some", 3, 6), ("clerk", "create staff", "none", "all", None, None),
        ("both", "create staff", "none", "all", None, None), ("both", "delete staff", "none", "some", 4, 0),
    ]  # fmt: skip
    assert reply.meta["counted"] is True and reply.meta["complete"] is True


async def test_fields_and_masks_are_counted_by_what_they_show(office: Client) -> None:
    changed = policy("read", "clerk", where("state", "open"), masks={"mail": "last4"},
                     visible_when={"salary": "record.salary < 20"})  # fmt: skip
    rows, _, _ = await effect(office, changed, *PRESENT[1:])
    assert rows == [
        ("clerk", "read staff.mail", "all", "masked", 0, 6), ("clerk", "read staff.salary", "none", "some", 2, 0)
    ]  # fmt: skip
    rows, _, _ = await effect(office, *PRESENT[:1], PRESENT[2])
    assert rows == [("boss", "read staff", "all", "none", 0, 9)]


async def test_what_depends_on_the_user_is_counted_for_users(office: Client) -> None:
    own = policy(
        "update", "clerk", where("owner_mail", "$user.email"), where("state", "open"), where("salary", 10, "gt")
    )
    rows, users, _ = await effect(office, *PRESENT[:2], own)
    assert rows == [("clerk", "update staff", "some", "some", None, None)]
    assert ("clerk", "update staff", "some", "some", 0, 2) in users
    assert ("both", "update staff", "some", "some", 0, 0) in users


async def test_one_entity_can_be_compared_alone(office: Client) -> None:
    rows, _, _ = await effect(office, entity="other")
    assert rows == []
    rows, _, _ = await effect(office, entity="staff")
    assert {row[:4] for row in rows} == {
        ("boss", "read staff", "all", "none"), ("clerk", "read staff", "some", "none"),
        ("clerk", "update staff", "some", "none"),
    }  # fmt: skip


async def test_mistakes_are_named_by_their_place(office: Client) -> None:
    good = PRESENT[1]
    for wrong, field in (
        ({"action": "fly"}, "permissions.1.action"), ({"entity": "stuff"}, "permissions.1.entity"),
        ({"conditions": [where("nope", 1)]}, "permissions.1.conditions.0"), ({"actoin": 1}, "permissions.1.actoin"),
    ):  # fmt: skip
        reply = await office.post("/_admin/permissions/effect", {"permissions": [good, {**good, **wrong}]})
        assert field in [detail["field"] for detail in reply.expect(422).details]
    for body in ({}, {"permissions": [1]}, {"permissions": [good], "entity": "nope"}, {"permissions": [], "x": 1},
                 {"permissions": [good], "entity": "other"}):  # fmt: skip
        (await office.post("/_admin/permissions/effect", body)).expect(422)
    clerk = await office.login(office.prefix.removeprefix("/api/"), "clerk@example.com", "secret-1")
    (await clerk.post("/_admin/permissions/effect", {"permissions": []})).expect(403)


async def test_the_effect_comes_true(office: Client) -> None:
    """Saved, the changed set lets each user see what was counted."""
    opened = policy("read", "clerk", where("salary", 60, "gte"), fields={"include": ["name"]})
    _, users, _ = await effect(office, *PRESENT, opened)
    gained = {row[0]: row[4] for row in users if row[1] == "read staff"}
    clerk = await office.login(office.prefix.removeprefix("/api/"), "clerk@example.com", "secret-1")
    before = (await clerk.get("/staff")).expect(200).meta["total"]
    made = await office.define(opened, "permissions")
    assert (await clerk.get("/staff")).expect(200).meta["total"] - before == gained["clerk"] == 3
    (await office.delete(f"/_admin/permissions/{made['id']}")).expect(200)
