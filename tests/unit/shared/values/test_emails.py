"""Addresses that are the same one, whatever cannot be seen of them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.emails import IGNORABLE, MAX_EMAIL_CHARACTERS, same_address

ADDRESS = "jürgen@example.org"


@pytest.mark.parametrize(
    "typed",
    [
        ADDRESS,
        " Jürgen@Example.org\n",
        unicodedata.normalize("NFD", ADDRESS),
        unicodedata.normalize("NFD", ADDRESS.upper()),
        "j\u00adü\u200brgen@\u2060example\ufe0f.org\ufeff",
        "ju\u200d\u0308rgen@example.org",
        "\u202ejürgen@example.org\u0007",
    ],
)
def test_equal_forms_of_an_address(typed: str) -> None:
    assert same_address(typed) == ADDRESS


@pytest.mark.parametrize(
    "other", ["jurgen@example.org", "jürgen@example.com", "jür gen@example.org", "jürgen\x00@example.org"]
)
def test_different_addresses_stay_different(other: str) -> None:
    assert same_address(other) != ADDRESS


def test_a_text_too_long_for_an_address_is_not_normalized() -> None:
    text = "A\u0301" * MAX_EMAIL_CHARACTERS
    assert same_address(text) == text.lower()
    assert same_address(text[:MAX_EMAIL_CHARACTERS]) == "á" * (MAX_EMAIL_CHARACTERS // 2)


@given(st.text(max_size=MAX_EMAIL_CHARACTERS // 4))
def test_normalizing_is_idempotent(text: str) -> None:
    address = same_address(text)
    assert same_address(address) == address


def test_invisible_characters_are_removed() -> None:
    """Those that Unicode calls ignorable; marks over numbers and the like are seen."""
    seen = {"\u06dd", "\u070f", "\u08e2", *map(chr, (*range(0x600, 0x606), 0x890, 0x891, 0x110BD, 0x110CD))}
    seen |= {chr(code) for code in range(0x13430, 0x13440)}
    formats = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"}
    left_out = {chr(code) for first, last in IGNORABLE for code in range(first, last + 1)}
    assert formats - seen <= left_out
