"""Limits of a response: included records, bytes, groups. Cuts are marked; what is too large is 413."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.embedded.stack import Stack
from tests.support.client import Client, Reply, entity, integer, text
from tests.support.relations import reference, relation
from tests.support.stacks import calling, running

BOUNDS = {"ROCKET_INCLUDED_RECORDS": "5", "ROCKET_PAGE_BYTES": "65536", "ROCKET_AGGREGATE_GROUPS": "10"}
NODE = entity("node", text("name"), reference("parent_id"), soft_delete=True)
NOTE = entity("note", text("body"), integer("n"), reference("node_id"))
TAG = entity("tag", text("label"))
KIDS = relation("kids", "one_to_many", "node", "node", target_key="parent_id", on_delete="set_null")
NOTES = relation("notes", "one_to_many", "node", "note", target_key="node_id", on_delete="cascade")
TAGS = relation("tags", "many_to_many", "node", "tag", join_table="node_tags")


@pytest.fixture(scope="module")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A system whose answers hold little."""
    folder: Path = tmp_path_factory.mktemp("small")
    async with running(folder, replicas={"gateway": 1, "data": 1}, variables=BOUNDS) as stack:
        yield stack


@pytest.fixture(scope="module")
async def caller(small: Stack) -> AsyncIterator[Client]:
    async with calling(small) as client:
        yield client


@pytest.fixture
async def nodes(caller: Client) -> Client:
    admin = await caller.new_app()
    for definition in (NODE, NOTE, TAG):
        await admin.define(definition)
    for definition in (KIDS, NOTES, TAGS):
        await admin.define(definition, "relations")
    return admin


async def made(admin: Client, name: str, *rows: dict[str, Any]) -> list[str]:
    return list((await admin.post(f"/{name}/_bulk", list(rows))).expect(201).data["ids"])


def too_large(reply: Reply) -> None:
    assert reply.expect(413).code == "PAYLOAD_TOO_LARGE"
    assert any(way in reply.body["error"]["message"] for way in ("fewer", "by themselves"))


async def test_included_records_are_limited_and_marked_as_cut(nodes: Client) -> None:
    top, other = await made(nodes, "node", {"name": "top"}, {"name": "other"})
    kids = await made(nodes, "node", *({"name": f"k{n}", "parent_id": top} for n in range(5)))
    await made(nodes, "node", *({"name": "o", "parent_id": other} for n in range(4)))
    notes = await made(nodes, "note", *({"body": "b", "n": n, "node_id": kids[1]} for n in range(7)))
    tags = await made(nodes, "tag", *({"label": str(n)} for n in range(6)))
    (await nodes.put(f"/node/{top}", {"tags": {"data": [{"id": tag} for tag in tags]}})).expect(200)
    reply = (await nodes.get("/node?include=kids.notes,tags&filter[parent_id.is_null]=true&sort=-name")).expect(200)
    assert sorted(reply.meta["included_truncated"]) == ["kids.notes", "tags"]
    shown = reply.data[0]
    assert [kid["id"] for kid in shown["kids"]] == kids
    assert [note["id"] for note in shown["kids"][1]["notes"]] == notes[:5] and shown["kids"][0]["notes"] == []
    assert [tag["id"] for tag in shown["tags"]] == sorted(tags)[:5]
    assert len(reply.data[1]["kids"]) == 4
    single = (await nodes.get(f"/node/{kids[1]}?include=notes")).expect(200)
    assert single.body["meta"] == {"included_truncated": ["notes"]} and len(single.data["notes"]) == 5
    assert "meta" not in (await nodes.get(f"/node/{kids[0]}?include=notes")).expect(200).body
    reply = (await nodes.get("/node?cursor=&include=notes")).expect(200)
    assert reply.meta["included_truncated"] == ["notes"]
    await nodes.delete(f"/note/{notes[0]}")
    await nodes.delete(f"/note/{notes[1]}")
    assert "included_truncated" not in (await nodes.get("/node?include=notes")).expect(200).meta
    first = (await nodes.get(f"/node/{kids[1]}/history")).data[0]["commit_id"]
    position = (await nodes.get(f"/_commits/{first}")).data["position"]
    assert "included_truncated" not in (await nodes.get(f"/node?include=notes&as_of={position}")).expect(200).meta
    last = (await nodes.delete(f"/note/{notes[2]}")).expect(200).headers["X-Commit"]
    before = (await nodes.get(f"/node/{kids[1]}?include=notes&as_of={int(last) - 1}")).expect(200)
    assert len(before.data["notes"]) == 5 and "meta" not in before.body


@pytest.mark.parametrize("path", ["kids.parent", "parent.kids", "notes.node", "tags.node", "kids.notes.node"])
async def test_includes_that_return_to_their_source_are_refused(nodes: Client, path: str) -> None:
    key = (await made(nodes, "node", {"name": "a"}))[0]
    for url in ("/node?", f"/node/{key}?", "/node/_export?", "/node/_live?"):
        reply = await nodes.get(f"{url}include={path}")
        assert reply.expect(400).code == "INVALID_PAYLOAD" and "straight back" in reply.body["error"]["message"]
    (await nodes.get("/node?include=kids.kids.notes,parent.parent,kids.tags")).expect(200)


