"""Which field, and which row, has reached a limit of PostgreSQL."""

from __future__ import annotations

import pytest

from libs.shared.postgres.limits import MAX_INDEX_ENTRY_BYTES, Limit, LimitReached
from services.data.writes.statements.limits import name_limit
from tests.unit.data.writes.shop import LINE, ORDER

LONG = "x" * (MAX_INDEX_ENTRY_BYTES + 1)


@pytest.mark.parametrize(
    ("owner", "field"),
    [("_u_2_3", "code"), ("_p_2", "id"), ("commits_entity_record_id_version_idx", "id"), ("", "code")],
)  # fmt: skip
def test_an_index_is_named_by_its_field(owner: str, field: str) -> None:
    place, error = name_limit(ORDER, [{"code": "a"}, {"code": LONG}], LimitReached(Limit.INDEX, owner))
    assert error.message.startswith(f"{field} ") and error.details[0]["field"] == field
    assert place == (1 if field == "code" else None)


def test_a_sequence_is_named_by_the_key() -> None:
    place, error = name_limit(LINE, [{"count": 1}], LimitReached(Limit.SEQUENCE, "lines_id_seq"))
    assert (place, error.details[0]["field"]) == (0, "id")


def test_what_no_field_can_be_blamed_for_stays_as_it_is() -> None:
    limit = LimitReached(Limit.ROW)
    assert name_limit(ORDER, [{}, {}], limit) == (None, limit)
    other_entity = LimitReached(Limit.INDEX, "_u_9_3")
    assert name_limit(ORDER, [{"code": "short"}, {}], other_entity) == (None, other_entity)


def test_of_two_long_rows_none_is_blamed() -> None:
    place, _ = name_limit(ORDER, [{"code": LONG}, {"code": LONG}], LimitReached(Limit.INDEX, "_u_2_3"))
    assert place is None
