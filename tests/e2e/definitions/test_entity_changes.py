"""Changes of entities: renames, composite keys, slugs, indexes, retired tables."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from deploy.embedded.stack import Stack
from libs.shared.testing.polling import eventually
from tests.support.app_database import app_connection, indexes, query
from tests.support.client import Client, entity, integer, text
from tests.support.relations import make, reference, relation
from tests.support.replays import verified


def renamed(field: dict[str, Any], old: str) -> dict[str, Any]:
    return {**field, "renamed_from": old}


async def test_a_renamed_field_keeps_its_values_and_its_history(admin: Client) -> None:
    await admin.define(entity("person", text("name", unique=True), integer("age")))
    record = (await admin.post("/person", {"name": "Ada", "age": 36})).expect(201).data
    sent = entity("person", renamed(text("full_name", unique=True), "name"), integer("age"))
    answered = (await admin.put("/_admin/entities/person", sent)).expect(200).data
    assert answered == entity("person", text("full_name", unique=True), integer("age"))
    assert (await admin.get("/_admin/entities/person")).data["definition"] == answered
    assert (await admin.get(f"/person/{record['id']}")).data == {"id": record["id"], "full_name": "Ada", "age": 36}
    (entry,) = (await admin.get(f"/person/{record['id']}/history")).data
    assert entry["changed"]["full_name"] == {"old": None, "new": "Ada"}
    assert (await admin.post("/person", {"full_name": "Ada"})).expect(409).code == "CONFLICT"
    assert (await admin.get("/person?filter[name]=Ada")).expect(400).code == "UNKNOWN_FIELD"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ([renamed(text("other"), "nothing")], "other"),
        ([text("name"), renamed(text("other"), "name")], "other"),
        ([renamed(text("a"), "name"), renamed(text("b"), "name")], "a"),
        ([renamed(text("gone"), "name")], "gone"),
        ([renamed(integer("other"), "name")], "other"),
    ],
)
async def test_ambiguous_renames_are_refused(admin: Client, fields: list[dict[str, Any]], field: str) -> None:
    await admin.define(entity("person", text("name"), text("gone")))
    (await admin.put("/_admin/entities/person", entity("person", text("name")))).expect(200)
    reply = (await admin.put("/_admin/entities/person", entity("person", *fields))).expect(422)
    assert reply.details[0]["field"] == field
    assert (await admin.post("/person", {"name": "as before"})).expect(201).data["name"] == "as before"


async def test_renames_in_a_new_entity_are_refused(admin: Client) -> None:
    reply = await admin.post("/_admin/entities", entity("person", renamed(text("name"), "title")))
    assert reply.expect(422).details[0]["field"] == "name"


async def test_references_to_a_field_follow_its_rename(admin: Client) -> None:
    slug = {"field": "code", "source": "name"}
    await admin.define(entity("person", text("name"), text("code", unique=True), slug=slug))
    await admin.define(entity("letter", text("to")))
    await admin.define(entity("pet", text("owner"), text("name")))
    letters = {"name": "letters", "type": "one_to_many", "source": "person", "target": "letter"}
    await admin.define({**letters, "source_key": "code", "target_key": "to"}, "relations")
    condition = {"field": "name", "operator": "eq", "value": "Ada"}
    policy = {"entity": "person", "action": "read", "roles": ["clerk"], "conditions": [condition]}
    await admin.define(policy, "permissions")
    await admin.define({**policy, "entity": "pet"}, "permissions")
    (await admin.post("/person", {"name": "Ada", "code": "ada"})).expect(201)
    sent = entity(
        "person",
        renamed(text("label"), "name"),
        renamed(text("short", unique=True), "code"),
        slug=slug,
    )
    answered = (await admin.put("/_admin/entities/person", sent)).expect(200).data
    assert answered["slug"] == {"field": "short", "source": "label"}
    (await admin.put("/_admin/entities/letter", entity("letter", renamed(text("addressee"), "to")))).expect(200)
    definition = (await admin.get("/_admin/relations/letters")).data["definition"]
    assert (definition["source_key"], definition["target_key"]) == ("short", "addressee")
    followed = [(p["entity"], p["conditions"][0]["field"]) for p in (await admin.get("/_admin/permissions")).data]
    assert followed == [("person", "label"), ("pet", "name")]
    clerk = await admin.user("clerk@example.com", ["clerk"])
    assert [row["label"] for row in (await clerk.get("/person")).expect(200).data] == ["Ada"]


def forbid(name: str, expression: str, *loads: dict[str, Any]) -> dict[str, Any]:
    definition = {"expression": expression, "message": "no", "related_load": list(loads)}
    return {"entity": name, "hook": "before_write", "type": "expression", "definition": definition}


CLOSED = {"status.eq": "closed"}
TASKS = relation("tasks", "one_to_many", "project", "task", target_key="owner_id")


@pytest.fixture
async def projects(admin: Client) -> Client:
    """The admin of an app where projects have tasks."""
    await admin.define(entity("project", text("status"), text("name")))
    await admin.define(entity("task", text("status"), text("name"), reference("owner_id")))
    await admin.define(TASKS, "relations")
    return admin


async def loads(admin: Client, rule: dict[str, Any]) -> Any:
    return (await admin.get(f"/_admin/rules/{rule['id']}")).expect(200).data["definition"]["related_load"]


@pytest.mark.parametrize("name", ["project", "tasks"])
async def test_rule_loads_follow_renames(projects: Client, name: str) -> None:
    """A load names a relation by its own name or by the entity at the other end; an expression goes by the old one."""
    load = {"relation": name, "filter": CLOSED}
    sent = forbid("task", f"len(related.{name}) > 0", load)
    rule = await projects.define(sent, "rules")
    closed = await make(projects, "project", status="closed")
    opened = await make(projects, "project", status="open")

    async def holds() -> None:
        refused = (await projects.post("/task", {"owner_id": closed["id"]})).expect(422)
        assert [detail["message"] for detail in refused.details] == ["no"]
        (await projects.post("/task", {"owner_id": opened["id"]})).expect(201)

    await holds()
    sent = entity("project", renamed(text("state"), "status"), text("name"))
    (await projects.put("/_admin/entities/project", sent)).expect(200)
    assert await loads(projects, rule) == [{"relation": name, "filter": {"state.eq": "closed"}}]
    await holds()
    (await projects.put("/_admin/relations/tasks", {**TASKS, "name": "jobs"})).expect(200)
    followed = {"relation": "jobs", "name": "tasks"} if name == "tasks" else {"relation": name}
    assert await loads(projects, rule) == [{**followed, "filter": {"state.eq": "closed"}}]
    await holds()
    sent = entity("plan", text("state"), text("name"), table="projects")
    (await projects.put("/_admin/entities/project", sent)).expect(200)
    followed = {"relation": "jobs", "name": "tasks"} if name == "tasks" else {"relation": "plan", "name": "project"}
    assert await loads(projects, rule) == [{**followed, "filter": {"state.eq": "closed"}}]
    assert (await projects.post("/task", {"owner_id": closed["id"]})).expect(422).details[0]["message"] == "no"
    (await projects.post("/task", {"owner_id": opened["id"]})).expect(201)


async def test_a_load_follows_the_rename_of_its_key(admin: Client) -> None:
    definition = entity("page", text("name"), reference("parent_id"))
    await admin.define(definition)
    await admin.relate("pages", "one_to_many", "page", "page",
                                                    target_key="parent_id")  # fmt: skip
    load = {"relation": "parent", "filter": {"name.eq": "leaf", "id.neq": None}}
    rule = await admin.define(forbid("page", "len(related.parent) > 0", load), "rules")
    leaf = await make(admin, "page", name="leaf")
    (await admin.post("/page", {"parent_id": leaf["id"]})).expect(422)
    sent = {**definition, "fields": [{"name": "id", "type": "uuid"}, renamed(text("title"), "name"),
                                     renamed(reference("over_id"), "parent_id")]}  # fmt: skip
    (await admin.put("/_admin/entities/page", sent)).expect(200)
    followed = {"relation": "over", "name": "parent", "filter": {"title.eq": "leaf", "id.neq": None}}
    assert await loads(admin, rule) == [followed]
    assert (await admin.post("/page", {"over_id": leaf["id"]})).expect(422).details[0]["message"] == "no"
    (await admin.post("/page", {"name": "leaf"})).expect(422)
    (await admin.post("/page", {"title": "leaf"})).expect(201)


async def test_an_impossible_load_refuses_the_write(projects: Client) -> None:
    load = {"relation": "project", "filter": CLOSED}
    await projects.define(forbid("task", "len(related.project) > 0", load), "rules")
    computed = {"field": "name", "expression": "related.tasks[0].name", "related_load": [{"relation": "tasks"}]}
    sent = {"entity": "project", "hook": "before_write", "type": "computed", "definition": computed}
    await projects.define(sent, "rules")
    project = await make(projects, "project", status="closed")
    (await projects.put("/_admin/entities/project", entity("project", text("name")))).expect(200)
    refused = (await projects.post("/task", {"owner_id": project["id"]})).expect(422)
    reason = "the filter of project can't be read: there is no field status"
    assert refused.code == "VALIDATION_FAILED"
    assert refused.details == [{"rule": "expression", "message": f"no (the rule can't be evaluated: {reason})"}]
    (await projects.delete("/_admin/relations/tasks")).expect(200)
    refused = (await projects.post("/task", {"name": "a"})).expect(422)
    assert "task has no relation project" in refused.details[0]["message"]
    refused = (await projects.put(f"/project/{project['id']}", {"name": "a"})).expect(422)
    reason = "can't be computed: project has no relation tasks"
    assert refused.details == [{"field": "name", "rule": "computed", "message": reason}]


async def test_transition_actions_follow_a_renamed_field(admin: Client) -> None:
    await admin.define(entity("order", text("status"), text("body")))
    await admin.define(entity("note", text("body"), integer("count")))
    note = await make(admin, "note", body="old")
    actions = [
        {"type": "update_record", "entity": "note", "record_id": note["id"], "fields": {"body": "new", "count": 1}},
        {"type": "create_record", "entity": "note", "fields": {"body": "made"}},
        {"type": "create_record", "entity": "order", "fields": {"body": "also"}},
    ]
    body = {"initial": "open", "transitions": [{"from": "open", "to": "closed", "actions": actions}]}
    machine = {"entity": "order", "field": "status", "definition": body}
    await admin.define(machine, "state-machines")
    order = await make(admin, "order", status="open")
    sent = entity("note", renamed(text("text"), "body"), integer("count"))
    (await admin.put("/_admin/entities/note", sent)).expect(200)
    (await admin.put(f"/order/{order['id']}", {"status": "closed"})).expect(200)
    notes = (await admin.get("/note")).data
    assert sorted((row["text"], row["count"]) for row in notes) == [("made", None), ("new", 1)]
    assert {row["body"] for row in (await admin.get("/order")).data} == {None, "also"}


async def test_a_renamed_key_goes_on_identifying(admin: Client) -> None:
    definition = entity("item", text("name"))
    await admin.define(definition)
    record = (await admin.post("/item", {"name": "a"})).expect(201).data
    sent = {**definition, "fields": [renamed({"name": "item_id", "type": "uuid"}, "id"), text("name")]}
    answered = (await admin.put("/_admin/entities/item", sent)).expect(200).data
    assert answered["primary_key"]["field"] == "item_id"
    assert (await admin.get(f"/item/{record['id']}")).data == {"item_id": record["id"], "name": "a"}


async def test_a_renamed_entity_keeps_its_relations_and_permissions(admin: Client) -> None:
    await admin.define(entity("client", text("name")))
    await admin.define(entity("bill", reference("client_id")))
    one = {"name": "bills", "type": "one_to_many", "source": "client", "target": "bill"}
    many = {"name": "seen", "type": "many_to_many", "source": "client", "target": "bill", "join_table": "seen_bills"}
    for sent in (one, many):
        await admin.define(sent, "relations")
    await admin.grant("client", "read", "clerk")
    (await admin.post("/client", {"name": "Ada"})).expect(201)
    sent = entity("customer", text("name"), table="clients")
    (await admin.put("/_admin/entities/client", sent)).expect(200)
    shown = {row["name"]: row["definition"] for row in (await admin.get("/_admin/relations")).data}
    assert shown["bills"] == {**one, "source": "customer", "target_key": "client_id"}
    assert shown["seen"]["source"] == "customer"
    assert shown["seen"]["source_join_key"] == "client_id"
    clerk = await admin.user("clerk@example.com", ["clerk"])
    assert [row["name"] for row in (await clerk.get("/customer")).expect(200).data] == ["Ada"]
    assert (await clerk.get("/client")).expect(404).code == "UNKNOWN_ENTITY"


async def test_keys_of_several_fields_are_given_by_the_client(admin: Client) -> None:
    parts = [text("country"), integer("no"), text("name")]
    key = {"fields": ["country", "no"]}
    definition = {"name": "road", "table": "roads", "primary_key": key, "fields": parts}
    assert (await admin.post("/_admin/entities", definition)).expect(201).data == definition
    for wrong in ({"fields": ["country", "absent"]}, {"fields": ["no", "no"]}, {**key, "generated": True}, {}):
        sent = {**definition, "name": "path", "table": "paths", "primary_key": wrong}
        (await admin.post("/_admin/entities", sent)).expect(422)
    changed = {**definition, "primary_key": {"fields": ["no", "country"]}}
    assert (await admin.put("/_admin/entities/road", changed)).expect(422).details[0]["field"] == "primary_key"


@pytest.mark.parametrize(
    "slug",
    [
        {"field": "absent"},
        {"field": "name"},
        {"field": "no"},
        {"field": "code", "source": "absent"},
        {"source": "name"},
    ],
)
async def test_slugs_need_a_unique_text_and_a_source_that_exists(admin: Client, slug: dict[str, Any]) -> None:
    fields = [text("name"), text("code", unique=True), integer("no", unique=True)]
    (await admin.post("/_admin/entities", entity("page", *fields, slug=slug))).expect(422)
    await admin.define(entity("page", *fields, slug={"field": "code", "source": "name"}))


@pytest.fixture(scope="module")
async def pages(common_admin: Client) -> Client:
    """The admin of an app with pages, whose definition nobody changes."""
    await common_admin.define(entity("page", text("a")))
    return common_admin


@pytest.mark.parametrize(
    "change",
    [
        {"fields": 5},
        {"fields": [5]},
        {"fields": [{"name": ["a"], "type": "string", "renamed_from": "a"}]},
        {"fields": [{"name": "a", "type": "string", "renamed_from": ["a"]}]},
        {"slug": []},
        {"primary_key": {"fields": [["a"]]}},
        {"note": "a\x00b"},
        {"note": orjson.loads("[" * 120 + "]" * 120)},
    ],
)
async def test_invalid_definitions_are_refused(pages: Client, change: dict[str, Any]) -> None:
    (await pages.post("/_admin/entities", {**entity("other", text("a")), **change})).expect(422)
    (await pages.get("/_admin/entities/other")).expect(404)
    (await pages.put("/_admin/entities/page", {**entity("page", text("a")), **change})).expect(422)
    (await pages.post("/page", {"a": "x"})).expect(201)


@pytest.mark.parametrize("name", ["xmin", "ctid", "tableoid"])
async def test_names_reserved_by_the_database_are_refused(admin: Client, name: str) -> None:
    (await admin.post("/_admin/entities", entity("page", text(name)))).expect(422)
    await admin.define(entity("page"))
    (await admin.put("/_admin/entities/page", entity("page", text(name)))).expect(422)


@pytest.mark.parametrize("kind", ["int", "boolean", "uuid", "json", "date", "string"])
async def test_a_deletion_mark_of_another_type_is_refused(admin: Client, kind: str) -> None:
    bare, mark = entity("page", text("a")), {"name": "deleted_at", "type": kind}
    await admin.define(entity("page", text("a"), mark))
    kept = {**bare, "soft_delete": True}
    # In the change that leaves the field out, and in one that comes later, by whichever way.
    refused = [await admin.put("/_admin/entities/page", kept)]
    (await admin.put("/_admin/entities/page", bare)).expect(200)
    refused.append(await admin.put("/_admin/entities/page", kept))
    refused.append(await admin.put("/_admin/entities/page?dry_run=true", kept))
    refused.append(await admin.put("/_admin/entities/page", {**kept, "fields": [*kept["fields"], mark]}))
    shown = {**kept, "fields": [*kept["fields"], {**mark, "type": "timestamp"}]}
    refused.append(await admin.put("/_admin/entities/page", shown))
    refused.append(await admin.post("/_admin/schema/apply", {"version": 1, "entities": [kept]}))
    assert [(reply.expect(422).code, reply.details[0]["field"]) for reply in refused] == [
        ("VALIDATION_FAILED", "deleted_at")
    ] * len(refused)
    assert kind in refused[1].details[0]["message"]
    record = (await admin.post("/page", {"a": "x"})).expect(201).data
    (await admin.delete(f"/page/{record['id']}")).expect(200)


async def test_a_former_timestamp_column_becomes_the_deletion_mark(admin: Client) -> None:
    bare = entity("page", text("a"))
    await admin.define(entity("page", text("a"), {"name": "deleted_at", "type": "timestamp"}))
    (await admin.put("/_admin/entities/page", bare)).expect(200)
    (await admin.put("/_admin/entities/page", {**bare, "soft_delete": True})).expect(200)
    record = (await admin.post("/page", {"a": "x"})).expect(201).data
    deleted = (await admin.delete(f"/page/{record['id']}")).expect(200)
    (await admin.get(f"/page/{record['id']}")).expect(404)
    (await admin.get(f"/page/{record['id']}?as_of={deleted.headers['X-Commit']}")).expect(404)
    await verified(admin, "records")


async def test_a_table_name_is_retired_repeatedly(admin: Client) -> None:
    for kind in ("uuid", "int", "uuid", "int"):
        key = {"field": "id", "type": kind, "generated": True}
        definition = entity("page", text("code", unique=True), primary_key=key)
        definition["fields"][0]["type"] = kind
        await admin.define(definition)
        (await admin.post("/page", {"code": "a"})).expect(201)
        (await admin.delete("/_admin/entities/page")).expect(200)


async def test_retired_tables_never_collide_with_names_of_operators(stack: Stack, admin: Client) -> None:
    # The names that the tables are put aside under, of entities 1 to 3 and relation 4: their own and one another's.
    for name, table in (("one", "entity_1"), ("two", "entity_3"), ("three", "relation_4")):
        await admin.define(entity(name, table=table))
    await admin.relate("seen", "many_to_many", "one", "two", join_table="entity_2")
    numbered = "SELECT number, key FROM metadata.definitions WHERE kind IN ('entities', 'relations') ORDER BY number"
    rows = await query(stack, admin, numbered)
    assert [tuple(row) for row in rows] == [(1, "one"), (2, "two"), (3, "three"), (4, "seen")]
    # Its array type begins with _, as what is used in between does.
    await admin.define(entity("five", table="retired_1"))
    for kind, name in (("relations", "seen"), ("entities", "one"), ("entities", "three"), ("entities", "two")):
        (await admin.delete(f"/_admin/{kind}/{name}")).expect(200)
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1"
    aside = await query(stack, admin, tables, "retired")
    assert [row["tablename"] for row in aside] == ["entity_1", "entity_2", "entity_3", "relation_4"]
    assert [row["tablename"] for row in await query(stack, admin, tables, "records")] == ["_comments", "retired_1"]
    # Their names are free, also beside those put aside.
    await admin.define(entity("one", table="entity_1"))
    (await admin.delete("/_admin/entities/one")).expect(200)
    (await admin.delete("/_admin/entities/five")).expect(200)


async def test_serial_keys_are_usable_by_the_data_service(stack: Stack, admin: Client) -> None:
    definition = entity("page", primary_key={"field": "id", "type": "int", "generated": True})
    definition["fields"][0]["type"] = "int"
    await admin.define(definition)
    sequence = "pg_get_serial_sequence('records.pages', 'id')"
    (row,) = await query(stack, admin, f"SELECT has_sequence_privilege('rocket_data', {sequence}, 'USAGE') AS ok")
    assert row["ok"]


async def test_unique_over_duplicates_is_refused_and_changes_nothing(admin: Client) -> None:
    await admin.define(entity("page", text("code")))
    for _ in range(2):
        (await admin.post("/page", {"code": "a"})).expect(201)
    reply = (await admin.put("/_admin/entities/page", entity("page", text("code", unique=True)))).expect(409)
    assert (reply.code, reply.details[0]["field"], reply.details[0]["rule"]) == ("CONFLICT", "code", "unique")
    (await admin.post("/page", {"code": "a"})).expect(201)


async def test_indexes_follow_their_definitions(stack: Stack, admin: Client) -> None:
    await admin.define(entity("page", text("a", indexed=True), text("b", unique=True), text("c")))
    assert await indexes(stack, admin, "pages") == ["INDEX (a NULLS FIRST)", "UNIQUE (b NULLS FIRST)"]
    (await admin.put("/_admin/entities/page", entity("page", text("a"), text("b"), text("c", indexed=True)))).expect(
        200
    )
    assert await indexes(stack, admin, "pages") == ["INDEX (c NULLS FIRST)"]


async def test_indexes_of_filled_tables_are_built_in_the_background(stack: Stack, admin: Client) -> None:
    await admin.define(entity("page", text("a")))
    (await admin.post("/page", {"a": "x"})).expect(201)
    (await admin.put("/_admin/entities/page", entity("page", text("a", indexed=True)))).expect(200)

    await eventually(lambda: _has(stack, admin, "INDEX (a NULLS FIRST)"))
    (await admin.put("/_admin/entities/page", entity("page", text("a")))).expect(200)
    assert await indexes(stack, admin, "pages") == []


async def test_an_interrupted_index_build_is_repeated(stack: Stack, admin: Client) -> None:
    await admin.define(entity("page", text("a", indexed=True), text("b")))
    (await admin.post("/page", {"a": "x"})).expect(201)
    name = (await query(stack, admin, "SELECT indexname FROM pg_indexes WHERE indexname ~ '^_o_'"))[0]["indexname"]
    # What a builder leaves that was killed half-way.
    await query(stack, admin, f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'records.{name}'::regclass")
    more = entity("page", text("a", indexed=True), text("b", indexed=True))
    (await admin.put("/_admin/entities/page", more)).expect(200)
    await eventually(lambda: _has(stack, admin, "INDEX (a NULLS FIRST)", "INDEX (b NULLS FIRST)"))
    rows = await query(stack, admin, f"SELECT indisvalid FROM pg_index WHERE indexrelid = 'records.{name}'::regclass")
    assert rows[0]["indisvalid"]


async def _has(stack: Stack, client: Client, *expected: str) -> bool:
    """Whether these indexes are there, and none is still being built: one that is stands in the catalog already."""
    unfinished = "SELECT FROM pg_index WHERE indrelid = 'records.pages'::regclass AND NOT indisvalid"
    return await indexes(stack, client, "pages") == sorted(expected) and not await query(stack, client, unfinished)


async def test_a_change_gives_up_waiting_for_locks(stack: Stack, admin: Client) -> None:
    await admin.define(entity("page", text("a")))
    async with app_connection(stack, admin) as connection, connection.transaction():
        await connection.execute("LOCK TABLE records.pages IN ACCESS SHARE MODE")
        change = asyncio.create_task(admin.put("/_admin/entities/page", entity("page", text("a"), text("b"))))
        reply = (await change).expect(409)
        assert reply.code == "CONFLICT"
        (await admin.get("/page")).expect(200)
    (await admin.put("/_admin/entities/page", entity("page", text("a"), text("b")))).expect(200)