async def test_a_page_too_large_in_bytes_is_refused_with_advice(nodes: Client) -> None:
    top = (await made(nodes, "node", {"name": "top"}))[0]
    await made(nodes, "note", *({"body": "x" * 15_000, "n": n, "node_id": top} for n in range(5)))
    for query in ("", "?cursor=", "?sort=-n&fields=body"):
        too_large(await nodes.get(f"/note{query}"))
    assert len((await nodes.get("/note?per_page=4")).expect(200).data) == 4
    assert len((await nodes.get("/note?fields=n")).expect(200).data) == 5
    commit = (await nodes.put(f"/node/{top}", {"name": "x"})).expect(200).headers["X-Commit"]
    for url in ("/node?include=notes", f"/node/{top}?include=notes&as_of={commit}", f"/note?as_of={commit}"):
        too_large(await nodes.get(url))
    too_large(await nodes.get(f"/node/{top}?include=notes"))
    too_large(await nodes.get("/note/_aggregate?group_by=body,n"))
    too_large(await nodes.get("/node/_export?include=notes"))
    # Records are exported one after the other, whatever they hold together.
    assert (await nodes.get("/note/_export")).status == 200
    # One record alone is always to be read.
    long = (await nodes.post("/note", {"body": "y" * 200_000})).expect(201).data["id"]
    assert len((await nodes.get(f"/note/{long}")).expect(200).data["body"]) == 200_000


async def test_the_number_of_groups_is_limited(nodes: Client) -> None:
    await made(nodes, "note", *({"n": n} for n in range(10)))
    assert (await nodes.get("/note/_aggregate?group_by=n")).expect(200).meta["total"] == 10
    await made(nodes, "note", {"n": 11})
    too_large(await nodes.get("/note/_aggregate?group_by=n"))
    assert (await nodes.get("/note/_aggregate?group_by=n&filter[n.lt]=11")).expect(200).meta["total"] == 10
    assert (await nodes.get("/note/_aggregate?count=*")).expect(200).data == [{"count": 11}]


async def test_pages_of_commits_are_limited_in_bytes(nodes: Client) -> None:
    key = (await nodes.post("/note", {"body": "x" * 40_000})).expect(201).data["id"]
    for n in range(8):
        (await nodes.put(f"/note/{key}", {"body": str(n) * 40_000})).expect(200)
    too_large(await nodes.get(f"/note/{key}/history"))
    assert len((await nodes.get(f"/note/{key}/history?per_page=3")).expect(200).data) == 3
    commit = (await nodes.post("/note/_bulk", [{"body": "z" * 40_000} for _ in range(8)])).expect(201)
    too_large(await nodes.get(f"/_commits/{commit.headers['X-Commit']}"))
    reply = (await nodes.get(f"/_commits/{commit.headers['X-Commit']}?per_page=4")).expect(200)
    assert len(reply.data["records"]) == 4


async def test_an_export_has_no_limits(nodes: Client) -> None:
    top = (await made(nodes, "node", {"name": "top"}))[0]
    await made(nodes, "note", *({"n": n, "node_id": top} for n in range(5)))
    assert len((await nodes.get("/node/_export?include=notes")).expect(200).data[0]["notes"]) == 5
    await made(nodes, "note", {"n": 6, "node_id": top})
    for kind in ("json", "csv", "ndjson"):
        too_large(await nodes.get(f"/node/_export?include=notes&format={kind}"))


async def test_live_streams_mark_cut_and_oversized_commits(nodes: Client) -> None:
    top = (await made(nodes, "node", {"name": "top"}))[0]
    await made(nodes, "note", *({"n": n, "node_id": top} for n in range(6)))
    (await nodes.put(f"/node/{top}", {"name": "first"})).expect(200)
    (await nodes.post("/note/_bulk", [{"body": "x" * 15_000} for _ in range(5)])).expect(201)
    (await nodes.put(f"/node/{top}", {"name": "last"})).expect(200)
    told = await events(nodes, "/node/_live?include=notes&after=0", 3)
    assert [event.get("included_truncated") for event in told] == [["notes"]] * 3
    assert [len(change["record"]["notes"]) for event in told for change in event["changes"]] == [5] * 3
    told = await events(nodes, "/_live?entities=note,node&after=0", 5)
    assert [(len(event["changes"]), event.get("omitted")) for event in told] == [
        (1, None), (6, None), (1, None), (0, 5), (1, None),
    ]  # fmt: skip


async def events(admin: Client, path: str, number: int) -> list[dict[str, Any]]:
    """The first commits that a live stream tells of."""
    told: list[dict[str, Any]] = []
    headers = {"Authorization": f"Bearer {admin.token}"}
    async with admin.session.get(admin.url + admin.prefix + path, headers=headers) as response:
        assert response.status == 200
        kind = ""
        async for line in response.content:
            if line.startswith(b"event:"):
                kind = line.split(b":", 1)[1].strip().decode()
            elif line.startswith(b"data:") and kind == "commit":
                told.append(orjson.loads(line.split(b":", 1)[1]))
                if len(told) == number:
                    break
    return told
