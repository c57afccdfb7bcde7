"""Names mean nothing in SQL: whatever fields, keys, entities, tables and relations are called, all works on them.

The names are collected from the source (tests/support/names.py): every word of every SQL text, what rows are called in
them, all letters, all words of PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from deploy.embedded.stack import Stack
from libs.shared.schema.fields import SYSTEM_COLUMNS
from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, text
from tests.support.listeners import listening
from tests.support.names import ROWS, all_names, fields_of, parted
from tests.support.relations import reference, relation
from tests.support.replays import finished, verified

Values = dict[str, Any]
REBUILT = ("i", "k", "old", "t")
"""Names of tables that are made anew from the log, one after the other; of all of them it would take long."""
WIDE = 320
"""Fields of one entity; it may have 400."""


def valued(names: Sequence[str], kind: str, by: int) -> Values:
    """A value for each name, different for each and for each `by`. Short, as a row must fit a page."""
    return {name: f"{by}{n}" if kind == "string" else [by * 1000 + n] for n, name in enumerate(names)}


def differing(old: Values | None, new: Values | None) -> dict[str, Any]:
    """What history says of a change from one to the other."""
    names = {**(old or {}), **(new or {})}
    return {name: {"old": (old or {}).get(name), "new": (new or {}).get(name)} for name in names}


def only(record: Values, names: Sequence[str]) -> Values:
    return {name: record[name] for name in names}


class Wide:
    """An entity with many such fields."""

    def __init__(self, admin: Client, name: str, names: Sequence[str], kind: str) -> None:
        self.admin, self.name, self.names, self.kind = admin, name, list(names), kind
        self.key = "id" if "id" not in names else "id_of_it"
        self.one, self.two, self.three = (valued(names, kind, by) for by in (1, 2, 3))

    @property
    def definition(self) -> dict[str, Any]:
        return {
            **entity(self.name, soft_delete=True),
            "primary_key": {"field": self.key, "type": "uuid", "generated": True},
            "fields": [reference(self.key), *fields_of(self.names, self.kind)],
        }

    async def written(self) -> str:
        """Created, updated, taken back, deleted and restored: everything is what it was; answers the record's id."""
        made = (await self.admin.post(f"/{self.name}", self.one)).expect(201)
        key = str(made.data[self.key])
        assert only(made.data, self.names) == self.one
        changed = (await self.admin.put(f"/{self.name}/{key}", self.two)).expect(200)
        assert only(changed.data, self.names) == self.two
        await self._undone(changed, key)
        (await self.admin.delete(f"/{self.name}/{key}")).expect(200)
        (await self.admin.post(f"/{self.name}/{key}/restore")).expect(200)
        await self._read(key, self.one)
        await self._past(key, made)
        return key

    async def _undone(self, changed: Reply, key: str) -> None:
        (await self.admin.post(f"/_commits/{changed.headers['X-Commit']}/undo")).expect(200)
        await self._read(key, self.one)

    async def _read(self, key: str, values: Values, query: str = "") -> None:
        found = (await self.admin.get(f"/{self.name}/{key}{query}")).expect(200).data
        assert only(found, self.names) == values

    async def _past(self, key: str, made: Reply) -> None:
        """History has every version with both values of each field, and nothing else."""
        rows = (await self.admin.get(f"/{self.name}/{key}/history")).expect(200).data
        *_, back, changed, created = [{name: row["changed"].get(name) for name in self.names} for row in rows]
        assert created == differing(None, self.one)
        assert changed == differing(self.one, self.two)
        assert back == differing(self.two, self.one)
        position = int(made.headers["X-Commit"])
        await self._read(key, self.two, f"?as_of={position + 1}")
        listed = (await self.admin.get(f"/{self.name}?as_of={position}")).expect(200).data
        assert [only(row, self.names) for row in listed] == [self.one]
        commit = (await self.admin.get(f"/_commits/{position + 1}")).expect(200).data
        shown = commit["records"][0]["changed"]
        assert {name: shown.get(name) for name in self.names} == differing(self.one, self.two)

    async def in_bulk(self) -> None:
        """Many at once, and all of them away."""
        rows = [self.two, self.three]
        keys = (await self.admin.post(f"/{self.name}/_bulk", rows)).expect(201).data["ids"]
        updates = [{self.key: key, **row} for key, row in zip(keys, reversed(rows), strict=True)]
        (await self.admin.put(f"/{self.name}/_bulk", updates)).expect(200)
        await self._read(keys[0], self.three)
        await self._read(keys[1], self.two)
        (await self.admin.request("DELETE", f"/{self.name}/_bulk", keys)).expect(200)

    async def imported(self) -> None:
        """As a sample record; what the log has of it is the record."""
        key = "10000000-0000-4000-8000-00000000000a"
        document = {"version": 1, "sample_data": {self.name: [{self.key: key, **self.three}]}}
        (await self.admin.post("/_admin/import", document)).expect(200)
        (await self.admin.post("/_admin/import", document)).expect(200)  # again: it is there already
        await self._read(key, self.three)
        [created] = (await self.admin.get(f"/{self.name}/{key}/history")).expect(200).data
        assert only(created["changed"], self.names) == differing(None, self.three)
        (await self.admin.delete(f"/{self.name}/{key}")).expect(200)

    async def asked(self, caller: Client) -> None:
        """Found, ordered, grouped, shown and exported by each of the fields."""
        for part in parted(self.names, 50):
            filters = "&".join(f"filter[{name}]={self.one[name]}" for name in part)
            where = "" if self.kind == "json" else filters
            fields = f"fields={','.join(part)}"
            [found] = (await caller.get(f"/{self.name}?{where}&{fields}")).expect(200).data
            assert only(found, part) == only(self.one, part)
        for part in parted(self.names, 10) if self.kind == "string" else ():
            sort = ",".join(f"-{name}" for name in part)
            [found] = (await caller.get(f"/{self.name}?sort={sort}&cursor=&count=none")).expect(200).data
            assert only(found, self.names) == self.one
            figures = f"min={','.join(part)}&max={','.join(part)}"
            by = next(name for name in part if name not in ("min", "max"))  # beside figures of these names: refused
            [group] = (await caller.get(f"/{self.name}/_aggregate?{figures}&group_by={by}")).expect(200).data
            assert group["min"] == only(self.one, part)
        for wanted in ("json", "csv"):
            async with caller.session.get(
                f"{caller.url}{caller.prefix}/{self.name}/_export?format={wanted}",
                headers={"Authorization": f"Bearer {caller.token}"},
            ) as response:
                assert response.status == 200
                body = await response.text()
            assert all(f'"{name}"' in body if wanted == "json" else name in body for name in self.names)


