"""What is stored of a definition, and how versions of it differ."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.errors import RocketError
from libs.shared.schema.kinds import KINDS
from services.metadata.checking.documents import completed, stored, unwrapped
from services.metadata.checking.parsing import parse
from services.metadata.model.versions import Version, changed_paths, listed, with_renames
from tests.support import live_schemas
from tests.support.client import entity, integer, text

ENTITIES, WEBHOOKS = KINDS["entities"], KINDS["webhooks"]


def kept(document: dict[str, Any]) -> dict[str, Any]:
    return stored(ENTITIES, document, parse(ENTITIES, document))


def test_an_entity_is_stored_as_sent_with_canonical_types_and_presets() -> None:
    sent = entity("page", {"name": "n", "type": "integer", "default": "5", "enum": ["5", 6]}, audit=True)
    sent["primary_key"] = {"field": "id", "type": "integer"}
    sent["fields"][0] = {"name": "id", "type": "integer"}
    after = kept(sent)
    assert after["fields"][1] == {"name": "n", "type": "int", "default": 5, "enum": [5, 6]}
    assert after["primary_key"] == {"field": "id", "type": "int"}
    assert "soft_delete" in after and "require_if_match" not in after


def test_a_rename_is_not_stored() -> None:
    assert "renamed_from" not in kept(entity("page", text("b", renamed_from="a")))["fields"][1]


def test_other_kinds_are_stored_with_their_defaults() -> None:
    document = {"entity": "page", "url": "http://a.example/"}
    assert stored(WEBHOOKS, document, parse(WEBHOOKS, document))["hook"] == "after_write"


def test_a_whole_row_may_be_sent_back() -> None:
    row = live_schemas.stored("webhooks", 1, {"entity": "page", "url": "http://a.example/"})
    answered = {"id": "1", **row.document, "circuit": "closed", "created_at": "x", "updated_at": "y"}
    assert unwrapped(WEBHOOKS, answered, row) == row.document
    with pytest.raises(RocketError):
        unwrapped(WEBHOOKS, {**answered, "id": "2"}, row)
    old = live_schemas.stored("entities", 1, entity("page"))
    wrapped = {"name": "page", "table_name": "pages", "definition": old.document}
    assert unwrapped(ENTITIES, wrapped, old) == old.document
    for wrong in ({"table_name": "others"}, {"unknown": 1}):
        with pytest.raises(RocketError):
            unwrapped(ENTITIES, {**wrapped, **wrong}, old)


def test_the_url_gives_the_name_of_a_replacing_document() -> None:
    old = live_schemas.stored("entities", 1, entity("page"))
    nameless = {key: value for key, value in old.document.items() if key != "name"}
    assert completed(ENTITIES, nameless, old)["name"] == "page"


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 1}}, ["a.b", "a.c"]),
        ({"f": [{"name": "x", "t": 1}]}, {"f": [{"name": "y"}, {"name": "x", "t": 2}]}, ["f.y", "f.x.t"]),
        ({"f": [{"name": "x"}, {"name": "y"}]}, {"f": [{"name": "y"}, {"name": "x"}]}, ["f"]),
        ({"f": [1, 2]}, {"f": [1, 3]}, ["f.1"]),
        ({"a": 1}, {}, ["a"]),
    ],
)
def test_a_version_lists_the_paths_that_it_changed(old: Any, new: Any, paths: list[str]) -> None:
    assert list(changed_paths(old, new)) == paths


def test_each_version_is_compared_with_the_one_before_it() -> None:
    versions = [Version(n, "", None, None, {"a": n}, {}) for n in (3, 2, 1)]
    assert [(row["version"], row["changed"]) for row in listed(versions, 2)] == [(3, ["a"]), (2, ["a"])]
    many = Version(1, "", None, None, {"fields": {str(n): n for n in range(300)}, "name": "x"}, {})
    empty = Version(0, "", None, None, {"fields": {"x": 1}}, {})
    assert many.to_dict(empty)["changed"] == ["fields", "name"]


def test_a_restored_entity_renames_back() -> None:
    then, now = {"a": {"id": 1}, "b": {"id": 2}}, {"c": {"id": 1}, "b": {"id": 2}}
    document = {"fields": [text("a"), integer("b"), integer("new")]}
    restored = with_renames(document, then, now, {"c", "b"})
    assert [field.get("renamed_from") for field in restored["fields"]] == ["c", None, None]
