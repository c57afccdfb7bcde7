"""An undo obeys the roles of state machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.client import Client, Reply, entity, integer, text

BILL = entity("bill", text("status"), integer("amount"), soft_delete=True)
WAYS = [
    {"from": "draft", "to": "sent"},
    {"from": "sent", "to": "draft"},
    {"from": "sent", "to": "approved", "roles": ["boss"]},
]


@dataclass(frozen=True, slots=True)
class Desk:
    """An app with bills that clerks may do everything to, but approve."""

    admin: Client
    clerk: Client
    boss: Client

    async def bill(self, *states: str) -> str:
        """The path of a new bill that has gone through these states."""
        path = f"/bill/{(await self.clerk.post('/bill', {'amount': 5})).expect(201).data['id']}"
        for state in states:
            (await self.boss.put(path, {"status": state})).expect(200)
        return path

    async def state(self, path: str) -> Any:
        return (await self.admin.get(path)).expect(200).data["status"]


@pytest.fixture
async def desk(admin: Client) -> Desk:
    await admin.define(BILL)
    for action in ("read", "create", "update", "delete"):
        await admin.grant("bill", action, "clerk", "boss")
    machine = {"entity": "bill", "field": "status", "definition": {"initial": "draft", "transitions": WAYS}}
    await admin.define(machine, "state-machines")
    clerk, boss = [await admin.user(f"{role}@example.com", [role]) for role in ("clerk", "boss")]
    return Desk(admin, clerk, boss)


async def undo(caller: Client, done: Reply | str, status: int = 200) -> Reply:
    """Take back what a request has done; `done` may be its position."""
    position = done if isinstance(done, str) else done.headers["X-Commit"]
    return (await caller.post(f"/_commits/{position}/undo")).expect(status)


async def test_an_undo_needs_the_role_of_the_reverse_transition(desk: Desk) -> None:
    path = await desk.bill("sent")
    approved = (await desk.boss.put(path, {"status": "approved"})).expect(200)
    for caller in (desk.clerk, desk.boss):
        assert (await undo(caller, approved, 403)).code == "FORBIDDEN"
    assert await desk.state(path) == "approved"
    undone = await undo(desk.admin, approved)
    assert await desk.state(path) == "sent"
    await undo(desk.clerk, undone, 403)
    assert await desk.state(path) == "sent"
    await undo(desk.boss, undone)
    assert await desk.state(path) == "approved"


async def test_unrestricted_transitions_are_undone_by_everybody(desk: Desk) -> None:
    path = await desk.bill()
    sent = (await desk.clerk.put(path, {"status": "sent", "amount": 7})).expect(200)
    again = await undo(desk.clerk, sent)
    await undo(desk.clerk, again)
    assert await desk.state(path) == "sent"


async def test_an_undo_of_other_fields_needs_no_transition_role(desk: Desk) -> None:
    path = await desk.bill("sent", "approved")
    changed = (await desk.clerk.put(path, {"amount": 9})).expect(200)
    await undo(desk.clerk, changed)
    assert (await desk.admin.get(path)).data["amount"] == 5


async def test_one_forbidden_transition_refuses_the_whole_undo(desk: Desk) -> None:
    paths = [await desk.bill(), await desk.bill("sent")]
    rows = [
        {"id": path.removeprefix("/bill/"), "status": to} for path, to in zip(paths, ("sent", "approved"), strict=True)
    ]
    changed = (await desk.boss.put("/bill/_bulk", rows)).expect(200)
    await undo(desk.clerk, changed, 403)
    assert [await desk.state(path) for path in paths] == ["sent", "approved"]


async def test_deletions_are_not_transitions(desk: Desk) -> None:
    path = await desk.bill("sent", "approved")
    deleted = (await desk.clerk.delete(path)).expect(200)
    await undo(desk.clerk, deleted)
    assert await desk.state(path) == "approved"
    (await desk.clerk.delete(path)).expect(200)
    (await desk.clerk.post(f"{path}/restore")).expect(200)
    assert await desk.state(path) == "approved"


async def test_only_admins_undo_to_no_state(desk: Desk) -> None:
    """A record that had none when its machine was made."""
    (await desk.admin.put("/_admin/entities/bill", {**BILL, "fields": [*BILL["fields"], text("stage")]})).expect(200)
    path = await desk.bill()
    machine = {"entity": "bill", "field": "stage", "definition": {"initial": "a", "transitions": WAYS[:1]}}
    (await desk.admin.post("/_admin/state-machines", machine)).expect(201)
    entered = (await desk.clerk.put(path, {"stage": "a"})).expect(200)
    await undo(desk.clerk, entered, 403)
    await undo(desk.admin, entered)
    assert (await desk.admin.get(path)).data["stage"] is None
