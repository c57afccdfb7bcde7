"""Slugs that are made of a field: which drafts get one, and which number it ends with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from libs.shared.errors import RocketError
from libs.shared.postgres.databases import Connection
from services.data.writes.context.drafts import Draft
from services.data.writes.preparing import slugs
from services.data.writes.statements.changes import Action
from tests.support.client import text
from tests.support.schemas import compiled
from tests.unit.data.writes.shop import stored

PAGE = compiled(text("title"), text("slug", unique=True), slug={"field": "slug", "source": "title"})
FRESH = compiled(
    text("title"), text("slug", unique=True, required=True),
    slug={"field": "slug", "source": "title", "regenerate_on_update": True},
)  # fmt: skip


class Taken:
    """A database that has these slugs."""

    def __init__(self, *slugs: str) -> None:
        self._slugs = slugs

    async def fetch(self, sql: str, *values: Any) -> Sequence[dict[str, str]]:
        return [{"slug": slug} for slug in self._slugs]


async def made(entity: Any, action: Action, *drafts: Draft, taken: Sequence[str] = ()) -> list[Any]:
    """The drafts' slugs."""
    await slugs.assign(cast(Connection, Taken(*taken)), entity, action, drafts)
    return [draft.values.get("slug") for draft in drafts]


def titled(*titles: str) -> list[Draft]:
    """New records with these titles."""
    return [Draft({}, values={"title": title}) for title in titles]


async def test_a_slug_is_made_of_its_source_and_numbered_where_it_is_taken() -> None:
    assert await made(PAGE, Action.CREATE, *titled("Hello World")) == ["hello-world"]
    assert await made(PAGE, Action.CREATE, *titled("A"), taken=["a", "a-2"]) == ["a-3"]
    assert await made(PAGE, Action.CREATE, *titled("A", "A", "A")) == ["a", "a-2", "a-3"]


async def test_a_slug_that_was_sent_stays() -> None:
    assert await made(PAGE, Action.CREATE, Draft({}, values={"title": "A", "slug": "mine"})) == ["mine"]


async def test_updates_make_slugs_anew_only_where_the_entity_says_so_and_the_source_has_changed() -> None:
    old = stored(PAGE, "k", 1, title="A", slug="a")
    assert await made(PAGE, Action.UPDATE, Draft({}, old, values={"title": "B"})) == [None]
    assert await made(FRESH, Action.UPDATE, Draft({}, old, values={"title": "B"})) == ["b"]
    assert await made(FRESH, Action.UPDATE, Draft({}, old, values={"title": "A"})) == [None]
    assert await made(FRESH, Action.UPDATE, Draft({}, old, values={"title": "a!"}), taken=["a"]) == ["a"]


async def test_a_required_slug_needs_a_source_that_gives_one() -> None:
    assert await made(PAGE, Action.CREATE, *titled("!")) == [None]
    with pytest.raises(RocketError) as refused:
        await made(FRESH, Action.CREATE, *titled("!"))
    assert refused.value.details[0]["field"] == "slug"


async def test_an_attempt_is_repeated_only_for_a_slug_that_was_taken() -> None:
    async def attempt() -> None:
        raise RocketError("CONFLICT", "taken", [{"field": "title"}])

    with pytest.raises(RocketError):
        await slugs.with_free_slugs(cast(Any, None), PAGE, [{}], attempt)
