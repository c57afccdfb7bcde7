"""The inverses of log entries: what takes each back, and which of them can be one statement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from libs.shared import exact
from libs.shared.contracts.context import Identity
from libs.shared.errors import RocketError
from services.data.model import Model
from services.data.writes.undo.inverses import Inverse, InverseKind, conflicts, distinct, plan, waves, without_totals
from services.data.writes.undo.state_moves import moves, refuse_moves
from tests.support.client import entity, integer, text
from tests.support.schemas import schema_of
from tests.unit.data.writes.shop import CUSTOMER, ORDER, SHOP, stored

KIND = InverseKind


def entry(number: int, action: str, record_id: str, image: Any = None, previous: Any = None) -> dict[str, Any]:
    """A row of the log."""
    texts = [None if document is None else exact.dumps(document).decode() for document in (image, previous)]
    return {"entity": number, "action": action, "record_id": record_id, "image": texts[0], "previous": texts[1]}


def inverse_of(*given: Any) -> Inverse:
    """The only inverse of one entry."""
    [inverse] = plan(SHOP, [entry(*given)])
    return inverse


@pytest.mark.parametrize(
    ("number", "action", "image", "previous", "kind", "document"),
    [
        (2, "create", {"1": "k", "3": "a"}, None, KIND.DELETE, {}),
        (2, "update", {"1": "k", "3": "b"}, {"3": "a"}, KIND.UPDATE, {"id": "k", "code": "a"}),
        (2, "delete", None, {"1": "k", "3": "a"}, KIND.INSERT, {"id": "k", "code": "a"}),
        (1, "delete", {"1": "k"}, {}, KIND.RESTORE, {}),
        (1, "restore", {"1": "k"}, {}, KIND.DELETE, {}),
        (104, "create", {"1": "o", "2": "t"}, None, KIND.DETACH, {"1": "o", "2": "t"}),
        (104, "delete", None, {"1": "o", "2": "t"}, KIND.ATTACH, {"1": "o", "2": "t"}),
    ],
)  # fmt: skip
def test_what_takes_an_entry_back(
    number: int, action: str, image: Any, previous: Any, kind: InverseKind, document: Any
) -> None:
    inverse = inverse_of(number, action, "k", image, previous)
    assert (inverse.kind, inverse.document, inverse.is_pair) == (kind, document, number > 100)


def test_the_last_entry_is_taken_back_first() -> None:
    entries = [entry(2, "create", "a", {"1": "a"}), entry(2, "create", "b", {"1": "b"})]
    assert [inverse.record_id for inverse in plan(SHOP, entries)] == ["b", "a"]


def test_an_entity_that_is_gone_can_not_be_put_back() -> None:
    known = SHOP.schema.by_number
    gone = Model(replace(SHOP.schema, by_number={**known, 2: replace(known[2], retired=True)}))
    with pytest.raises(RocketError) as refused:
        plan(gone, [entry(2, "create", "a", {})])
    assert refused.value.code == "CONFLICT" and refused.value.details[0]["entity"] == "order"


def test_inverses_of_one_kind_and_entity_are_one_wave() -> None:
    creates = [Inverse(KIND.DELETE, ORDER, str(n), {}) for n in range(2)]
    sets = [Inverse(KIND.UPDATE, ORDER, "0", {"id": "0", "state": "s"}), Inverse(KIND.UPDATE, ORDER, "1", {"id": "1"})]
    other = [Inverse(KIND.DELETE, CUSTOMER, "2", {})]
    assert [len(wave) for wave in waves([*creates, *sets, *other])] == [2, 1, 1, 1]


def test_unique_values_go_back_in_their_order_one_by_one() -> None:
    sets = [Inverse(KIND.UPDATE, ORDER, str(n), {"id": str(n), "code": str(n)}) for n in range(2)]
    assert [len(wave) for wave in waves(sets)] == [1, 1]


def test_a_statement_has_every_record_once() -> None:
    wave = [Inverse(KIND.UPDATE, ORDER, record_id, {"state": "s"}) for record_id in ("a", "b", "a")]
    assert [[inverse.record_id for inverse in part] for part in distinct(wave)] == [["a", "b"], ["a"]]


TOTALS = schema_of(
    entity("parent", integer("total"), text("note")),
    entity("child", {"name": "parent_id", "type": "uuid"}),
    relations=[
        {"name": "children", "type": "one_to_many", "source": "parent", "target": "child", "target_key": "parent_id"}
    ],
    rules=[
        {
            "id": "1", "entity": "parent", "hook": "before_write", "type": "computed",
            "definition": {
                "field": "total", "expression": "len(related.children)", "related_load": [{"relation": "children"}],
            },
        }
    ],
)  # fmt: skip


def test_entries_that_only_wrote_totals_are_not_taken_back() -> None:
    total, note = entry(1, "update", "p", {}, {"2": 1}), entry(1, "update", "p", {}, {"2": 1, "3": "n"})
    child = entry(2, "create", "c", {})
    assert without_totals(TOTALS, [total, child]) == [child]
    assert without_totals(TOTALS, [note, child]) == [note, child]
    assert without_totals(TOTALS, [total]) == [total]


MACHINES = schema_of(
    entity("ticket", text("state")),
    **{"state-machines": [{
        "id": "1", "entity": "ticket", "field": "state",
        "definition": {"states": ["open", "done"], "initial": "open", "transitions": [
            {"from": "open", "to": "done"}, {"from": "done", "to": "open", "roles": ["boss"]},
        ]},
    }]},
)  # fmt: skip
TICKET = MACHINES.entity("ticket")


def ticket_back(*states: str) -> list[Inverse]:
    """Updates of one record that set these states one after the other."""
    return [Inverse(KIND.UPDATE, TICKET, "0" * 8 + "-0000-0000-0000-" + "0" * 12, {"state": state}) for state in states]


def who(*roles: str) -> Identity:
    """A caller with these roles."""
    return Identity(id="u", email="u@example.com", roles=roles, via="password")


def test_states_go_back_by_transitions_that_the_callers_roles_may_take() -> None:
    [step] = ticket_back("open")
    before = {"ticket": {step.key: stored(TICKET, step.key[0], 1, state="done")}}
    refuse_moves(MACHINES, who("boss"), [step], before)
    refuse_moves(MACHINES, who("admin"), [step], before)
    with pytest.raises(RocketError) as refused:
        refuse_moves(MACHINES, who("clerk"), [step], before)
    assert refused.value.code == "FORBIDDEN"


def test_a_record_moves_from_where_it_is_to_where_its_last_inverse_leaves_it() -> None:
    steps = ticket_back("open", "done")
    before = {"ticket": {steps[0].key: stored(TICKET, steps[0].key[0], 1, state="done")}}
    assert list(moves(MACHINES, steps, before)) == []
    assert [(origin, to) for _, origin, to in moves(MACHINES, steps[:1], before)] == [("done", "open")]
    deleted = [*steps[:1], Inverse(KIND.DELETE, TICKET, steps[0].record_id, {})]
    assert list(moves(MACHINES, deleted, before)) == []


def test_a_refusal_names_the_records_that_have_names() -> None:
    details = conflicts([("order", "1", "it has changed since"), ("", "", "others refer to it")]).details
    assert details == [
        {"entity": "order", "record_id": "1", "message": "order 1: it has changed since"},
        {"message": "others refer to it"},
    ]
