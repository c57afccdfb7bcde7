"""What a caller may write and is shown of their write, by policies: decided in process, on stored records."""

from __future__ import annotations

from typing import Any, cast

import pytest

from libs.shared import exact
from libs.shared.contracts.context import Context, Identity
from libs.shared.errors import RocketError
from services.data.model import Model
from services.data.writes.context.drafts import Draft, NestedWrite, RowPlace
from services.data.writes.context.write_context import WriteContext
from services.data.writes.preparing.field_permissions import check_fields, check_relations, check_undone, may_write
from services.data.writes.requests.responses import conceal, serialize_written
from services.data.writes.statements.changes import Action
from tests.support.client import entity, text
from tests.support.schemas import schema_of
from tests.unit.data.writes.shop import stored

CARD = entity("card", text("number"), text("note"), text("secret"))
TAG = entity("tag")
PAIRS = {"name": "tags", "type": "many_to_many", "source": "card", "target": "tag", "join_table": "card_tags"}


def schema(*policies: dict[str, Any]) -> Model:
    """Cards with these policies of clerks."""
    rows = [{"id": str(n), "entity": "card", "roles": ["clerk"], **policy} for n, policy in enumerate(policies)]
    return schema_of(CARD, TAG, relations=[PAIRS], permissions=rows)


def by(model: Model, *roles: str) -> WriteContext:
    """The write of a caller with these roles."""
    identity = Identity(id="u", email="u@example.com", roles=roles)
    return WriteContext.of(cast(Any, None), Context("0" * 32, identity=identity), model)


MASKED = schema(
    {"action": "create", "fields": {"exclude": ["secret"]}},
    {"action": "update", "fields": {"exclude": ["secret"]}},
    {"action": "read", "fields": {"exclude": ["secret"]}, "masks": {"number": "last4"}},
)
CARDS = MASKED.entity("card")
STORED = stored(CARDS, "00000000-0000-0000-0000-000000000001", 1, number="12345678", note="n", secret="s")


def test_a_field_that_no_policy_grants_is_refused_with_the_place_of_its_record() -> None:
    draft = Draft({"secret": "x", "note": "y"}, place=RowPlace.of_row(3))
    with pytest.raises(RocketError) as refused:
        check_fields(by(MASKED, "clerk"), CARDS, Action.CREATE, [draft])
    assert refused.value.code == "FORBIDDEN"
    assert [(detail["field"], detail["index"]) for detail in refused.value.details] == [("secret", 3)]
    check_fields(by(MASKED, "admin"), CARDS, Action.CREATE, [draft])


def test_a_masked_value_that_comes_back_as_shown_leaves_the_field_and_any_other_is_refused() -> None:
    shown = Draft({"number": "****5678", "note": "y"}, STORED)
    check_fields(by(MASKED, "clerk"), CARDS, Action.UPDATE, [shown])
    assert shown.body == {"note": "y"}
    with pytest.raises(RocketError) as refused:
        check_fields(by(MASKED, "clerk"), CARDS, Action.UPDATE, [Draft({"number": "1"}, STORED)])
    assert refused.value.details[0]["field"] == "number"


def test_what_the_server_sets_is_no_write_of_the_callers() -> None:
    draft = Draft({"id": "x", "secret": "s"}, given=frozenset({"secret"}))
    check_fields(by(MASKED, "clerk"), CARDS, Action.CREATE, [draft])


@pytest.mark.parametrize(("body", "may"), [({"note": "x"}, True), ({"number": "1"}, False), ({"secret": "s"}, False)])
def test_an_update_needs_the_stored_record_where_a_field_is_masked_or_not_granted(body: Any, may: bool) -> None:
    assert may_write(by(MASKED, "clerk"), CARDS, Draft(body)) is may
    assert may_write(by(MASKED, "admin"), CARDS, Draft(body))


def test_an_undo_may_not_set_what_its_caller_may_not_write() -> None:
    check_undone(by(MASKED, "clerk"), CARDS, Action.UPDATE, ["note"], STORED)
    for name in ("secret", "number"):
        with pytest.raises(RocketError) as refused:
            check_undone(by(MASKED, "clerk"), CARDS, Action.UPDATE, [name], STORED)
        assert name not in refused.value.message


def test_pairs_are_written_only_by_relations_that_are_included() -> None:
    [link] = [link for link in CARDS.links if link.relation.name == "tags"]
    draft = Draft({}, nested=[(link, NestedWrite("diff", []))])
    check_relations(by(MASKED, "clerk"), CARDS, Action.CREATE, [draft])
    narrow = schema({"action": "create", "fields": {"include": ["note"]}})
    with pytest.raises(RocketError) as refused:
        check_relations(by(narrow, "clerk"), narrow.entity("card"), Action.CREATE, [draft])
    assert refused.value.details[0]["relation"] == "tags"


def test_the_response_shows_no_more_than_a_read() -> None:
    text = exact.dumps(STORED.record).decode()
    assert serialize_written(by(MASKED, "admin"), CARDS, "create", text) == text.encode()
    shown = exact.loads(serialize_written(by(MASKED, "clerk"), CARDS, "create", text))
    assert "secret" not in shown and shown["number"].endswith("5678") and shown["number"] != "12345678"
    blind = schema({"action": "create", "fields": {"include": ["note"]}})
    assert exact.loads(serialize_written(by(blind, "clerk"), blind.entity("card"), "create", text)) == {
        "id": STORED.record["id"], "note": "n",
    }  # fmt: skip


def test_a_refusal_does_not_name_fields_that_the_caller_does_not_know() -> None:
    error = RocketError("CONFLICT", "secret is taken", [{"field": "secret", "rule": "unique", "message": "is taken"}])
    concealed = conceal(by(MASKED, "clerk"), CARDS, "create", error)
    assert "secret" not in str(concealed.details) + concealed.message
    assert conceal(by(MASKED, "admin"), CARDS, "create", error) is error
    known = RocketError("CONFLICT", "note is taken", [{"field": "note", "rule": "unique", "message": "is taken"}])
    assert conceal(by(MASKED, "clerk"), CARDS, "create", known) is known
