"""Texts that would be SQL, templates or formats, as values: they are stored, found and told, and do nothing.

Names and paths have such a walk in test_route_access; here it is values of records, and texts of definitions.
"""

from __future__ import annotations

import copy
import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from libs.shared.schema.kinds import KINDS
from libs.shared.testing.polling import eventually
from tests.support.client import Client, Reply, entity, text
from tests.support.receivers import HttpReceiver
from tests.support.relations import reference, relation

HOSTILE = (
    "'", '"', "''; DROP TABLE records.things; --", '"; DROP TABLE records.things; --', "$1", "$1::text",
    "$$; SELECT 1; $$", "$x$ '$x$", "%s %(name)s %%", "{} {0} {name}", "{{ record.name }}", "\\", "\\' OR 1=1",
    "E'\\x27'",
    "/* -- */ --", "‘’ “” ＇ ʼ \u02bc", "\ufeff\u202e'", "a\nb\r\n\t'", "%_", "NULL", "null", "true", "=1+1",
    "${jndi:x}", ":name", "?",
)  # fmt: skip
FEW = ("'; DROP TABLE records.things; --", '"\\', "$1 $$ %s", "{{ record.name }}")
"""Some of each sort, for what is tried in many places."""
NUL = "a\x00b"
STATE, DATA = text("state"), {"name": "data", "type": "json"}
THING = entity("thing", text("name", unique=True), STATE, text("mark"), DATA, reference("part_of"))
KEY = {"field": "key", "type": "string", "generated": False}
TAG = {**entity("tag"), "primary_key": KEY, "fields": [text("key")]}
PARTS = relation("parts", "one_to_many", "thing", "thing", target_key="part_of", on_delete="set_null")
DOCUMENTS: Mapping[str, dict[str, Any]] = {
    "entities": entity("other", text("name", default="x"), text("size", enum=["s", "m"]), soft_delete=True),
    "relations": relation("others", "one_to_many", "thing", "thing", target_key="part_of", on_delete="set_null"),
    "permissions": {"entity": "thing", "action": "read", "roles": ["reader"],
                    "conditions": [{"field": "name", "operator": "eq", "value": "x"}], "fields": {"include": ["name"]},
                    "masks": {"name": "last4"}, "visible_when": {"name": "record.state == 'x'"}},
    "rules": {"entity": "thing", "hook": "before_write", "type": "field",
              "definition": {"field": "state", "operator": "neq", "value": "x", "message": "no"}},
    "state-machines": {"entity": "thing", "field": "state", "definition": {
        "initial": "new", "transitions": [
            {"from": "new", "to": "done", "roles": ["reader"], "guard": "record.name != 'x'"}]}},
    "webhooks": {"entity": "thing", "hook": "after_write", "url": "http://127.0.0.1:1/x", "active": False,
                 "condition": "record.name == 'x'", "headers": {"X-Name": "x"}},
    "workflows": {"name": "check", "context": {"what": "record.name"},
                  "trigger": {"type": "state_change", "entity": "thing", "field": "state", "to": "x"},
                  "steps": [{"id": "one", "type": "action", "then": {"goto": "end"}, "actions": [
                      {"type": "set_field", "entity": "thing", "record_id": "context.what", "field": "state",
                       "value": "x"}]}]},
    "notification-rules": {"name": "told", "entity": "thing", "hook": "after_create", "channel": "in_app",
                           "condition": "record.name == 'x'", "template": {"subject": "x", "body": "x"},
                           "recipients": [{"role": "reader"}]},
    "notification-channels": {"name": "chat", "type": "webhook",
                              "config": {"url": "https://hooks.example/x"}},
    "notification-templates": {"name": "told", "subject": "x", "body": "x", "format": "text",
                               "locale_variants": {"de": {"subject": "x", "body": "x"}}},
    "dashboards": {"name": "board", "description": "x", "roles": ["reader"], "widgets": [
        {"id": "w", "title": "x", "type": "table", "options": {"colour": "red"},
         "query": {"entity": "thing", "filter": {"name": "x"}, "fields": ["name"], "sort": ["-name"]}},
        {"id": "v", "title": "x", "type": "bar",
         "query": {"entity": "thing", "last": "1d", "group_by": ["state"], "max": ["name"],
                   "having": {"max.name": "x"}, "sort": ["max.name"]}},
        {"id": "u", "title": "x", "type": "counter", "query": {"kpi": "sla", "workflow": "x"}}]},
    "ui-configs": {"entity": "thing", "scope": "list", "config": {"title": "x", "columns": ["name"]}},
    "roles": {"name": "reader", "label": "x", "description": "x"},
}  # fmt: skip
"""One of each kind, all of its texts sound."""
Path = tuple[str | int, ...]


@pytest.fixture(scope="module")
async def things(common_admin: Client) -> Client:
    for definition in (THING, TAG):
        await common_admin.define(definition)
    await common_admin.define(PARTS, "relations")
    return common_admin


