"""Permissions in live streams, workflow instances and files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from libs.shared.testing.polling import eventually
from tests.support.client import Client, entity, text
from tests.support.listeners import listening, told
from tests.support.relations import make, reference, relation, where
from tests.support.stacks import calling, running
from tests.support.staff import SECRET, STAFF, Office, grant
from tests.support.uploads import upload


async def test_live_streams_obey_policies(office: Office) -> None:
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


async def test_workflow_views_obey_policies(admin: Client) -> None:
    await admin.define(STAFF)
    await grant(admin, fields={"exclude": ["salary"]}, masks={"card": "last4"}, conditions=[where("name", "mine")])
    paths = {"id": "trigger.record_id", "name": "record.name", "pay": "trigger.record.salary", "card": "record.card",
             "all": "record", "trigger": "trigger", "whole": "trigger.record", "none": "nowhere.salary"}  # fmt: skip
    workflow = {
        "name": "check", "context": paths, "steps": [{"id": "wait", "type": "approval"}],
        "trigger": {"type": "state_change", "entity": "staff", "field": "state", "to": "new"},
    }  # fmt: skip
    await admin.define(workflow, "workflows")
    clerk = await admin.user("clerk@example.com", ["clerk"])
    values = {"state": "new", "salary": 9, "card": SECRET}
    mine, other = await make(admin, "staff", name="mine", **values), await make(admin, "staff", name="other", **values)

    async def both() -> Any:
        found = (await clerk.get("/_workflows/pending")).data
        return found if len(found) == 2 else None

    seen = {instance["context"]["id"]: instance for instance in await eventually(both)}
    nothing = {"id": other["id"], "all": {}, "whole": {}, "trigger": {"record_id": other["id"], "record": {}}}
    for shown in (seen[other["id"]], (await clerk.get(f"/_workflows/{seen[other['id']]['id']}")).expect(200).data):
        assert shown["context"] == nothing
    listed = {instance["id"]: instance for instance in (await clerk.get("/_workflows")).expect(200).data}
    assert listed[seen[other["id"]]["id"]] == seen[other["id"]]
    context = seen[mine["id"]]["context"]
    assert set(context) == {"id", "name", "all", "whole", "trigger"}
    for record in (context["all"], context["whole"], context["trigger"]["record"]):
        assert record["name"] == "mine" and not {"salary", "card"} & set(record)
    path = f"/_workflows/{seen[mine['id']]['id']}"
    assert (await clerk.get(path)).data["context"] == context
    assert (await admin.get(path)).data["context"]["pay"] == 9
    (await admin.delete(f"/staff/{mine['id']}")).expect(200)
    assert (await clerk.get(path)).data["context"] == context
    assert "pay" not in (await clerk.post(f"{path}/approve")).expect(200).data["context"]


@pytest.fixture(scope="module")
async def files_by_record(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """A system where files may be downloaded by those who read a record that holds them."""
    folder = tmp_path_factory.mktemp("files")
    async with running(folder, variables={"ROCKET_FILES_ACCESS": "record"}) as stack, calling(stack) as client:
        yield client


async def test_files_can_be_limited_to_readers_of_their_records(files_by_record: Client) -> None:
    admin = await files_by_record.new_app()
    scan = {"name": "scan", "type": "file"}
    await admin.define(entity("paper", text("owner"), scan, {**scan, "name": "secret"}))
    await grant(admin, on="paper", conditions=[where("owner", "$user.email")], fields={"exclude": ["secret"]})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    sent = [(await upload(admin, b"x")).expect(201).data["id"] for _ in range(4)]
    await make(admin, "paper", owner="clerk@example.com", scan=sent[0], secret=sent[1])
    await make(admin, "paper", owner="b@x.org", scan=sent[2])
    statuses = [(await clerk.get(f"/_files/{file_id}")).status for file_id in sent]
    assert statuses == [200, 404, 404, 404]
    assert [(await admin.get(f"/_files/{file_id}")).status for file_id in sent] == [200] * 4
    own = (await upload(clerk, b"y")).expect(201).data["id"]
    assert (await clerk.get(f"/_files/{own}")).status == 200


async def replayed(caller: Client, query: str) -> list[tuple[str, str]]:
    """Changes that a replay from the beginning tells: change and id, up to a record that everybody sees."""
    async with listening(caller, f"/staff/_live?after=0{query}") as listener:
        await eventually(lambda: any(kind == "commit" and title == "END" for kind, title in _titles(listener)))
    return [(change, key) for change, key, _ in listener.changes]


def _titles(listener: Any) -> list[tuple[str, Any]]:
    return [
        (kind, (change["record"] or {}).get("name"))
        for kind, _, data in listener.events
        if kind == "commit"
        for change in data["changes"]
    ]


async def test_leave_events_reveal_no_former_values(admin: Client) -> None:
    """A replay answers a right guess of a past value like a wrong one, where that value may not be seen today."""
    await admin.define(STAFF)
    await grant(admin, conditions=[where("state", "open")], fields={"exclude": ["salary", "badge"]})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    gone = await make(admin, "staff", name="Ann", card="11", mail="old@example.com")
    (await admin.put(f"/staff/{gone['id']}", {"card": "22"})).expect(200)
    (await admin.put(f"/staff/{gone['id']}", {"state": "closed"})).expect(200)
    await make(admin, "staff", name="END", card="END")
    left = [("left", gone["id"])]
    for guess in ("11", "22", "44"):
        query = f"&filter[card.in]={guess},END"
        assert (await replayed(clerk, query))[:-1] == left, guess


async def test_leave_events_reveal_no_newly_hidden_fields(admin: Client) -> None:
    await admin.define(STAFF)
    await grant(admin, visible_when={"mail": "record.name != 'Bea'"}, fields={"exclude": ["salary", "badge"]})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    made = await make(admin, "staff", name="Ann", mail="new@example.com")
    (await admin.put(f"/staff/{made['id']}", {"mail": "newer@example.com"})).expect(200)
    async with listening(clerk, "/staff/_live?filter[mail]=newer@example.com") as listener:
        (await admin.put(f"/staff/{made['id']}", {"name": "Bea"})).expect(200)
        await told(listener, 1)
        assert listener.changes == [("left", made["id"], None)]
    await make(admin, "staff", name="END", mail="END")
    answers = {guess: await replayed(clerk, f"&filter[mail.in]={guess},END") for guess in
               ("new@example.com", "newer@example.com", "no@example.com")}  # fmt: skip
    assert len({tuple(answer) for answer in answers.values()}) == 1, answers
    assert next(iter(answers.values()))[:-1] == [("left", made["id"])]


async def test_pair_commits_reveal_no_hidden_values(admin: Client) -> None:
    """Commits tell of pairs by the values that make them; those need not be keys."""
    await admin.define(entity("order", text("code", unique=True), text("state")))
    await admin.define(entity("tag", text("label")))
    pairs = relation("tags", "many_to_many", "order", "tag", join_table="order_tags", source_key="code")
    await admin.define(pairs, "relations")
    tag = await make(admin, "tag", label="t")
    await grant(admin, on="tag")
    hidden = await grant(admin, on="order", fields={"exclude": ["code"]})
    clerk = await admin.user("clerk@example.com", ["clerk"])
    body = {"code": "TOP-SECRET", "state": "open", "tags": {"data": [{"id": tag["id"]}]}}
    made = (await admin.post("/order", body)).expect(201)
    path = f"/_commits/{made.headers['X-Commit']}"

    async def shown() -> list[str]:
        reply = (await clerk.get(path)).expect(200)
        assert reply.meta["total"] == len(reply.data["records"])
        assert ("TOP-SECRET" in str(reply.body)) == ("order_tags" in str(reply.body))
        return [record["entity"] for record in reply.data["records"]]

    assert await shown() == ["order"]
    (await admin.delete(f"/_admin/permissions/{hidden}")).expect(200)
    await grant(admin, on="order", visible_when={"code": "record.state != 'open'"})
    assert await shown() == ["order"]
    await grant(admin, on="order", masks={"code": "last4"})
    assert await shown() == ["order"]
    await grant(admin, on="order", conditions=[where("state", "open")])
    assert await shown() == ["order", "order_tags"]


async def test_hidden_and_missing_records_have_the_same_error(office: Office) -> None:
    admin = office.admin
    await admin.define(entity("draft", text("state")))
    await grant(admin, on="draft", conditions=[where("state", "open")])
    hidden = await make(admin, "draft", state="closed")
    nobody = "0190a000-0000-7000-8000-0000000000aa"
    for suffix in ("", "/history", "?version=1", "?version=7", "?as_of=1", "/comments"):
        answers = [(await office.clerk.get(f"/draft/{key}{suffix}")).expect(404) for key in (hidden["id"], nobody)]
        assert answers[0].body == answers[1].body, suffix


async def test_attaching_a_file_needs_read_access(files_by_record: Client) -> None:
    admin = await files_by_record.new_app()
    scan = {"name": "scan", "type": "file"}
    await admin.define(entity("paper", text("owner"), scan))
    await admin.define(entity("page", reference("paper_id"), text("owner"), scan))
    await admin.relate(
        "pages", "one_to_many", "paper", "page", source_key="id", target_key="paper_id", on_delete="cascade"
    )
    for on in ("paper", "page"):
        await grant(admin, on=on, conditions=[where("owner", "$user.email")])
        for action in ("create", "update", "delete"):
            await grant(admin, action, on=on)
    clerk, mail = await admin.user("clerk@example.com", ["clerk"]), "clerk@example.com"
    secret, shown = [(await upload(admin, b"x")).expect(201).data["id"] for _ in range(2)]
    own = (await upload(clerk, b"y")).expect(201).data["id"]
    hidden = await make(admin, "paper", owner="b@x.org", scan=secret)
    seen = await make(admin, "paper", owner=mail, scan=shown)
    mine = (await clerk.post("/paper", {"owner": mail, "scan": own})).expect(201).data

    for body in ({"scan": secret}, {"scan": hidden["scan"]}):
        for reply in (
            await clerk.post("/paper", {"owner": mail, **body}),
            await clerk.put(f"/paper/{mine['id']}", body),
            await clerk.post("/paper", {"owner": mail, "pages": {"data": [{"owner": mail, **body}]}}),
            await clerk.put(f"/paper/{mine['id']}", {"pages": {"data": [{"owner": mail, **body}]}}),
            await clerk.post("/paper/_bulk", [{"owner": mail, "scan": own}, {"owner": mail, **body}]),
            await clerk.put("/paper/_bulk", [{"id": mine["id"], **body}]),
        ):
            assert (reply.status, reply.code) == (404, "NOT_FOUND"), reply.body
    assert (await clerk.get(f"/_files/{secret}")).status == 404
    # What may be read may be attached, and what is held may be sent back.
    (await clerk.put(f"/paper/{mine['id']}", {"scan": shown})).expect(200)
    (await clerk.put(f"/paper/{seen['id']}", {"scan": seen["scan"]})).expect(200)
    (await admin.post("/paper", {"owner": mail, "scan": secret})).expect(201)


async def test_an_undo_grants_no_access_to_a_file(files_by_record: Client) -> None:
    admin = await files_by_record.new_app()
    await admin.define(entity("paper", text("owner"), {"name": "scan", "type": "file"}))
    await grant(admin, on="paper", conditions=[where("owner", "$user.email")])
    await grant(admin, "update", on="paper")
    clerk, mail = await admin.user("clerk@example.com", ["clerk"]), "clerk@example.com"
    file_id = (await upload(admin, b"x")).expect(201).data["id"]
    for owner, status in (("b@x.org", 403), (mail, 200)):
        paper = await make(admin, "paper", owner=owner, scan=file_id)
        cleared = (await admin.put(f"/paper/{paper['id']}", {"scan": None})).expect(200)
        [commit, *_] = (await admin.get("/_commits")).expect(200).data
        assert str(commit["position"]) == cleared.headers["X-Commit"]
        assert (await clerk.get(f"/_files/{file_id}")).status == 404
        (await clerk.post(f"/_commits/{commit['commit_id']}/undo")).expect(status)
    assert (await clerk.get(f"/_files/{file_id}")).status == 200
