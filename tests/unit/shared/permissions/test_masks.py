"""Masks of values, in process. Their SQL is compared with this by tests/property/test_access.py."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from libs.shared.permissions.masks import Mask
from libs.shared.schema.fields import FieldDefinition
from libs.shared.schema.policies import KeepLast


@pytest.mark.parametrize(
    ("said", "value", "shown"),
    [
        ("last4", "4111111111111111", "****1111"),
        ("last4", "1234", "****"),
        ("last4", 123456, "****3456"),
        (KeepLast(keep_last=2), "abc", "****bc"),
        ("email", "ann@example.com", "a***@example.com"),
        ("email", "a@x.org", "***@x.org"),
        ("email", "@x.org", "***@x.org"),
        ("email", "no address", "***"),
        (None, "anything", None),
        ("last4", None, None),
        ("hash", None, None),
    ],
)
def test_masked_values(said: Any, value: Any, shown: str | None) -> None:
    assert Mask.of(said).apply(value, "key", b"salt") == shown


def test_a_hash_depends_on_app_record_and_value() -> None:
    mask = Mask.of("hash")
    found = {
        mask.apply(value, key, salt)
        for value in ("a", "b", Decimal("1.50")) for key in ("1", "2") for salt in (b"x", b"y")
    }  # fmt: skip
    assert len(found) == 12
    assert mask.apply("a", "1", b"x") == mask.apply("a", "1", b"x")
    assert mask.apply("1a", "", b"x") != mask.apply("a", "1", b"x"), "key and value do not run into each other"


def test_the_mask_that_shows_most_ranks_first() -> None:
    masks = [Mask.of(said) for said in (None, "hash", "email", "last4", KeepLast(keep_last=6))]
    assert sorted(masks, key=lambda mask: mask.rank) == masks[::-1]


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("last4", {"string", "text", "uuid", "int", "bigint"}),
        ("email", {"string", "text"}),
        ("hash", {"string", "text", "uuid", "int", "bigint", "decimal", "date", "timestamp"}),
        (None, {"string", "text", "uuid", "int", "bigint", "decimal", "date", "timestamp", "boolean", "json"}),
    ],
)
def test_the_types_of_a_mask(said: Any, fits: set[str]) -> None:
    types = ("string", "text", "uuid", "int", "bigint", "decimal", "date", "timestamp", "boolean", "json")
    assert {kind for kind in types if Mask.of(said).fits(FieldDefinition(name="f", type=kind))} == fits