@pytest.fixture(scope="module")
async def stored(things: Client) -> Mapping[str, dict[str, Any]]:
    """A record for each text, by that text: half of them made one by one, half in one request."""
    bodies = [{"name": each, "state": each, "data": {each: [each]}} for each in HOSTILE]
    for body in bodies[::2]:
        assert (await things.post("/thing", body)).expect(201).data.items() >= body.items()
    (await things.post("/thing/_bulk", bodies[1::2])).expect(201)
    records = (await things.get("/thing?per_page=100")).expect(200).data
    assert {record["name"]: record["data"] for record in records} == {each: {each: [each]} for each in HOSTILE}
    return {record["name"]: record for record in records}


def quoted(value: str) -> str:
    return quote(value, safe="")


async def names(things: Client, question: str) -> list[str]:
    """The names of the records that a question finds."""
    return [record["name"] for record in (await things.get(f"/thing?per_page=100&{question}")).expect(200).data]


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_hostile_text_is_found_by_its_value(things: Client, stored: Mapping[str, Any], value: str) -> None:
    asked, whole = quoted(value), [value]
    assert await names(things, f"filter[name]={asked}") == whole
    assert sorted(await names(things, f"filter[name.neq]={asked}")) == sorted(set(HOSTILE) - {value})
    assert value in await names(things, f"filter[name.starts_with]={asked}")
    assert value in await names(things, f"filter[name.contains]={asked}")
    like = quoted(value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))
    assert await names(things, f"filter[name.like]={like}") == whole
    found = await names(things, f"filter[data.contains]={quoted(orjson.dumps({value: [value]}).decode())}")
    assert found == whole
    assert set(await names(things, f"q={asked}")) <= set(HOSTILE)
    grouped = (await things.get(f"/thing/_aggregate?group_by=name&filter[name]={asked}&max=state")).expect(200).data
    assert [(group["name"], group["max"]["state"]) for group in grouped] == [(value, value)]
    held = (await things.get(f"/thing/_aggregate?group_by=name&max=state&having[max.state]={asked}")).expect(200).data
    assert [group["name"] for group in held] == whole
    record = stored[value]
    assert (await things.get(f"/thing/{record['id']}/history")).expect(200).data[-1]["changed"]["name"]["new"] == value
    commit = (await things.put(f"/thing/{record['id']}", {"state": f"{value}!"})).expect(200).headers["X-Commit"]
    assert await names(things, f"as_of={commit}&filter[state]={quoted(value + '!')}") == whole
    (await things.put(f"/thing/{record['id']}", {"state": value})).expect(200)


async def test_hostile_texts_are_sorted_paged_and_exported(things: Client, stored: Mapping[str, Any]) -> None:
    ordered = await names(things, "sort=name")
    assert sorted(ordered) == sorted(HOSTILE)
    paged: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await things.get(f"/thing?sort=name&per_page=4&cursor={cursor}")).expect(200)
        paged += [record["name"] for record in page.data]
        cursor = page.meta["next_cursor"]
    assert paged == ordered
    async with things.session.get(
        f"{things.url}{things.prefix}/thing/_export?format=csv&fields=name,data&sort=name",
        headers={"Authorization": f"Bearer {things.token}"},
    ) as answer:
        rows = list(csv.DictReader(io.StringIO((await answer.read()).decode(), newline="")))
    assert [next(iter(orjson.loads(row["data"]))) for row in rows] == ordered
    exported = (await things.get("/thing/_export?sort=name")).expect(200).data
    assert [record["name"] for record in exported] == ordered


@pytest.mark.parametrize("value", [each for each in HOSTILE if not each.startswith("_")])
async def test_a_hostile_text_is_a_key(things: Client, value: str) -> None:
    created = await things.post("/tag", {"key": value})
    if created.status == 422:
        assert [detail["field"] for detail in created.details] == ["key"]
        return
    assert created.expect(201).data == {"key": value}
    assert (await things.get(f"/tag/{quoted(value)}")).expect(200).data == {"key": value}
    (await things.delete(f"/tag/{quoted(value)}")).expect(200)
    (await things.get(f"/tag/{quoted(value)}")).expect(404)


async def test_nul_is_refused_in_every_text(things: Client) -> None:
    for body in ({"name": NUL}, {"data": {NUL: 1}}, {"data": [NUL]}):
        refused = (await things.post("/thing", body)).expect(422)
        assert [detail["field"] for detail in refused.details] == list(body)
    for question in (
        "filter[name]",
        "filter[name.like]",
        "filter[name.in]",
        "filter[name.contains]",
        "q",
        "having[max.name]",
    ):
        path = "/thing/_aggregate" if question.startswith("having") else "/thing"
        assert (await things.get(f"{path}?{question}={quoted(NUL)}")).expect(400).code == "INVALID_PAYLOAD"


# --- definitions ---


def leaves(document: Any, path: Path = ()) -> Iterator[Path]:
    """The place of every text in a document."""
    if isinstance(document, str):
        yield path
    elif isinstance(document, Mapping | list):
        for key, value in document.items() if isinstance(document, Mapping) else enumerate(document):
            yield from leaves(value, (*path, key))


