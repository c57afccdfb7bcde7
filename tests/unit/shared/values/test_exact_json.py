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
def test_values_survive_writing_and_reading(value: Any) -> None:
    text = exact.dumps({"v": written(value)})
    for read in (exact.loads(text.decode()), exact.loads(text)):
        assert read == {"v": value}
        assert exact.dumps(read) == text


@pytest.mark.parametrize("digits", ["18446744073709551615", "18446744073709551616", "-9223372036854775809", "9" * 60])
def test_integers_beyond_64_bits_can_be_written_again(digits: str) -> None:
    for text in (digits, f'{{"a":[1,{digits}]}}'):
        assert exact.dumps(exact.loads(text)).decode() == text
    assert exact.dumps(exact.loads(f"[{digits}]".encode())).decode() == f"[{digits}]"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e400", Decimal("1e400")),
        ('{"1e400":[-1.5e309,"1e400\\"2e400"]}', {"1e400": [Decimal("-1.5e309"), '1e400"2e400']}),
        ("[0e99999999999999999999]", [0]),
        ("9" * 400, Decimal("9" * 400)),
        (f"[1e{'9' * 20}]", [Decimal(f"1e{exact.MAX_EXPONENT}")]),
        (f"[1e-{'9' * 20}]", [Decimal(f"1e-{exact.MAX_EXPONENT}")]),
        (f"[1e{'0' * 30}5]", [Decimal("1e5")]),
        ("[1e-16383,1e99999]", [Decimal("1e-16383"), Decimal("1e99999")]),
        (f"[-2E+{'9' * 20}]", [Decimal(f"-2e{exact.MAX_EXPONENT}")]),
    ],
)
def test_numbers_beyond_floats_are_read(text: str, value: Any) -> None:
    assert exact.parse(text) == exact.loads(text) == value


@pytest.mark.parametrize(
    "text", ["01e400", "[1e400,NaN]", '[1e400,"\\ud800"]', "[1e400,]", "[1e400 1]", "1e400x", "9" * 20_001]
)
def test_json_with_large_numbers_is_read_strictly(text: str) -> None:
    with pytest.raises(ValueError):
        exact.parse(text)


@pytest.mark.parametrize("digits", ["1e999999999", f"1e{'0' * 30}999999", "1e-999999999"])
def test_exponents_in_requests_are_bounded(digits: str) -> None:
    assert abs(exact.parse(digits).adjusted()) == exact.MAX_EXPONENT
