"""Which records are their own ancestors."""

from __future__ import annotations

from typing import Any

import pytest

from services.data.writes.statements.cycles import own_ancestors


@pytest.mark.parametrize(
    ("parents", "found"),
    [
        ({}, set()),
        ({1: 2, 2: 3}, set()),
        ({1: 1}, {1}),
        ({1: 2, 2: 1}, {1, 2}),
        ({0: 1, 1: 2, 2: 3, 3: 1, 4: 0}, {1, 2, 3}),
        ({1: 2, 2: 1, 3: 4, 4: 3, 5: 6}, {1, 2, 3, 4}),
    ],
)
def test_records_below_a_cycle_are_not_part_of_it(parents: dict[Any, Any], found: set[Any]) -> None:
    assert own_ancestors(parents) == found
    assert own_ancestors(dict(reversed(parents.items()))) == found


def test_a_long_chain_is_walked_once() -> None:
    chain = {n: n + 1 for n in range(100_000)}
    assert own_ancestors(chain) == set()
    assert own_ancestors({**chain, 100_000: 0}) == set(range(100_001))
