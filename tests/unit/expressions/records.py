"""Hypothesis strategies for the environments of expressions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

DAYS = ["2024-01-31", "2024-02-29", "2023-12-31T23:59:59Z", "2024-01-31T00:30:00+02:00"]
WORDS = ["a", "ab", "Ärger", " b a ", "10", "", "approved", "2024-02-30", *DAYS]

NUMBERS = st.one_of(
    st.sampled_from([2, 3, 1, 0.5, 2.5, Decimal("0.1"), Decimal("1.00"), 0, -1]),
    st.integers(-1000, 1000),
    st.decimals(-100, 100, places=2),
    st.floats(-1000, 1000, allow_nan=False).map(lambda value: round(value, 3)),
)
INSTANTS = st.integers(0, 10**6).map(lambda n: datetime(2023, 12, 30, tzinfo=UTC) + timedelta(seconds=n))
DATES = st.one_of(st.sampled_from(DAYS), st.dates(date(2023, 12, 30), date(2024, 1, 2)), INSTANTS)
ROWS = st.fixed_dictionaries(
    {"qty": NUMBERS | NUMBERS | st.none()}, optional={"name": st.sampled_from(WORDS), "n": NUMBERS}
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "n": NUMBERS,
    "m": NUMBERS,
    "s": st.sampled_from(WORDS),
    "b": st.booleans(),
    "d": DATES,
    "t": st.timedeltas(timedelta(days=-3), timedelta(days=3)),
    "rows": st.lists(ROWS, min_size=1, max_size=3),
    "list": st.lists(st.one_of(NUMBERS, st.sampled_from(WORDS), st.none(), st.booleans()), max_size=3),
    "numbers": st.lists(NUMBERS, min_size=1, max_size=3),
}
"""The fields of a record, by name, with the kinds of values their names promise."""

RECORDS = st.fixed_dictionaries(FIELDS)
SPARSE_RECORDS = st.fixed_dictionaries({}, optional=FIELDS)
ENVIRONMENTS = st.fixed_dictionaries({"record": RECORDS, "old": RECORDS | SPARSE_RECORDS | st.none(), "now": INSTANTS})