@pytest.mark.parametrize("kind", ["string", "json"])
async def test_fields_of_any_name(admin: Client, stack: Stack, kind: str) -> None:
    names = await all_names(stack)
    assert len(names) > 900
    assert {"i", "p", "old", "select", "image", "record_id"} <= set(names)
    wide = [Wide(admin, f"wide_{n}", part, kind) for n, part in enumerate(parted(names, WIDE))]
    document = {"version": 1, "entities": [each.definition for each in wide]}
    (await admin.post("/_admin/import", document)).expect(200)
    reader = await _reader(admin, wide)
    for each in wide:
        async with listening(reader, f"/_live?entities={each.name}") as listener:
            key = await each.written()
            await each.in_bulk()
            await each.imported()
            await each.asked(admin)
            await _seen_by(reader, each, key)
            created = await eventually(lambda: listener.commits[0]["changes"][0])
            assert only(created["record"], each.names[:40]) == only(each.one, each.names[:40])
        await _audited(admin, each, key)
    await finished(admin, "records", "rebuild")
    await verified(admin, "records", "log")
    for each in wide:
        await each.asked(admin)


async def _reader(admin: Client, wide: Sequence[Wide]) -> Client:
    """Somebody whose rights hang on these fields."""
    for each in wide:
        first, second = each.names[:40], each.names[40:45]
        conditions = [{"field": name, "operator": "neq", "value": None} for name in first]
        policy = {"entity": each.name, "action": "read", "roles": ["reader"], "conditions": conditions}
        seen = {name: f"record.{first[0]} != null" for name in second if each.kind == "string"}
        await admin.define({**policy, "visible_when": seen}, "permissions")
    return await admin.user("reader@example.com", ["reader"])


