"""Renames: what may be renamed, and where the new names go."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.errors import RocketError
from libs.shared.schema import EntityDefinition
from libs.shared.schema.renaming import rename_in
from services.metadata.checking.renames import check_renames, completed, renames_of, without_renames
from services.metadata.planning.expressions import EntityRename, altered_fields, check_followed, texts_after
from services.metadata.planning.related_loads import rule_after
from services.metadata.planning.renames import permission_after, relation_after
from tests.support.client import entity, integer, text
from tests.support.live_schemas import live_schema, stored

BEFORE = live_schema(
    [entity("order", integer("qty"), text("name")), entity("line", {"name": "order_id", "type": "uuid"}, text("sku"))],
    [{"name": "lines", "type": "one_to_many", "source": "order", "target": "line"}],
)
RENAME = EntityRename("order", "sale", {"qty": "amount"})


def definition(*fields: dict[str, Any]) -> EntityDefinition:
    return EntityDefinition.model_validate(entity("page", *fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([text("b", renamed_from="a")], None),
        ([text("a", renamed_from="a")], None),
        ([text("b", renamed_from="x")], "there is no field x"),
        ([text("a"), text("b", renamed_from="a")], "a is still among the fields"),
        ([text("b", renamed_from="a"), text("c", renamed_from="a")], "a can become one field only"),
        ([text("former", renamed_from="a")], "has been a field already"),
        ([{"name": "deleted_at", "type": "timestamp", "renamed_from": "a"}], "keeps its name"),
    ],
)
def test_a_rename_says_which_column_it_means(fields: list[dict[str, Any]], words: str | None) -> None:
    live, ever = frozenset({"id", "a"}), frozenset({"id", "a", "former"})
    if words is None:
        check_renames(definition(*fields), live, ever)
        return
    with pytest.raises(RocketError) as refused:
        check_renames(definition(*fields), live, ever)
    assert words in refused.value.message


def test_key_and_slug_of_a_replacing_document_follow_its_renames() -> None:
    sent = entity("page", text("title", renamed_from="name"), slug={"field": "slug", "source": "name"})
    after = completed(sent)
    assert after["slug"] == {"field": "slug", "source": "title"}
    assert completed(entity("page", text("a"))) == entity("page", text("a"))
    assert completed({"fields": "no list", "slug": 5}) == {"fields": "no list", "slug": 5}
    assert [field.get("renamed_from") for field in without_renames(after)["fields"]] == [None, None]


def test_renames_are_read_from_a_definition() -> None:
    assert renames_of(definition(text("b", renamed_from="a"), text("c"))) == {"a": "b"}


@pytest.mark.parametrize(
    ("kind", "document", "after"),
    [
        ("rules", {"entity": "order", "type": "expression", "definition": {"expression": "record.qty > old.qty"}},
         {"expression": "record.amount > old.amount"}),
        ("rules", {"entity": "order", "type": "expression", "definition": {"expression": "'qty' == record['qty']"}},
         {"expression": "'qty' == record['amount']"}),
        ("rules", {"entity": "line", "type": "expression", "definition": {"expression": "record.qty > 1"}},
         {"expression": "record.qty > 1"}),
    ],
)  # fmt: skip
def test_expressions_get_the_new_names(kind: str, document: dict[str, Any], after: dict[str, Any]) -> None:
    assert texts_after(kind, document, BEFORE, RENAME)["definition"] == after


def test_templates_get_the_new_names() -> None:
    document = {"entity": "order", "template": {"body": "{{ record.qty }} of {{record.name}}"}}
    template = texts_after("notification-rules", document, BEFORE, RENAME)["template"]
    assert template == {"body": "{{ record.amount }} of {{record.name}}"}


def test_a_text_that_would_mean_something_else_is_refused() -> None:
    load = {"relation": "lines", "name": "lines"}
    body = {"expression": "any(related.lines, amount == qty)", "related_load": [load]}
    row = stored("rules", 9, {"entity": "order", "type": "expression", "definition": body})
    fields = ({"name": "order_id", "type": "uuid"}, integer("amount"))
    relation = {"name": "lines", "type": "one_to_many", "source": "order", "target": "line"}
    before = live_schema([entity("order", integer("qty")), entity("line", *fields, integer("qty"))], [relation])
    renamed = live_schema([entity("order", integer("qty")), entity("line", *fields, integer("sum"))], [relation])
    rename = EntityRename("line", "line", {"qty": "sum"})
    check_followed(row, texts_after("rules", row.document, before, rename), before, renamed, rename)
    with pytest.raises(RocketError) as refused:
        check_followed(row, row.document, before, renamed, rename)
    assert refused.value.code == "CONFLICT"


def test_fields_that_are_left_out_or_hold_other_values_are_altered() -> None:
    before = definition(text("a"), text("b"), text("c", enum=["x"]), integer("d"))
    after = definition(text("e", renamed_from="b"), text("c", enum=["x", "y"]), {"name": "d", "type": "bigint"})
    assert altered_fields(before, after) == {"a", "c", "d"}
    assert altered_fields(before, before) == set()


def test_keys_that_name_the_entity_and_its_fields_are_renamed() -> None:
    action = {"type": "create_record", "entity": "order", "fields": {"qty": 1}}
    document = {"entity": "line", "field": "qty", "actions": [action, {"entity": "order", "field": "qty"}]}
    assert rename_in(document, RENAME.old, RENAME.new, RENAME.fields) == {
        "entity": "line", "field": "qty",
        "actions": [{**action, "entity": "sale", "fields": {"amount": 1}}, {"entity": "sale", "field": "amount"}],
    }  # fmt: skip


def test_fields_of_permissions_are_renamed() -> None:
    document = {"entity": "order", "fields": {"include": ["qty", "name"]}, "masks": {"qty": None}}
    after = permission_after(document, RENAME.fields)
    assert (after["fields"], after["masks"]) == ({"include": ["amount", "name"]}, {"amount": None})
    assert "visible_when" not in after


def test_a_relation_writes_down_the_default_that_would_change() -> None:
    document = relation_after(BEFORE.relations["lines"], RENAME.old, RENAME.new, RENAME.fields)
    assert document is not None
    assert (document["source"], document["target_key"]) == ("sale", "order_id")
    assert relation_after(BEFORE.relations["lines"], "line", "line", {"sku": "code"}) is None


def test_a_load_keeps_the_name_that_its_expression_uses() -> None:
    rule = {"entity": "order", "definition": {"related_load": [{"relation": "lines", "filter": {"sku.eq": "a"}}]}}
    after = live_schema(
        [entity("order", integer("qty")), entity("line", {"name": "order_id", "type": "uuid"}, text("code"))],
        [{"name": "parts", "type": "one_to_many", "source": "order", "target": "line"}],
    )
    changed = rule_after(rule, BEFORE.links("order"), after.links("order"), "line", {"sku": "code"})
    load = {"relation": "parts", "name": "lines", "filter": {"code.eq": "a"}}
    assert changed["definition"]["related_load"] == [load]
