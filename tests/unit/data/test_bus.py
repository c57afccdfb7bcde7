"""The pure parts that the way of a commit rests on: gaps, batches, retries, ids, headers, frames."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from libs.shared.bus.codec import pack, unpack
from libs.shared.bus.nats.jetstream import BATCH_MESSAGES, Outgoing
from libs.shared.bus.nats.protocol import parsed, written
from libs.shared.bus.outbox.log_source import BATCH_BYTES, batches
from libs.shared.bus.outbox.watermark import Watermark
from libs.shared.bus.retry import EVENTS, OUTAGES, Policy, is_outage
from libs.shared.contracts.context import SYSTEM, AppRef, Context, Identity
from libs.shared.errors import STATUS, TRANSIENT, RocketError
from libs.shared.ids import named_uuid, parse_uuid, partition_of, random_uuid, uuid7


def message(position: int, n: int = 1, size: int = 1) -> Outgoing:
    return Outgoing((position, n), "subject", b"x" * size, {})


@pytest.mark.parametrize(
    ("after", "positions", "passed"),
    [
        (0, [], 0),
        (0, [1, 2, 3], 3),
        (0, [2], 0),
        (5, [5, 5, 6], 3),
        (5, [7], 0),
        (5, [6, 6, 8, 9], 2),
        (7, [8, 8, 10], 2),
    ],
)
def test_a_watermark_passes_what_is_visible_up_to_the_first_gap(after: int, positions: list[int], passed: int) -> None:
    assert Watermark(after).pass_visible(positions) == passed


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1], [1]),
        ([1] * BATCH_MESSAGES, [BATCH_MESSAGES]),
        ([1] * (BATCH_MESSAGES + 1), [BATCH_MESSAGES, 1]),
        ([BATCH_BYTES], [1]),
        ([BATCH_BYTES, 1], [1, 1]),
        ([BATCH_BYTES // 2] * 5, [2, 2, 1]),
        ([BATCH_BYTES + 1, 1, 1], [1, 2]),
    ],
)
def test_batches_are_bounded_by_number_and_bytes(sizes: list[int], expected: list[int]) -> None:
    messages = [message(number, size=size) for number, size in enumerate(sizes, 1)]
    found = batches(messages)
    assert [len(batch) for batch in found] == expected
    assert [one for batch in found for one in batch] == messages


def test_retries_back_off_and_end() -> None:
    policy = Policy(attempts=5, first=0.5, longest=2.0)
    assert [policy.delay(attempt) for attempt in range(1, 7)] == [0.5, 1.0, 2.0, 2.0, None, None]
    assert EVENTS.delay(EVENTS.attempts) is None
    assert OUTAGES.delay(10**9) == OUTAGES.longest


def test_outages_are_told_from_refusals() -> None:
    assert [code for code in STATUS if is_outage(RocketError(code, ""))] == [c for c in STATUS if c in TRANSIENT]
    assert not is_outage(ValueError())


def test_new_ids_are_ordered_by_time() -> None:
    before = time.time_ns() // 1_000_000
    ids = [uuid7() for _ in range(100)]
    after = time.time_ns() // 1_000_000
    stamps = [one.int >> 80 for one in ids]
    assert stamps == sorted(stamps) and before <= stamps[0] and stamps[-1] <= after
    assert len(set(ids)) == 100
    assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}


@pytest.mark.parametrize("name", ["", "a", "app/1.0", "é" * 100])
def test_named_ids_follow_the_standard(name: str) -> None:
    assert named_uuid(uuid.NAMESPACE_OID, name) == str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def test_random_ids_are_of_version_4() -> None:
    ids = [uuid.UUID(random_uuid()) for _ in range(1_000)]
    assert len(set(ids)) == len(ids)
    assert {(one.version, one.variant) for one in ids} == {(4, uuid.RFC_4122)}


@pytest.mark.parametrize("bad", [None, 5, "", "x" * 36, str(uuid.UUID(int=1)).replace("-", ""), f" {uuid.UUID(int=1)}"])
def test_invalid_ids(bad: object) -> None:
    assert parse_uuid(bad) is None
    assert parse_uuid("0000000A-0000-0000-0000-000000000000") == uuid.UUID(int=10 << 96)


def test_the_partition_of_a_record_is_stable() -> None:
    # Written down: streams are full of messages that were sorted by it.
    assert [partition_of(key, 16) for key in ("ticket/1", "ticket/2", "é", "")] == [7, 13, 14, 0]
    assert {partition_of(str(number), 16) for number in range(500)} == set(range(16))


CONTEXTS = [
    Context("0e3c8f6e-9d5b-4a3f-8f3a-1b2c3d4e5f60"),
    Context(
        "0e3c8f6e-9d5b-4a3f-8f3a-1b2c3d4e5f60",
        span_id="00000000000000ff",
        deadline=1767355200.125,
        app=AppRef("id", "näme", "database"),
        identity=Identity("i", "é@x", ("a", "b"), "workflow", "somebody"),
        ip="::1",
        user_agent='Moz\r\nilla "5"',
        cause="commit:5.1",
        cause_depth=3,
    ),
    Context("0e3c8f6e-9d5b-4a3f-8f3a-1b2c3d4e5f60", identity=SYSTEM),
]


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_travels_in_headers(context: Context) -> None:
    block = context.block()
    assert Context.from_block(block) == context
    headers = parsed(block)
    assert written(headers) == block
    assert headers["traceparent"].split("-") == ["00", context.trace_id.replace("-", ""), context.span_id, "01"]


WHOLE = CONTEXTS[1].block()
DEADLINE = WHOLE.partition(b"Rocket-Deadline: ")[2].partition(b"\r")[0]


@pytest.mark.parametrize(
    "block",
    [
        *(b"", b"NATS/1.0\r\n\r\n", CONTEXTS[0].block()[:-9], b"NATS/1.0 503\r\n\r\n"),
        *(WHOLE.replace(b"00-0e3c8f6e", b"00-0e3c8f6" + digit) for digit in (b"g", b"-", b"E", b" ", b"\r")),
        *(WHOLE.replace(b": " + DEADLINE, b": " + other) for other in (b"nan", b"inf", b"1e9", b"-1", b"")),
    ],
)
def test_invalid_contexts(block: bytes) -> None:
    with pytest.raises(ValueError):
        Context.from_block(block)


def test_a_deadline_is_never_extended() -> None:
    context = CONTEXTS[0]._replace(deadline=time.time() + 5)
    assert context.within(100).deadline == context.deadline
    assert context.within(1).deadline < context.deadline
    assert context._replace(deadline=1.0).remaining() == 0.0


@pytest.mark.parametrize("body", [b"", b"x", b"\n", b"a\nb\n", bytes(range(256))])
@pytest.mark.parametrize("head", [{}, {"a": "line\nbreak"}, {"a": [1, None, "é"]}])
def test_frames_hold_any_head_and_body(head: dict[str, Any], body: bytes) -> None:
    assert unpack(pack(head, body)) == (head, body)


def test_invalid_frames() -> None:
    for payload in (b"", b"{", b"\nx", b"\xff\n"):
        with pytest.raises(ValueError):
            unpack(payload)