async def _seen_by(reader: Client, each: Wide, key: str) -> None:
    await each.asked(reader)
    rows = (await reader.get(f"/{each.name}/{key}/history")).expect(200).data
    assert only(rows[-1]["changed"], each.names) == differing(None, each.one)
    [record] = (await reader.get(f"/_commits/{rows[-1]['commit_id']}")).expect(200).data["records"]
    assert only(record["changed"], each.names) == differing(None, each.one)
    (await reader.get(f"/{each.name}?as_of=1")).expect(200)


async def _audited(admin: Client, each: Wide, key: str) -> None:
    """What lives off the log has heard of every version."""

    async def heard() -> bool:
        rows = (await admin.get(f"/_admin/audit-logs?entity={each.name}&record_id={key}")).expect(200)
        return bool(rows.meta["total"] == 5)

    await eventually(heard)


def _keyed(name: str) -> list[dict[str, Any]]:
    """Entities whose key, slug, reference, table and own name are all the same word."""
    other = f"{name}_slug"
    return [
        {**entity(name, text("title"), text("note"), table=name),
         "primary_key": {"field": name, "type": "uuid", "generated": True}, "soft_delete": True,
         "fields": [reference(name), text("title"), text("note")]},
        entity(f"{name}_part", reference(name), text("title"), table=f"{name}_part"),
        {**entity(other, table=other), "slug": {"field": name, "source": "title"},
         "fields": [{"name": "id", "type": "uuid"}, text("title"), text(name, unique=True)]},
        {**entity(f"{name}_pair", table=f"{name}_pair"),
         "primary_key": {"fields": [name, "title"], "type": "string", "generated": False},
         "fields": [text(name), text("title"), text("note")]},
    ]  # fmt: skip


async def test_entities_tables_keys_slugs_and_references_of_any_name(admin: Client) -> None:
    names = [name for name in ROWS if name != "auth"]
    parts = [relation(f"parts_of_{name}", "one_to_many", name, f"{name}_part", target_key=name, on_delete="cascade")
             for name in names]  # fmt: skip
    for some in parted(names, 20):
        document = {
            "version": 1,
            "entities": [definition for name in some for definition in _keyed(name)],
            "relations": [each for each in parts if each["source"] in some],
            "sample_data": {f"{name}_pair": [{name: "a", "title": "b", "note": "c"}] for name in some},
        }
        (await admin.post("/_admin/import", document)).expect(200)
    for some in parted(names, 8):
        await asyncio.gather(*(_worked_on(admin, name) for name in some))
    for name in REBUILT:
        await finished(admin, "records", "rebuild", only=name)
        await finished(admin, "records", "rebuild", only=f"{name}_pair")
    await verified(admin, "records", "log")


async def _worked_on(admin: Client, name: str) -> None:
    nested = {"title": "one", f"parts_of_{name}": {"data": [{"title": "a"}, {"title": "b"}]}}
    made = (await admin.post(f"/{name}", nested)).expect(201)
    key = made.data[name]
    part = (await admin.get(f"/{name}_part?filter[{name}]={key}&sort=title&include={name}")).data[0]
    assert part["title"] == "a"
    changed = (await admin.put(f"/{name}/{key}", {"note": "x", f"parts_of_{name}": {"data": [{"title": "c"}]}})).expect(
        200
    )
    [row] = (await admin.get(f"/{name}?include=parts_of_{name}&filter[parts_of_{name}.title]=c")).expect(200).data
    assert (row["note"], {each["title"] for each in row[f"parts_of_{name}"]}) == ("x", {"a", "b", "c"})
    (await admin.post(f"/_commits/{changed.headers['X-Commit']}/undo")).expect(200)
    history = (await admin.get(f"/{name}/{key}/history")).expect(200).data
    assert history[-2]["changed"] == {"note": {"old": None, "new": "x"}}
    await _deleted(admin, name, key)
    await _slugged(admin, name)
    await _paired(admin, f"{name}_pair")