def replaced(document: dict[str, Any], path: Path, value: str) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def at(document: Any, path: Path) -> Any:
    found = document
    for key in path:
        found = found[key]
    return found


async def everything(things: Client) -> Any:
    """All that an attack could have changed: the definitions, and what a record's entity and table are."""
    exported = (await things.get("/_admin/export")).expect(200).data
    records = (await things.get("/thing?per_page=100")).expect(200).data
    return {name: part for name, part in exported.items() if name != "exported_at"}, records


@pytest.mark.parametrize("kind", list(KINDS))
async def test_texts_of_definitions_are_refused_or_kept_unchanged(
    things: Client, stored: Mapping[str, Any], kind: str
) -> None:
    before = await everything(things)
    document, kept = DOCUMENTS[kind], 0
    for path in leaves(document):
        for value in (*FEW, NUL):
            sent = replaced(document, path, value)
            reply = await things.post(f"/_admin/{kind}", sent)
            context = f"{kind} {path} {value!r}: {reply.status} {reply.body}"
            assert reply.status in (201, 404, 409, 422), context
            if reply.status == 201:
                assert value != NUL, context
                assert at(reply.data, path) == value, context
                key = sent["name"] if KINDS[kind].addressed_by_name else reply.data["id"]
                shown = (await things.get(f"/_admin/{kind}/{quoted(key)}")).expect(200).data
                assert at(shown["definition"] if KINDS[kind].is_wrapped else shown, path) == value, context
                (await things.delete(f"/_admin/{kind}/{quoted(key)}")).expect(200)
                kept += 1
            elif value == NUL or (reply.status == 422 and path == ("name",)):
                names = [detail["field"] for detail in reply.expect(422).details]
                assert names == [".".join(map(str, path))], context
            elif reply.status == 422:
                assert reply.details, context
    assert await everything(things) == before
    # Otherwise only refusals would have been looked at, and those for the document being no good.
    key = (await things.post(f"/_admin/{kind}", document)).expect(201).data
    handle = document["name"] if KINDS[kind].addressed_by_name else key["id"]
    (await things.delete(f"/_admin/{kind}/{quoted(handle)}")).expect(200)
    assert kept or kind == "relations"


@pytest.mark.parametrize("value", FEW)
async def test_definitions_use_hostile_texts_literally(client: Client, receiver: HttpReceiver, value: str) -> None:
    admin = await client.new_app()
    await admin.define(THING)
    action = {"type": "set_field", "entity": "thing", "record_id": "context.id", "field": "mark", "value": value}
    documents: list[tuple[str, dict[str, Any]]] = [
        ("permissions", {"entity": "thing", "action": "read", "roles": ["reader"],
                         "conditions": [{"field": "name", "operator": "in", "value": [value]}]}),
        ("rules", {"entity": "thing", "hook": "before_write", "type": "field",
                   "definition": {"field": "name", "operator": "neq", "value": f"not {value}", "message": value}}),
        ("webhooks", {"entity": "thing", "url": receiver.url, "condition": "action == 'create'"}),
        ("workflows", {"name": "mark", "context": {"id": "record.id"},
                       "trigger": {"type": "state_change", "entity": "thing", "field": "state", "to": value},
                       "steps": [{"id": "one", "type": "action", "then": {"goto": "end"}, "actions": [action]}]}),
        ("notification-rules", {"name": "told", "entity": "thing", "hook": "after_create", "channel": "in_app",
                                "template": {"subject": "{{ record.name }}", "body": "of {{ record.name }}"},
                                "recipients": [{"role": "reader"}]}),
    ]  # fmt: skip
    for kind, document in documents:
        (await admin.post(f"/_admin/{kind}", document)).expect(201)
    reader = await admin.user("reader@example.com", ["reader"])
    made: Reply = (await admin.post("/thing", {"name": value, "state": value})).expect(201)
    (await admin.post("/thing", {"name": "another"})).expect(201)
    refused = (await admin.post("/thing", {"name": f"not {value}"})).expect(422)
    assert [(detail["field"], detail["message"]) for detail in refused.details] == [("name", value)]

    async def told() -> list[Any] | None:
        rows: list[Any] = (await reader.get("/_notifications")).expect(200).data
        return rows if len(rows) == 2 else None

    rows = await eventually(told, within=20)
    assert sorted((row["subject"], row["body"]) for row in rows) == sorted(
        (name, f"of {name}") for name in (value, "another")
    )
    await eventually(lambda: len(receiver.payloads) == 2, within=20)
    assert {payload["record"]["name"] for payload in receiver.payloads} == {value, "another"}

    async def marked() -> bool:
        return bool((await admin.get(f"/thing/{made.data['id']}")).data["mark"] == value)

    await eventually(marked, within=20)
    assert [record["name"] for record in (await reader.get("/thing")).expect(200).data] == [value]
