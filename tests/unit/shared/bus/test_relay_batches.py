"""How long a relay gathers commits, and how log entries travel between services."""

from __future__ import annotations

import pytest

from libs.shared.bus.nats.jetstream import Outgoing
from libs.shared.bus.outbox.log_batches import decode_entries, encode_entries
from libs.shared.bus.outbox.pace import FULL_PER_S, LIGHT_PER_S, MAX_PAUSE_S, Pace


def steady(rate: float) -> float:
    """The pause after many looks at this rate."""
    pace = Pace()
    return [pace.pause(int(rate), 1.0) for _ in range(100)][-1]


@pytest.mark.parametrize(
    ("rate", "pause"),
    [
        (0, 0.0),
        (LIGHT_PER_S, 0.0),
        ((LIGHT_PER_S + FULL_PER_S) / 2, MAX_PAUSE_S / 2),
        (FULL_PER_S, MAX_PAUSE_S),
        (9 * FULL_PER_S, MAX_PAUSE_S),
    ],
)
def test_commits_gather_by_their_rate(rate: float, pause: float) -> None:
    assert steady(rate) == pytest.approx(pause, abs=1e-6)


def test_one_busy_look_is_no_load() -> None:
    pace = Pace()
    assert pace.pause(1_000, 1.0) == 0.0
    assert pace.pause(0, 0.0) == 0.0


def test_entries_survive_a_batch() -> None:
    entries = [
        Outgoing((1, 1), "commits.a.note.create.00", b'{"x": 1}', {"ce-id": "1"}),
        Outgoing((2**40, 3), "signals.a.data.done", b"", {}),
        Outgoing((3, 1), "é", bytes(range(256)), {"a": "b", "c": "é"}),
    ]
    assert list(decode_entries(encode_entries(entries))) == entries
    assert list(decode_entries(b"")) == []