async def _deleted(admin: Client, name: str, key: str) -> None:
    gone = (await admin.delete(f"/{name}/{key}")).expect(200)
    (await admin.post(f"/_commits/{gone.headers['X-Commit']}/undo")).expect(200)
    past = (await admin.get(f"/{name}/{key}?as_of={gone.headers['X-Commit']}&include=parts_of_{name}")).status
    assert past == 404
    assert len((await admin.get(f"/{name}/{key}?include=parts_of_{name}")).expect(200).data[f"parts_of_{name}"]) == 2


async def _slugged(admin: Client, name: str) -> None:
    other = f"{name}_slug"
    slugs = [(await admin.post(f"/{other}", {"title": "A b"})).expect(201).data[name] for _ in range(2)]
    assert slugs == ["a-b", "a-b-2"]
    found = (await admin.get(f"/{other}/a-b-2")).expect(200).data
    (await admin.delete(f"/{other}/{found['id']}")).expect(200)
    document = {"version": 1, "sample_data": {other: [{"title": "A b"}]}}
    (await admin.post("/_admin/import", document)).expect(200)


async def _paired(admin: Client, pair: str) -> None:
    """A composite key; the record came with the definitions."""
    assert (await admin.get(f"/{pair}/a,b")).expect(200).data["note"] == "c"
    (await admin.put(f"/{pair}/a,b", {"note": "d"})).expect(200)
    gone = (await admin.delete(f"/{pair}/a,b")).expect(200)
    (await admin.post(f"/_commits/{gone.headers['X-Commit']}/undo")).expect(200)
    assert (await admin.get(f"/{pair}/a,b")).expect(200).data["note"] == "d"


async def test_relations_join_tables_and_join_keys_of_any_name(admin: Client) -> None:
    names = [name for name in ROWS if name not in ("id", "title")]
    await admin.define(entity("source_of_all", text("title")))
    await admin.define(entity("target_of_all", text("title")))
    ends = zip(names, [*names[1:], names[0]], strict=True)
    relations = [
        relation(name, "many_to_many", "source_of_all", "target_of_all", join_table=name, source_join_key=name,
                 target_join_key=other) for name, other in ends
    ]  # fmt: skip
    (await admin.post("/_admin/import", {"version": 1, "relations": relations})).expect(200)
    target = (await admin.post("/target_of_all", {"title": "t"})).expect(201).data["id"]
    source = (await admin.post("/source_of_all", {"title": "s"})).expect(201).data["id"]
    for some in parted(names, 20):
        sent = {name: {"data": [{"id": target}]} for name in some}
        (await admin.put(f"/source_of_all/{source}", sent)).expect(200)
        for few in parted(some, 5):
            filters = "&".join(f"filter[{name}.title]=t" for name in few)
            [row] = (await admin.get(f"/source_of_all?include={','.join(few)}&{filters}")).expect(200).data
            assert [[each["id"] for each in row[name]] for name in few] == [[target]] * len(few)
    past = (await admin.get(f"/source_of_all/{source}?include=i,p&as_of=1")).status
    assert past == 404
    gone = (await admin.delete(f"/source_of_all/{source}")).expect(200)
    (await admin.post(f"/_commits/{gone.headers['X-Commit']}/undo")).expect(200)
    row = (await admin.get(f"/source_of_all/{source}?include=i,p")).expect(200).data
    assert (len(row["i"]), len(row["p"])) == (1, 1)
    for name in REBUILT:
        await finished(admin, "records", "rebuild", only=name)
    await verified(admin, "records", "log")


@pytest.mark.parametrize("name", sorted(SYSTEM_COLUMNS))
async def test_names_reserved_by_postgresql_are_refused(common_admin: Client, name: str) -> None:
    refused = (await common_admin.post("/_admin/entities", entity("thing", text(name)))).expect(422)
    assert name in refused.details[0]["message"]


async def test_names_with_invalid_characters_are_refused(common_admin: Client) -> None:
    for wrong in ("i\n", "i ", "_i", "i\x00", "1i", "ı", ""):
        (await common_admin.post("/_admin/entities", entity("thing", text(wrong)))).expect(422)
        (await common_admin.post("/_admin/entities", {**entity("thing", text("a")), "name": wrong})).expect(422)
        (await common_admin.post("/_admin/entities", {**entity("thing", text("a")), "table": wrong})).expect(422)
