"""Slugs: generation, numbering, explicit values, regeneration, reads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.client import Client, entity, integer, text
from tests.support.relations import reference

SLUG = {"field": "slug", "source": "title"}
FIELDS = (text("title"), text("slug", unique=True))


def post(**slug: Any) -> dict[str, Any]:
    return entity("post", *FIELDS, soft_delete=True, slug={**SLUG, **slug})


async def slugs(admin: Client, *titles: Any) -> list[Any]:
    return [(await admin.post("/post", {"title": title})).expect(201).data["slug"] for title in titles]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Hello, World!", "hello-world"), ("  Crème  brûlée -- à la carte ", "creme-brulee-a-la-carte"),
        ("a_b.c/d", "a-b-c-d"), ("Straße 42", "strasse-42"), ("--", None), ("", None), (None, None),
    ],
)  # fmt: skip
async def test_a_slug_is_made_from_its_source(admin: Client, title: Any, slug: Any) -> None:
    await admin.define(post())
    assert await slugs(admin, title) == [slug]


async def test_taken_slugs_are_numbered(admin: Client) -> None:
    await admin.define(post())
    assert await slugs(admin, "A b", "a B", "a-b!") == ["a-b", "a-b-2", "a-b-3"]
    gone = (await admin.get("/post/a-b-2")).data
    (await admin.delete(f"/post/{gone['id']}")).expect(200)
    (await admin.get("/post/a-b-2")).expect(404)
    assert await slugs(admin, "a b") == ["a-b-4"]


async def test_concurrent_slugs_are_distinct(admin: Client) -> None:
    await admin.define(post())
    sent = [{"title": "same"}] * 38 + [{"title": "other"}] * 2
    replies = await asyncio.gather(
        *(admin.post("/post", body) for body in sent), *(admin.post("/post/_bulk", sent[:3]) for _ in range(2))
    )
    assert {reply.status for reply in replies} == {201}
    made = [row["slug"] for row in (await admin.get("/post?per_page=100")).data]
    assert sorted(made) == sorted(["other", "other-2", "same", *(f"same-{number}" for number in range(2, 45))])


async def test_a_given_slug_is_kept(admin: Client) -> None:
    await admin.define(post())
    made = (await admin.post("/post", {"title": "Title", "slug": "My Own"})).expect(201).data
    assert made["slug"] == "My Own"
    assert (await admin.post("/post", {"title": "x", "slug": "My Own"})).expect(409).details[0]["field"] == "slug"
    for nothing in (None, ""):
        assert (await admin.post("/post", {"title": f"n {nothing}", "slug": nothing})).expect(201).data["slug"]


@pytest.mark.parametrize("nothing", [{}, {"slug": None}, {"slug": ""}])
async def test_a_required_slug_is_made_too(admin: Client, nothing: dict[str, Any]) -> None:
    fields = (text("title"), text("slug", unique=True, required=True))
    await admin.define(entity("post", *fields, slug=SLUG))
    assert (await admin.post("/post", {"title": "Made", **nothing})).expect(201).data["slug"] == "made"
    [detail] = (await admin.post("/post", {"title": "!?", **nothing})).expect(422).details
    assert (detail["field"], detail["rule"]) == ("slug", "required")


async def test_an_update_keeps_the_slug(admin: Client) -> None:
    await admin.define(post())
    made = (await admin.post("/post", {"title": "First"})).data
    changed = (await admin.put(f"/post/{made['id']}", {"title": "Second"})).expect(200).data
    assert changed["slug"] == "first"
    sent = (await admin.put(f"/post/{made['id']}", {"slug": "third"})).expect(200).data
    assert sent["slug"] == "third"
    await slugs(admin, "fourth")
    (await admin.put(f"/post/{made['id']}", {"slug": "fourth"})).expect(409)


async def test_a_slug_may_follow_its_source(admin: Client) -> None:
    await admin.define(post(regenerate_on_update=True))
    assert await slugs(admin, "One", "Two") == ["one", "two"]
    two = (await admin.get("/post/two")).data
    path = f"/post/{two['id']}"
    assert (await admin.put(path, {"title": "one"})).expect(200).data["slug"] == "one-2"
    assert (await admin.put(path, {"title": "One"})).expect(200).data["slug"] == "one-2"
    assert (await admin.put(path, {"title": "Three", "slug": "own"})).expect(200).data["slug"] == "own"
    assert (await admin.put(path, {"title": "Three"})).expect(200).data["slug"] == "own"


async def test_without_a_source_it_is_an_ordinary_field(admin: Client) -> None:
    fields = (text("title"), text("slug", unique=True, required=True))
    await admin.define(entity("post", *fields, slug={"field": "slug"}))
    [detail] = (await admin.post("/post", {"title": "x"})).expect(422).details
    assert (detail["field"], detail["rule"]) == ("slug", "required")
    (await admin.post("/post", {"title": "x", "slug": "y"})).expect(201)


async def test_records_are_read_by_slug(admin: Client) -> None:
    numbered = {"field": "id", "type": "int", "generated": True}
    definition = {**post(), "primary_key": numbered}
    definition["fields"] = [integer("id"), *FIELDS]
    await admin.define(definition)
    await admin.define(entity("note", text("body"), integer("post_id")))
    relation = {"name": "notes", "type": "one_to_many", "source": "post", "target": "note", "target_key": "post_id"}
    relation["on_delete"] = "cascade"
    await admin.define(relation, "relations")
    body = {"title": "Some Title", "notes": {"data": [{"body": "n"}]}}
    made = (await admin.post("/post", body)).expect(201).data
    assert (await admin.get("/post/some-title")).expect(200).data == made
    found = (await admin.get("/post/some-title?include=notes")).expect(200).data
    assert [note["body"] for note in found["notes"]] == ["n"]
    (await admin.get("/post/other")).expect(404)
    (await admin.delete(f"/post/{made['id']}")).expect(200)
    (await admin.get("/post/some-title")).expect(404)


async def test_children_and_created_records_have_slugs_too(admin: Client) -> None:
    await admin.define(entity("blog", text("state"), text("name")))
    await admin.define(entity("post", *FIELDS, reference("blog_id"), slug=SLUG))
    await admin.relate("posts", "one_to_many", "blog", "post", target_key="blog_id")
    create = {"type": "create_record", "entity": "post", "fields": {"title": "{{record.name}}"}}
    transitions = [{"from": "draft", "to": "open", "actions": [create]}]
    machine = {"entity": "blog", "field": "state", "definition": {"initial": "draft", "transitions": transitions}}
    await admin.define(machine, "state-machines")
    body = {"name": "News", "posts": {"data": [{"title": "News"}, {"title": "news"}]}}
    blog = (await admin.post("/blog", body)).expect(201).data
    (await admin.put(f"/blog/{blog['id']}", {"state": "open"})).expect(200)
    assert [p["slug"] for p in (await admin.get("/post?sort=slug")).data] == ["news", "news-2", "news-3"]
