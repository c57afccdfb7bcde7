"""Nested writes: taken out of bodies, and reconciled with the children that are stored."""

from __future__ import annotations

from typing import Any

import pytest

from libs.shared.errors import RocketError
from services.data.writes.context.drafts import Draft, NestedWrite, RowPlace
from services.data.writes.tree.nested import Malformed, by_link, key_of, parse_nested, take_nested
from services.data.writes.tree.reconciling import reconcile
from tests.unit.data.writes.shop import LINE, ORDER, TAG, stored


def test_nested_writes_leave_the_body_and_keep_their_order() -> None:
    draft = take_nested(ORDER, Draft({"lines": {"data": [{"count": 1}]}, "code": "a", "unknown": 1}))
    assert draft.body == {"code": "a", "unknown": 1}
    [(link, nested)] = draft.nested
    assert link.relation.name == "lines" and nested == NestedWrite("diff", [{"count": 1}])


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ([], 'must be an object with a list under "data"'),
        ({"data": {}}, 'must be an object with a list under "data"'),
        ({"data": [], "mode": "diff"}, "has an unknown key mode"),
        ({"data": [], "_write_mode": "all"}, "_write_mode must be one of diff, replace, append"),
        ({"data": [5]}, "must be an object"),
        ({"data": [{"_delete": "yes"}]}, "_delete must be true or false"),
    ],
)  # fmt: skip
def test_malformed_nested_writes_are_refused(sent: Any, message: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse_nested("diff", sent)
    assert str(refused.value) == message


def test_a_malformed_row_of_a_bulk_is_named_by_its_path_and_counted_by_its_bulk_row() -> None:
    with pytest.raises(RocketError) as refused:
        take_nested(ORDER, Draft({"lines": {"data": [{}, 5]}}, place=RowPlace.of_row(3)))
    [detail] = refused.value.details
    assert (detail["path"], detail["index"], detail["relation"]) == ("[3].lines[1]", 3, "lines")


def test_drafts_are_grouped_by_relation() -> None:
    drafts = [take_nested(ORDER, Draft({"lines": {"data": []}})) for _ in range(2)]
    [(link, members)] = by_link([*drafts, Draft({})])
    assert link.relation.name == "lines" and [draft for draft, _ in members] == drafts


def test_the_key_that_a_row_names() -> None:
    assert key_of(LINE, {"id": 5}) == (5,)
    assert key_of(LINE, {"count": 5}) is None


def test_rows_are_new_changed_or_deleted_by_their_keys() -> None:
    rows = [{"count": 1}, {"id": 1, "count": 2}, {"id": 2, "_delete": True}, {"id": 9, "count": 3}]
    current = {(1,): stored(LINE, 1), (2,): stored(LINE, 2), (3,): stored(LINE, 3)}
    outcome, problems = reconcile(LINE, NestedWrite("diff", rows), current)
    assert not problems
    assert outcome.inserts == [(0, {"count": 1})]
    assert [(place, row) for place, row, _ in outcome.updates] == [(1, {"id": 1, "count": 2})]
    assert [(place, child.key) for place, child in outcome.deletes] == [(2, (2,))]
    assert outcome.unmatched == [(3, {"id": 9, "count": 3}, (9,))]


def test_replace_deletes_the_children_that_are_not_mentioned() -> None:
    current = {(1,): stored(LINE, 1), (2,): stored(LINE, 2)}
    outcome, _ = reconcile(LINE, NestedWrite("replace", [{"id": 1}]), current)
    assert [(place, child.key) for place, child in outcome.deletes] == [(None, (2,))]


def test_append_leaves_children_with_generated_keys_alone_and_adds_those_of_clients() -> None:
    known, _ = reconcile(LINE, NestedWrite("append", [{"id": 1, "count": 5}]), {(1,): stored(LINE, 1)})
    assert not (known.updates or known.unmatched)
    chosen, _ = reconcile(TAG, NestedWrite("append", [{"name": "new"}]), {})
    assert chosen.unmatched == [(0, {"name": "new"}, ("new",))]


def test_a_child_that_is_mentioned_twice_or_by_no_key_is_refused() -> None:
    _, problems = reconcile(LINE, NestedWrite("diff", [{"id": 1}, {"id": 1}, {"id": "x"}]), {})
    assert [(place, detail["rule"]) for place, detail in problems] == [(1, "unique"), (2, "type")]


def test_a_parent_value_is_the_written_one_and_is_required() -> None:
    [link] = [link for link in ORDER.links if link.outward and link.relation.name == "lines"]
    assert Draft({}, stored(ORDER, "a")).parent_value(link) == "a"
    with pytest.raises(RocketError) as refused:
        Draft({}).parent_value(link)
    assert refused.value.details[0]["rule"] == "required"
