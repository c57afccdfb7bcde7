"""Bundles hold what was put into them, within their bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.shared.bus.nats.batching import (
    MAX_BATCH_BYTES,
    MAX_PARTS,
    Part,
    decode_batch,
    encode_batch,
    is_batch,
    split_into_batches,
)
from libs.shared.bus.nats.protocol import Message

BLOCKS = st.sampled_from([b"", b"NATS/1.0\r\na: b\r\n\r\n"])
PARTS = st.lists(
    st.tuples(st.from_regex(rb"[0-9a-f]{1,8}", fullmatch=True), BLOCKS, st.binary(max_size=50)), min_size=1
)


@given(PARTS)
def test_requests_survive_a_batch_with_their_reply_subjects(parts: list[Part]) -> None:
    block, payload = encode_batch(parts)
    whole = Message(b"rocket.data.get", b"_INBOX.gateway.x.1", block, payload)
    assert is_batch(whole)
    assert [(part.reply_to, part.block, part.data, part.is_part, part.raw_subject) for part in decode_batch(whole)] == [
        (b"_INBOX.gateway.x." + token, head, body, True, b"rocket.data.get") for token, head, body in parts
    ]


@given(PARTS)
def test_responses_are_returned_to_their_requests(parts: list[Part]) -> None:
    answers = [(token, b"", body) for token, _, body in parts]
    block, payload = encode_batch(answers)
    whole = Message(b"_INBOX.gateway.x.many", b"", block, payload)
    assert [(part.raw_subject, part.data) for part in decode_batch(whole)] == [
        (b"_INBOX.gateway.x." + token, body) for token, _, body in answers
    ]


@given(st.lists(st.integers(0, 2 * MAX_BATCH_BYTES), max_size=3 * MAX_PARTS))
def test_batchs_keep_order_and_limits(sizes: list[int]) -> None:
    whole = bytes(2 * MAX_BATCH_BYTES)
    parts: list[Part] = [(b"%x" % n, b"", whole[:size]) for n, size in enumerate(sizes)]
    loads = split_into_batches(parts)
    assert [part for load in loads for part in load] == parts
    for load in loads:
        assert len(load) <= MAX_PARTS
        assert len(load) == 1 or sum(len(body) for *_, body in load) <= MAX_BATCH_BYTES


def test_truncated_batchs_are_refused() -> None:
    block, payload = encode_batch([(b"1", b"", b"abc"), (b"2", b"", b"d")])
    with pytest.raises(ValueError, match="not as long"):
        decode_batch(Message(b"s.x", b"", block, payload + b"e"))
