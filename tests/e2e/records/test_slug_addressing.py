"""A slug addresses a record wherever an id does."""

from __future__ import annotations

import pytest

from tests.support.client import Client, entity, text
from tests.support.relations import reference

PAGE = entity(
    "page", text("title"), text("slug", unique=True), soft_delete=True, slug={"field": "slug", "source": "title"}
)
NUMBERED = {"primary_key": {"field": "id", "type": "int", "generated": True}}


@pytest.mark.parametrize("numbered", [False, True])
async def test_a_slug_is_accepted_wherever_an_id_is(admin: Client, numbered: bool) -> None:
    fields = [{"name": "id", "type": "int"}, *PAGE["fields"][1:]]
    await admin.define({**PAGE, **NUMBERED, "fields": fields} if numbered else PAGE)
    made = (await admin.post("/page", {"title": "First page"})).expect(201).data
    assert (await admin.put("/page/first-page", {"title": "b"}, If_Match='"1"')).expect(200).data["title"] == "b"
    (await admin.put("/page/first-page", {"title": "c"}, If_Match='"1", "2"')).expect(200)
    (await admin.put("/page/first-page", {"title": "d"}, If_Match='"1", "2"')).expect(412)
    (await admin.request("PATCH", "/page/first-page", {"title": "d"})).expect(200)
    history = (await admin.get("/page/first-page/history")).expect(200).data
    assert [row["version"] for row in history] == [4, 3, 2, 1]
    assert (await admin.get("/page/first-page?version=2")).expect(200).data["title"] == "b"
    (await admin.delete("/page/first-page")).expect(200)
    (await admin.delete("/page/first-page")).expect(404)
    (await admin.put("/page/first-page", {"title": "e"})).expect(404)
    assert len((await admin.get("/page/first-page/history")).expect(200).data) == 5
    assert (await admin.post("/page/first-page/restore")).expect(200).data["id"] == made["id"]
    question = {"roles": ["x"], "action": "read", "entity": "page", "record_id": "first-page"}
    (await admin.post("/_admin/explain", question)).expect(200)
    for path in ("/page/nothing", "/page/nothing/history", "/page/nothing?version=1"):
        (await admin.get(path)).expect(404)
    (await admin.put("/page/nothing", {"title": "e"})).expect(404)


async def test_a_key_that_looks_like_a_slug_comes_first(admin: Client) -> None:
    fields = [{"name": "id", "type": "int"}, *PAGE["fields"][1:]]
    await admin.define({**PAGE, **NUMBERED, "fields": fields})
    first = (await admin.post("/page", {"title": "x", "slug": "2"})).expect(201).data
    second = (await admin.post("/page", {"title": "y", "slug": "9"})).expect(201).data
    assert (first["id"], second["id"]) == (1, 2)
    assert (await admin.put("/page/2", {"title": "z"})).expect(200).data["id"] == 2
    assert (await admin.put("/page/9", {"title": "z"})).expect(200).data["id"] == 2
    assert (await admin.put("/page/1", {"title": "z"})).expect(200).data["id"] == 1


async def test_slugs_of_unreadable_records_are_not_found(admin: Client) -> None:
    await admin.define(PAGE)
    for title in ("open", "shut"):
        (await admin.post("/page", {"title": title})).expect(201)
    mine = [{"field": "title", "operator": "eq", "value": "open"}]
    for action, conditions in (("read", mine), ("update", []), ("delete", [])):
        await admin.grant("page", action, "clerk", conditions=conditions)
    clerk = await admin.user("ann@localhost", ["clerk"])
    (await clerk.put("/page/open", {"title": "open"})).expect(200)
    for slug in ("shut", "unheard"):
        (await clerk.put(f"/page/{slug}", {"title": "open"})).expect(404)
        (await clerk.delete(f"/page/{slug}")).expect(404)
        (await clerk.get(f"/page/{slug}/history")).expect(404)


async def test_required_and_nullable_is_null_when_absent(admin: Client) -> None:
    await admin.define(entity("thing", text("name", required=True, nullable=True), text("code", required=True)))
    assert (await admin.post("/thing", {"code": "a"})).expect(201).data["name"] is None
    assert (await admin.post("/thing", {"code": "a", "name": None})).expect(201).data["name"] is None
    refused = (await admin.post("/thing", {"name": "a"})).expect(422)
    assert [detail["field"] for detail in refused.details] == ["code"]
    samples = {"version": 1, "sample_data": {"thing": [{"code": "c"}]}}
    assert (await admin.post("/_admin/import", samples)).expect(200).data["records"] == 1


async def test_text_suffix_and_date_part_filters(admin: Client) -> None:
    await admin.define(entity("thing", text("name"), {"name": "day", "type": "date"}))
    for name in ("ab%", "b%a", None):
        (await admin.post("/thing", {"name": name, "day": "2026-01-02"})).expect(201)
    for operator, value, found in (("ends_with", "b%25", ["ab%"]), ("starts_with", "b%25", ["b%a"])):
        rows = (await admin.get(f"/thing?filter[name.{operator}]={value}")).expect(200).data
        assert [row["name"] for row in rows] == found
    refused = (await admin.get("/thing/_aggregate?group_by=day.hour")).expect(400)
    assert refused.details[0]["message"].endswith("a date has year, quarter, month, week, day")


async def test_a_relation_named_like_a_field_is_refused(admin: Client) -> None:
    await admin.define(entity("author", text("pages")))
    await admin.define(entity("page", reference("author_id")))
    relation = {"name": "pages", "type": "one_to_many", "source": "author", "target": "page", "target_key": "author_id"}
    (await admin.post("/_admin/relations", relation)).expect(409)
    await admin.define({**relation, "name": "books"}, "relations")
    taken = entity("author", text("pages"), text("books"))
    (await admin.put("/_admin/entities/author", taken)).expect(409)
    (await admin.put("/_admin/relations/books", {**relation, "name": "pages"})).expect(409)
    (await admin.put("/_admin/entities/page", entity("page", reference("author_id"), text("books")))).expect(200)
