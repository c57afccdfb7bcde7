"""Simplified conditions of policies decide as before."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from random import Random

from libs.shared.expressions import compile_expression
from libs.shared.permissions.checks import Person, check_of
from libs.shared.permissions.conditions import All, Condition, Either, Holds, all_of, either, factored
from libs.shared.permissions.conditions import FieldTest as Compared
from libs.shared.schema import FieldDefinition

FIELDS = {name: FieldDefinition(name=name, type="int") for name in ("a", "b")}
NOBODY = Person("", "", (), datetime(2026, 1, 2, tzinfo=UTC))
RECORDS = [{"a": a, "b": b} for a, b in product((None, 0, 1, 2), repeat=2)]
SHOWN = Holds(compile_expression("record.a == record.b"))


def test_the_widest_bound_is_kept() -> None:
    assert either([Compared("a", "gt", 2), Compared("a", "gt", 1), Compared("b", "gt", 3)]) == Either(
        (Compared("a", "gt", 1), Compared("b", "gt", 3))
    )
    assert either([Compared("a", "lte", 1), Compared("a", "lte", 4)]) == Compared("a", "lte", 4)


def test_common_conditions_are_factored_out() -> None:
    tests = [*(Compared("a", "eq", n) for n in range(3)), Compared("b", "gt", 5), Compared("b", "gt", 4)]
    decided = factored(either([all_of([test, SHOWN]) for test in tests]))
    assert decided == All((SHOWN, Either((Compared("a", "in", (0, 1, 2)), Compared("b", "gt", 4)))))


def test_partly_shared_conditions_are_kept() -> None:
    alone = Compared("b", "is_null")
    decided = factored(
        either([all_of([Compared("a", "eq", 1), SHOWN]), all_of([Compared("b", "gt", 1), SHOWN]), alone])
    )
    assert decided == Either((All((SHOWN, Either((Compared("a", "eq", 1), Compared("b", "gt", 1))))), alone))


def test_simplified_conditions_decide_the_same() -> None:
    random = Random(20261126)
    for _ in range(500):
        alternatives = [[_any(random) for _ in range(random.randint(1, 3))] for _ in range(random.randint(0, 6))]
        decided = check_of(factored(either([all_of(each) for each in alternatives])), FIELDS)
        for record in RECORDS:
            expected = any(all(check_of(test, FIELDS)(record, NOBODY) for test in each) for each in alternatives)
            assert decided(record, NOBODY) == expected, (alternatives, record)


def _any(random: Random) -> Condition:
    field, operator = random.choice("ab"), random.choice(["eq", "neq", "in", "gt", "gte", "lt", "lte", "is_null"])
    if random.random() < 0.2:
        return SHOWN
    if operator == "is_null":
        return Compared(field, operator)
    return Compared(field, operator, (0, 2) if operator == "in" else random.randint(0, 2))
