"""Codes and sealed secrets, held against the RFCs' own vectors."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.encryption import Encryptor, Undecryptable
from services.gateway.identity import totp

RFC_SECRET = b"12345678901234567890"
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
"""RFC 4226, appendix D: the codes of counters 0 to 9."""
TOTP = {59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037"}
"""RFC 6238, appendix B, SHA-1: time → eight digits, of which six are the last six."""


def test_codes_are_those_of_the_rfcs() -> None:
    assert [totp.code_at(RFC_SECRET, counter) for counter in range(10)] == HOTP
    assert {moment: totp.code_at(RFC_SECRET, moment // 30) for moment in TOTP} == {m: c[-6:] for m, c in TOTP.items()}


@given(st.integers(90, 2**33), st.integers(-3, 3))
def test_a_code_is_good_one_step_early_or_late(now: int, drift: int) -> None:
    code = totp.code_at(RFC_SECRET, now // 30 + drift)
    found = totp.matching_step(RFC_SECRET, code, now)
    near = {totp.code_at(RFC_SECRET, now // 30 + n): now // 30 + n for n in (-1, 0, 1)}
    assert found == near.get(code)


def test_malformed_codes_match_nothing() -> None:
    for text in ("", "12345", "1234567", "12345a", "٣٤٥٦٧٨", " 12345"):
        assert totp.matching_step(RFC_SECRET, text, 59) is None


def test_an_app_can_read_the_uri() -> None:
    secret = totp.new_secret()
    parts = urlsplit(totp.uri(secret, "my app", "ann@example.org"))
    values = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/my%20app:ann%40example.org")
    assert base64.b32decode(values["secret"][0]) == secret and values["issuer"] == ["my app"]
    assert (values["digits"], values["period"], values["algorithm"]) == (["6"], ["30"], ["SHA1"])


def test_recovery_codes_are_known_however_they_are_written() -> None:
    codes = totp.new_recovery_codes()
    assert len({totp.recovery_hash(code) for code in codes}) == 10
    assert totp.recovery_hash(codes[0].lower().replace("-", " ")) == totp.recovery_hash(codes[0])
    assert totp.recovery_hash("123456") is None and totp.recovery_hash(codes[0][:-1]) is None


@given(st.binary(max_size=40), st.text(max_size=20))
def test_a_secret_is_decrypted_for_its_owner_only(secret: bytes, owner: str) -> None:
    encryptor = Encryptor(["a" * 32])
    sealed = encryptor.encrypt(secret, owner)
    assert secret == encryptor.decrypt(sealed, owner) and (len(secret) < 4 or secret not in sealed)
    for wrong in (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"\x02" + sealed[1:], b""):
        with pytest.raises(Undecryptable):
            encryptor.decrypt(wrong, owner)
    with pytest.raises(Undecryptable):
        encryptor.decrypt(sealed, owner + "x")


def test_former_secrets_decrypt_and_do_not_encrypt() -> None:
    old, new = Encryptor(["old"]), Encryptor(["new", "old"])
    assert new.decrypt(old.encrypt(b"x", "ann"), "ann") == b"x"
    with pytest.raises(Undecryptable):
        old.decrypt(new.encrypt(b"x", "ann"), "ann")
