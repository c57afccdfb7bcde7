"""Permissions where other parts tell of records: live streams, workflow instances, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from libs.shared.testing.polling import eventually
from tests.e2e.test_files import upload
from tests.e2e.test_live import listening, told
from tests.e2e.test_permissions import SECRET, STAFF, Office, grant, office, when
from tests.support.client import Client, entity, text
from tests.support.relations import make
from tests.support.stacks import calling, running

__all__ = ["office"]


async def test_live_streams_tell_no_more_than_reads_do(office: Office) -> None:
    path = f"/staff/{office.closed['id']}"
    async with listening(office.clerk, "/staff/_live") as listener:
        (await office.admin.put(path, {"salary": 71, "card": "4000123412349999", "badge": "b-3"})).expect(200)
        await told(listener, 1)
        (await office.admin.put(path, {"state": "open"})).expect(200)
        await told(listener, 2)
    first, second = (commit["changes"][0]["record"] for commit in listener.commits)
    assert (first["card"], "mail" in first, "salary" in first, "badge" in first) == ("****9999", False, False, False)
    assert second["mail"] == "ann@example.com"
    (await office.admin.put(path, {"state": "closed", "card": SECRET, "badge": "z-2"})).expect(200)
    async with office.clerk.session.get(
        f"{office.clerk.url}{office.clerk.prefix}/staff/_live?filter[salary]=71",
        headers={"Authorization": f"Bearer {office.clerk.token}"},
    ) as refused:
        assert "UNKNOWN_FIELD" in (await refused.content.readany()).decode()


async def test_views_of_workflows_leave_out_what_the_caller_may_not_read(admin: Client) -> None:
    await admin.define(STAFF)
    await grant(admin, fields={"exclude": ["salary"]}, masks={"card": "last4"}, conditions=[when("name", "mine")])
    paths = {"id": "trigger.record_id", "name": "record.name", "pay": "trigger.record.salary", "card": "record.card",
             "all": "record"}  # fmt: skip
    workflow = {
        "name": "check", "context": paths, "steps": [{"id": "wait", "type": "approval"}],
        "trigger": {"type": "state_change", "entity": "staff", "field": "state", "to": "new"},
    }  # fmt: skip
    (await admin.post("/_admin/workflows", workflow)).expect(201)
    clerk = await admin.user("clerk@example.com", ["clerk"])
    values = {"state": "new", "salary": 9, "card": SECRET}
    mine, other = await make(admin, "staff", name="mine", **values), await make(admin, "staff", name="other", **values)

    async def both() -> Any:
        found = (await clerk.get("/_workflows/pending")).data
        return found if len(found) == 2 else None

    seen = {instance["context"]["id"]: instance for instance in await eventually(both)}
    assert seen[other["id"]]["context"] == {"id": other["id"], "all": {}}
    context = seen[mine["id"]]["context"]
    assert set(context) == {"id", "name", "all"}
    assert not {"salary", "card"} & set(context["all"])
    path = f"/_workflows/{seen[mine['id']]['id']}"
    assert (await clerk.get(path)).data["context"] == context
    assert (await admin.get(path)).data["context"]["pay"] == 9
    (await admin.delete(f"/staff/{mine['id']}")).expect(200)
    assert (await clerk.get(path)).data["context"] == context
    assert "pay" not in (await clerk.post(f"{path}/approve")).expect(200).data["context"]


async def test_files_can_be_for_those_who_read_a_record_that_holds_them(tmp_path: Path) -> None:
    async with running(tmp_path, variables={"ROCKET_FILES_ACCESS": "record"}) as stack, calling(stack) as client:
        admin = await client.new_app()
        scan = {"name": "scan", "type": "file"}
        await admin.define(entity("paper", text("owner"), scan, {**scan, "name": "secret"}))
        await grant(admin, on="paper", conditions=[when("owner", "$user.email")], fields={"exclude": ["secret"]})
        clerk = await admin.user("clerk@example.com", ["clerk"])
        sent = [(await upload(admin, b"x")).expect(201).data["id"] for _ in range(4)]
        await make(admin, "paper", owner="clerk@example.com", scan=sent[0], secret=sent[1])
        await make(admin, "paper", owner="b@x.org", scan=sent[2])
        statuses = [(await clerk.get(f"/_files/{file_id}")).status for file_id in sent]
        assert statuses == [200, 404, 404, 404]
        assert [(await admin.get(f"/_files/{file_id}")).status for file_id in sent] == [200] * 4
        own = (await upload(clerk, b"y")).expect(201).data["id"]
        assert (await clerk.get(f"/_files/{own}")).status == 200
