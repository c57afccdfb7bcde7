"""What a value may be, type by type, as JSON and as text of a URL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from libs.shared.ids import UUID
from libs.shared.schema import BadValue, FieldDefinition, parse_text, parse_value

U = "01890a5d-ac96-774b-bcce-b302099a8057"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def field(kind: str, **settings: Any) -> FieldDefinition:
    return FieldDefinition(name="f", type=kind, **settings)


def each(kind: str, *values: Any) -> list[tuple[str, Any]]:
    return [(kind, value) for value in values]


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        ("string", "", ""), ("string", "é😀'\"\\%", "é😀'\"\\%"), ("text", " a ", " a "),
        ("int", -(2**31), -(2**31)), ("int", 2**31 - 1, 2**31 - 1), ("int", 3.0, 3), ("int", Decimal("3.0"), 3),
        ("integer", 0, 0), ("bigint", -(2**63), -(2**63)), ("bigint", 2**63 - 1, 2**63 - 1),
        ("decimal", 1, Decimal(1)), ("decimal", 0.1, Decimal("0.1")), ("decimal", Decimal("1e-9"), Decimal("1e-9")),
        ("int", "12", 12), ("int", "-12.00", -12), ("bigint", "9223372036854775807", 2**63 - 1),
        ("decimal", "12.50", Decimal("12.50")), ("decimal", "-.5", Decimal("-.5")),
        ("decimal", "1234567890123456.78", Decimal("1234567890123456.78")),
        ("float", 1, 1.0), ("float", "0.1", 0.1), ("float", Decimal("1e300"), 1e300), ("float", -0.0, 0.0),
        ("boolean", True, True), ("boolean", False, False),
        ("uuid", U, UUID(U)), ("uuid", U.upper(), UUID(U)),
        ("timestamp", "2026-01-02T12:00:00Z", NOON), ("timestamp", "2026-01-02T13:00:00+01:00", NOON),
        ("timestamp", "2026-01-02 12:00:00", NOON), ("timestamp", "2026-01-02", NOON.replace(hour=0)),
        ("timestamp", "2026-01-02T13:00:00 01:00", NOON),  # a + that a URL's decoding made a blank
        ("timestamp", "2026-01-02T12:00:00.000001Z", NOON.replace(microsecond=1)),
        ("date", "2024-02-29", date(2024, 2, 29)), ("date", "0001-01-01", date.min),
        ("date", "9999-12-31", date.max), ("timestamp", "0001-01-01T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        ("timestamp", "9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
        ("json", {"a": [1, None]}, '{"a":[1,null]}'), ("json", [], "[]"), ("json", {"a": Decimal("1.5")}, '{"a":1.5}'),
        ("json", [Decimal("123456789.123456789012")], "[123456789.123456789012]"),
        ("json", [Decimal("1e-5"), Decimal(10**30)], f"[0.00001,{10**30}]"),
        ("json", ["\\u0000"], '["\\\\u0000"]'),
        ("file", U, UUID(U)), ("file", {"id": U, "filename": "x"}, UUID(U)),
    ],
)  # fmt: skip
def test_valid_values(kind: str, sent: Any, stored: Any) -> None:
    found = parse_value(field(kind), sent)
    assert (found, type(found)) == (stored, type(stored))


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        *each("string", 1, True, [], {}, "a\0", "\ud800"),
        *each("int", "1.5", "", " 1", "1_0", "0x1", "\u0661"),
        *each("int", 1.5, True, 2**31, -(2**31) - 1, float("inf"), Decimal("NaN"), []),
        *each("bigint", 2**63, -(2**63) - 1, 1e30, ""),
        *each("decimal", "", "1,5", "1e9999999", "NaN", True, float("nan"), float("-inf"), Decimal("Infinity"), [], {}),
        *each("decimal", Decimal("1e1001"), Decimal("1e-1001")),
        *each("float", "", "x", "1e400", Decimal("1e-400"), float("inf"), True, []),
        *each("boolean", 0, 1, "true", []),
        *each("uuid", 5, "", U[:-1], U.replace("-", ""), "{" + U[2:] + "}", "g" * 36),
        *each("uuid", U[:-4] + "8_57", U[:-1] + "\u0667"),
        *each("timestamp", 5, "", "12:00", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T25:00Z"),
        *each("timestamp", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        *each("date", 5, "", "2026-02-30", "2026-1-1", "20260101", "2026-01-01T00:00", "2026-01-01\n"),
        *each("json", "text", 5, True, ["a\0"], {"a\0": 1}, [2**64], ["\ud800"], [{"a": Decimal("1e-1001")}]),
        *each("file", 5, "", {}, {"id": 5}, []),
    ],
)  # fmt: skip
def test_invalid_values(kind: str, sent: Any) -> None:
    with pytest.raises(BadValue, match="must "):
        parse_value(field(kind), sent)


def test_a_precision_bounds_the_digits_before_the_point() -> None:
    money = field("decimal", precision=2)
    assert parse_value(money, Decimal("9999999999999999.99")) == Decimal("9999999999999999.99")
    for bad in (10**16, -(10**16), 1e300):
        with pytest.raises(BadValue, match="16 digits before the point"):
            parse_value(money, bad)


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        ("string", " a ", " a "), ("int", "-5", -5), ("int", "+5", 5), ("bigint", str(2**62), 2**62),
        ("decimal", "-1.50", Decimal("-1.50")), ("decimal", "1e3", Decimal(1000)), ("boolean", "TRUE", True),
        ("boolean", "false", False), ("uuid", U, UUID(U)), ("date", "2026-01-01", date(2026, 1, 1)),
        ("timestamp", "2026-01-02T12:00:00 00:00", NOON),
    ],
)  # fmt: skip
def test_valid_texts(kind: str, text: str, stored: Any) -> None:
    assert parse_text(field(kind), text) == stored


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", ""), ("int", "1.0"), ("int", "0x1"), ("int", "1_0"), ("int", " 1"), ("int", "9" * 21),
        ("int", "2147483648"), ("bigint", "9" * 20), ("decimal", ""), ("decimal", "x"), ("decimal", "NaN"),
        ("decimal", "-Infinity"), ("decimal", "1e9999"), ("boolean", "1"), ("boolean", ""), ("uuid", "x"),
        ("date", "today"), ("timestamp", "now"), ("json", "{}"), ("file", U), ("string", "a\0"),
    ],
)  # fmt: skip
def test_invalid_texts(kind: str, text: str) -> None:
    with pytest.raises(BadValue):
        parse_text(field(kind), text)
