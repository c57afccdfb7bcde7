"""Blocks of the hash chain over the log: hashes in a chain, the first changed entry, and repaired entries."""

from __future__ import annotations

import hashlib

import pytest

from services.data.integrity.blocks import (
    GENESIS_HASH,
    RepairRecord,
    digests_before_repairs,
    first_difference,
    make_block,
    repair_signature,
    signing_key,
)

KEY = signing_key("secret", "app")
DIGESTS = [hashlib.sha256(bytes([n])).digest() for n in range(4)]
OTHER = hashlib.sha256(b"other").digest()
BLOCK = make_block(KEY, GENESIS_HASH, 1, 4, DIGESTS)


def test_keys_are_per_secret_and_app() -> None:
    assert len({KEY, signing_key("secret", "other"), signing_key("other", "app")}) == 3


@pytest.mark.parametrize(
    "other",
    [
        make_block(KEY, BLOCK.hash, 1, 4, DIGESTS),
        make_block(KEY, GENESIS_HASH, 2, 4, DIGESTS),
        make_block(KEY, GENESIS_HASH, 1, 5, DIGESTS),
        make_block(KEY, GENESIS_HASH, 1, 4, [*DIGESTS[:3], OTHER]),
        make_block(KEY, GENESIS_HASH, 1, 4, DIGESTS[::-1]),
        make_block(KEY, GENESIS_HASH, 1, 4, DIGESTS[:3]),
    ],
    ids=["predecessor", "first", "last", "entry", "order", "entry gone"],
)
def test_whatever_differs_changes_the_hash(other: object) -> None:
    assert other.hash != BLOCK.hash and other.signature != BLOCK.signature  # type: ignore[attr-defined]


def test_only_who_has_the_key_can_sign() -> None:
    forged = make_block(signing_key("guess", "app"), GENESIS_HASH, 1, 4, DIGESTS)
    assert forged.hash == BLOCK.hash and forged.signature != BLOCK.signature


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
    assert first_difference(BLOCK.digests, found) == place


def test_a_repaired_entry_counts_as_before_its_repair() -> None:
    found = [(1, 1, DIGESTS[0]), (2, 1, OTHER), (3, 1, DIGESTS[2]), (4, 1, DIGESTS[3])]
    repair = RepairRecord(DIGESTS[1], OTHER, repair_signature(KEY, 2, 1, DIGESTS[1], OTHER))
    assert digests_before_repairs(KEY, BLOCK.digests, found, {(2, 1): repair}) == DIGESTS


@pytest.mark.parametrize(
    "repair",
    [
        RepairRecord(DIGESTS[1], OTHER, b"forged"),
        RepairRecord(DIGESTS[1], DIGESTS[3], repair_signature(KEY, 2, 1, DIGESTS[1], DIGESTS[3])),
        RepairRecord(DIGESTS[1], OTHER, repair_signature(KEY, 3, 1, DIGESTS[1], OTHER)),
    ],
    ids=["no signature of ours", "of another digest", "of another position"],
)
def test_a_repair_that_is_not_of_this_entry_counts_for_nothing(repair: RepairRecord) -> None:
    found = [(1, 1, DIGESTS[0]), (2, 1, OTHER)]
    assert digests_before_repairs(KEY, BLOCK.digests, found, {(2, 1): repair}) == [DIGESTS[0], OTHER]
