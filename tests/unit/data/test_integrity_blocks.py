"""Seals of the log: hashes in a chain, the first changed entry, and repaired entries."""

from __future__ import annotations

import hashlib

import pytest

from services.data.integrity.blocks import START, Repair, as_sealed, first_difference, key_of, seal_of, signature_of

KEY = key_of("secret", "app")
DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(4)]
OTHER = hashlib.sha256(b"other").digest()
SEAL = seal_of(KEY, START, 1, 4, DIGESTS)


def test_keys_are_per_secret_and_app() -> None:
    assert len({KEY, key_of("secret", "other"), key_of("other", "app")}) == 3


@pytest.mark.parametrize(
    "other",
    [
        seal_of(KEY, SEAL.hash, 1, 4, DIGESTS),
        seal_of(KEY, START, 2, 4, DIGESTS),
        seal_of(KEY, START, 1, 5, DIGESTS),
        seal_of(KEY, START, 1, 4, [*DIGESTS[:3], OTHER]),
        seal_of(KEY, START, 1, 4, DIGESTS[::-1]),
        seal_of(KEY, START, 1, 4, DIGESTS[:3]),
    ],
    ids=["predecessor", "first", "last", "entry", "order", "entry gone"],
)
def test_whatever_differs_changes_the_hash(other: object) -> None:
    assert other.hash != SEAL.hash and other.signature != SEAL.signature  # type: ignore[attr-defined]


def test_only_who_has_the_key_can_sign() -> None:
    forged = seal_of(key_of("guess", "app"), START, 1, 4, DIGESTS)
    assert forged.hash == SEAL.hash and forged.signature != SEAL.signature


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (DIGESTS, None),
        ([OTHER, *DIGESTS[1:]], 0),
        ([*DIGESTS[:2], OTHER, DIGESTS[3]], 2),
        (DIGESTS[:3], 3),
        ([*DIGESTS, OTHER], 4),
        ([], 0),
    ],
)
def test_the_first_difference(found: list[bytes], place: int | None) -> None:
    assert first_difference(SEAL.digests, found) == place


def test_a_repaired_entry_counts_as_it_was_sealed() -> None:
    found = [(1, 1, DIGESTS[0]), (2, 1, OTHER), (3, 1, DIGESTS[2]), (4, 1, DIGESTS[3])]
    repair = Repair(DIGESTS[1], OTHER, signature_of(KEY, 2, 1, DIGESTS[1], OTHER))
    assert as_sealed(KEY, SEAL.digests, found, {(2, 1): repair}) == DIGESTS


@pytest.mark.parametrize(
    "repair",
    [
        Repair(DIGESTS[1], OTHER, b"forged"),
        Repair(DIGESTS[1], DIGESTS[3], signature_of(KEY, 2, 1, DIGESTS[1], DIGESTS[3])),
        Repair(DIGESTS[1], OTHER, signature_of(KEY, 3, 1, DIGESTS[1], OTHER)),
    ],
    ids=["no signature of ours", "of another digest", "of another position"],
)
def test_a_repair_that_is_not_of_this_entry_counts_for_nothing(repair: Repair) -> None:
    found = [(1, 1, DIGESTS[0]), (2, 1, OTHER)]
    assert as_sealed(KEY, SEAL.digests, found, {(2, 1): repair}) == [DIGESTS[0], OTHER]
