"""Comments on records: threads, mentions, rights, versions; deleted, restored and told like any record."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, text
from tests.support.listeners import listening, told
from tests.support.receivers import HttpReceiver
from tests.support.replays import finished, verified

PAGE = entity("page", text("title"), text("team"), soft_delete=True)
NOTE = entity("note", text("title"))
QUIET = entity("quiet", text("title"), comments=False)


class Desk:
    """An app with pages of two teams; ann and bob read those of team red, eve of team blue."""

    def __init__(self, admin: Client, ann: Client, bob: Client, eve: Client, page: str) -> None:
        self.admin, self.ann, self.bob, self.eve, self.page = admin, ann, bob, eve, page
        self.path = f"/page/{page}/comments"

    async def say(self, who: Client, body: str, parent: Any = None, status: int = 201) -> Reply:
        sent = {"body": body} if parent is None else {"body": body, "parent_id": parent}
        return (await who.post(self.path, sent)).expect(status)

    async def bodies(self, who: Client, query: str = "") -> list[Any]:
        return [each["body"] for each in (await who.get(f"{self.path}{query}")).expect(200).data]


@pytest.fixture
async def desk(admin: Client) -> Desk:
    for definition in (PAGE, NOTE, QUIET):
        await admin.define(definition)
    for role, team in (("red", "red"), ("blue", "blue")):
        await admin.grant("page", "read", role, conditions=[{"field": "team", "operator": "eq", "value": team}])
    ann, bob = [await admin.user(f"{name}@red.example", ["red"]) for name in ("ann", "bob")]
    eve = await admin.user("eve@blue.example", ["blue"])
    page = (await admin.post("/page", {"title": "Plan", "team": "red"})).expect(201).data["id"]
    return Desk(admin, ann, bob, eve, page)


async def test_threads_tombstones_versions_and_rights(desk: Desk) -> None:
    ann, bob, eve, admin = desk.ann, desk.bob, desk.eve, desk.admin
    first = await desk.say(ann, "Is *this* right? <b>x</b>")
    top = first.data
    assert first.headers["ETag"] == '"1"' and first.headers["X-Commit"]
    expected: dict[str, Any] = {
        "entity": "page", "record_id": desk.page, "user_email": "ann@red.example", "parent_id": None, "mentions": [],
        "edited": False, "deleted": False, "reply_count": 0,
    }  # fmt: skip
    assert {name: top[name] for name in expected} == expected and top["body"] == "Is *this* right? <b>x</b>"
    reply = (await desk.say(bob, "Yes", top["id"])).data
    nested = (await desk.say(ann, "Thanks", reply["id"])).data
    assert await desk.bodies(bob) == [top["body"], "Yes", "Thanks"]
    assert await desk.bodies(bob, "?parent_id=null") == [top["body"]]
    assert await desk.bodies(bob, f"?parent_id={top['id']}") == ["Yes"]
    assert await desk.bodies(bob, "?sort=-created_at&per_page=2") == ["Thanks", "Yes"]
    listed = await bob.get(desk.path)
    assert [each["reply_count"] for each in listed.data] == [1, 1, 0] and listed.meta["total"] == 3
    page = await bob.get(f"{desk.path}?cursor=&per_page=2")
    assert [each["body"] for each in (await bob.get(f"{desk.path}?cursor={page.meta['next_cursor']}")).data] == [
        "Thanks"
    ]
    # Who may not read the record knows nothing of its comments, whatever the way.
    for answer in (
        await eve.get(desk.path), await eve.post(desk.path, {"body": "x"}), await eve.get(f"{desk.path}/{top['id']}"),
        await eve.get(f"{desk.path}/{top['id']}/history"), await eve.get(f"/page/{desk.page}/mentionable"),
        await eve.delete(f"{desk.path}/{top['id']}"), await eve.get(f"/_commits/{first.headers['X-Commit']}"),
        await bob.get(f"/page/{top['id']}/comments"), await bob.get(f"{desk.path}/{desk.page}"),
        await bob.get(f"{desk.path}/nothing"),
    ):  # fmt: skip
        assert answer.expect(404).code == "NOT_FOUND"
    (await bob.get(f"/_commits/{first.headers['X-Commit']}")).expect(200)
    # Only its author edits a comment; admins delete any.
    one = f"{desk.path}/{top['id']}"
    assert (await bob.put(one, {"body": "mine"})).expect(403).code == "FORBIDDEN"
    (await admin.put(one, {"body": "mine"})).expect(403)
    (await bob.delete(one)).expect(403)
    assert (await ann.put(one, {"body": "late"}, If_Match='"7"')).expect(412).headers["ETag"] == '"1"'
    before = int(first.headers["X-Commit"])
    edited = (await ann.put(one, {"body": "Is this right?"}, If_Match='"1"')).expect(200)
    assert edited.data["edited"] and edited.headers["ETag"] == '"2"' and edited.data["reply_count"] == 1
    assert (await bob.get(f"{desk.path}?as_of={before}")).data[0] == {**top, "reply_count": 0}
    history = (await bob.get(f"{one}/history")).expect(200)
    assert [each["version"] for each in history.data] == [2, 1]
    assert history.data[0]["changed"]["body"] == {"old": top["body"], "new": "Is this right?"}
    assert not {"entity", "record_id", "notified"} & set(history.data[1]["changed"])
    # A deleted comment with replies stays, without its text; it goes with the last of them.
    (await ann.delete(one)).expect(200)
    stone = (await bob.get(one)).expect(200).data
    assert stone["deleted"] and stone["body"] is None and stone["reply_count"] == 1
    for answer in (await bob.get(f"{one}/history"), await ann.put(one, {"body": "again"}), await ann.delete(one)):
        answer.expect(404)
    (await admin.get(f"{one}/history")).expect(200)
    (await bob.get(f"/_commits/{edited.headers['X-Commit']}")).expect(404)
    await desk.say(bob, "late", top["id"], 422)
    (await admin.delete(f"{desk.path}/{reply['id']}")).expect(200)
    assert await desk.bodies(bob) == [None, None, "Thanks"]
    gone = (await ann.delete(f"{desk.path}/{nested['id']}")).expect(200)
    assert await desk.bodies(bob) == []
    # An undo brings back what the commit took; nobody undoes what others did.
    (await bob.post(f"/_commits/{gone.headers['X-Commit']}/undo")).expect(403)
    (await admin.post(f"/_commits/{gone.headers['X-Commit']}/undo")).expect(200)
    assert await desk.bodies(bob) == [None, None, "Thanks"]
    await verified(admin, "records")


async def test_bodies_parents_and_entities_are_checked(desk: Desk) -> None:
    other = (await desk.admin.post("/page", {"title": "Other", "team": "red"})).data["id"]
    elsewhere = (await desk.ann.post(f"/page/{other}/comments", {"body": "there"})).expect(201).data["id"]
    wrong: list[tuple[Any, str | None]] = [
        ({}, "body"), ({"body": ""}, "body"), ({"body": "  \n"}, "body"), ({"body": "x" * 10_001}, "body"),
        ({"body": "a\x00b"}, "body"), ({"body": 1}, "body"), ({"body": "x", "parent_id": elsewhere}, "parent_id"),
        ({"body": "x", "parent_id": "zzz"}, "parent_id"), ({"body": "x", "edited": True}, "edited"),
    ]  # fmt: skip
    for body, field in wrong:
        refused = (await desk.ann.post(desk.path, body)).expect(422)
        assert refused.code == "VALIDATION_FAILED" and refused.details[0]["field"] == field
    await desk.say(desk.ann, "x" * 10_000)
    for query in ("?sort=body", "?parent_id=x", "?deleted=with", "?filter[body]=x"):
        (await desk.ann.get(desk.path + query)).expect(400)
    quiet = (await desk.admin.post("/quiet", {"title": "x"})).data["id"]
    (await desk.admin.get(f"/quiet/{quiet}/comments")).expect(404)
    (await desk.admin.post(f"/quiet/{quiet}/comments", {"body": "x"})).expect(404)
    (await desk.admin.get("/_comments")).expect(404)
    # A policy for `comment` decides who writes, and only that.
    await desk.admin.grant("page", "comment", "writer")
    bob = await desk.admin.user("wim@red.example", ["red", "writer"])
    await desk.say(desk.ann, "no", status=403)
    await desk.say(bob, "yes")
    assert "yes" in await desk.bodies(desk.ann)
    key = await desk.admin.post("/_admin/api-keys", {"name": "k", "scopes": [{"entity": "page", "actions": ["read"]}]})
    reader = desk.admin.with_token(key.expect(201).data["key"])
    assert (await reader.get(desk.path)).expect(200).data
    (await reader.post(desk.path, {"body": "x"})).expect(403)


async def test_mentions_reach_readers_once(desk: Desk) -> None:
    await desk.admin.user("bob@blue.example", ["blue"])
    await desk.admin.user("ann@other.example", ["red"])
    suggested = (await desk.ann.get(f"/page/{desk.page}/mentionable?q=@b")).expect(200).data
    assert [each["email"] for each in suggested] == ["bob@red.example"] and suggested[0]["name"] == "bob"
    said = "@bob, @eve @eve@blue.example `@admin` x@ann @ann and @ann@red.example."
    made = (await desk.say(desk.ann, said)).data
    # ann is ambiguous by her local part; eve and the blue bob may not read the page.
    assert sorted(each["email"] for each in made["mentions"]) == ["ann@red.example", "bob@red.example"]

    async def inbox(who: Client) -> list[Any]:
        return list((await who.get("/_notifications")).data)

    await eventually(lambda: inbox(desk.bob))
    [note] = await inbox(desk.bob)
    assert note["entity"] == "page" and note["record_id"] == desk.page and note["body"] == said
    assert note["metadata"]["comment_id"] == made["id"]
    one = f"{desk.path}/{made['id']}"
    for body in ("nobody", "@bob again", "@bob and @admin"):
        (await desk.ann.put(one, {"body": body})).expect(200)
    await eventually(lambda: inbox(desk.admin))
    assert len(await inbox(desk.bob)) == 1 and await inbox(desk.ann) == [] and await inbox(desk.eve) == []
    await verified(desk.admin, "notify")


async def test_comments_go_and_come_with_their_record(desk: Desk) -> None:
    admin = desk.admin
    await desk.say(desk.ann, "kept")
    (await admin.delete(f"/page/{desk.page}")).expect(200)
    (await desk.ann.get(desk.path)).expect(404)
    (await admin.post(f"/page/{desk.page}/restore")).expect(200)
    assert await desk.bodies(desk.ann) == ["kept"]
    keys = [(await admin.post("/note", {"title": title})).data["id"] for title in ("one", "two", "bare")]
    for key in keys[:2]:
        (await admin.post(f"/note/{key}/comments", {"body": f"on {key}"})).expect(201)
    single = (await admin.delete(f"/note/{keys[0]}")).expect(200)
    bulk = (await admin.request("DELETE", "/note/_bulk", keys[1:])).expect(200)
    for reply, size in ((single, 2), (bulk, 3)):
        position = reply.headers["X-Commit"]
        commit = (await admin.get(f"/_commits/{position}")).data
        assert sorted({each["entity"] for each in commit["records"]}) == ["_comments", "note"]
        assert len(commit["records"]) == size
        (await admin.post(f"/_commits/{position}/undo")).expect(200)
    for key in keys[:2]:
        assert [each["body"] for each in (await admin.get(f"/note/{key}/comments")).data] == [f"on {key}"]
    created = (await admin.get(f"/note/{keys[0]}/history")).data[-1]["commit_id"]
    (await admin.post(f"/_commits/{created}/undo")).expect(409)
    await verified(admin, "records")
    await finished(admin, "records", "rebuild", only="_comments")
    await verified(admin, "records")


async def test_webhooks_audit_and_live_streams_tell_of_comments(desk: Desk, receiver: HttpReceiver) -> None:
    admin = desk.admin
    hook = {"entity": "_comments", "url": receiver.url, "condition": 'record.entity == "page"'}
    (await admin.post("/_admin/webhooks", {**hook, "condition": "record.bdy == 1"})).expect(422)
    (await admin.post("/_admin/webhooks", hook)).expect(201)
    (await admin.put("/_admin/entities/page", {**PAGE, "name": "leaf"})).expect(200)
    (await admin.post("/_admin/webhooks", {**hook, "condition": 'record.entity == "leaf"'})).expect(201)
    path = f"/leaf/{desk.page}/comments"
    live = "/_live?entities=_comments"
    async with listening(desk.ann, live) as ann, listening(desk.eve, live) as eve:
        made = (await desk.bob.post(path, {"body": "hello"})).expect(201)
        assert made.data["entity"] == "leaf"
        await told(ann, 1)
        [change] = ann.commits[0]["changes"]
        assert change["change"] == "entered" and change["record"]["body"] == "hello"
        assert change["record"]["entity"] == "leaf" and "notified" not in change["record"]
        (await desk.bob.delete(f"{path}/{made.data['id']}")).expect(200)
        await told(ann, 2)
        [change] = ann.commits[1]["changes"]
        assert change["change"] == "left" and not change.get("record")
        blue = (await admin.post("/leaf", {"title": "b", "team": "blue"})).data["id"]
        (await admin.post(f"/leaf/{blue}/comments", {"body": "blue"})).expect(201)
        await told(eve, 1)
        assert [change["record"]["body"] for commit in eve.commits for change in commit["changes"]] == ["blue"]

    async def delivered() -> bool:
        return len(receiver.payloads) == 2

    await eventually(delivered)
    payload = receiver.payloads[0]
    assert payload["entity"] == "_comments" and payload["record"]["entity"] == "leaf"
    assert payload["record"]["record_id"] == desk.page and payload["record"]["body"] == "hello"

    async def audited() -> list[Any]:
        return list((await admin.get("/_admin/audit-logs?entity=_comments&sort=timestamp")).data)

    async def complete() -> bool:
        return len(await audited()) == 3

    await eventually(complete)
    assert [row["action"] for row in await audited()] == ["create", "delete", "create"]
    assert (await audited())[0]["new_data"]["body"] == "hello"
    await verified(admin, "audit", "webhook")
