"""Numbers come through as they were written, however many digits they have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared import exact

NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=12),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab1. ", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def written(value: Any) -> Any:
    """A value as `dumps` takes it: what is beyond 64 bits as Decimal."""
    if isinstance(value, list):
        return [written(each) for each in value]
    if isinstance(value, dict):
        return {name: written(each) for name, each in value.items()}
    too_large = isinstance(value, int) and not -(2**63) <= value < 2**64
    return Decimal(value) if too_large else value


@given(VALUES)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    text = exact.dumps({"v": written(value)})
    for read in (exact.loads(text.decode()), exact.loads(text)):
        assert read == {"v": value}
        assert exact.dumps(read) == text


@pytest.mark.parametrize("digits", ["18446744073709551615", "18446744073709551616", "-9223372036854775809", "9" * 60])
def test_integers_beyond_64_bits_can_be_written_again(digits: str) -> None:
    for text in (digits, f'{{"a":[1,{digits}]}}'):
        assert exact.dumps(exact.loads(text)).decode() == text
    assert exact.dumps(exact.loads(f"[{digits}]".encode())).decode() == f"[{digits}]"
