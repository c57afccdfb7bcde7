"""No entry ever appears at or below a watermark, however writers race; and no gap holds it for ever."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.shared.bus.outbox.watermark import Watermark


@dataclass
class Log:
    """A log as PostgreSQL shows it: who holds its lock, and which positions are visible."""

    taken: int = 0
    holders: dict[int, int | None] = field(default_factory=dict)
    """Writer → its position, None while it holds the lock and has not taken one."""
    visible: list[int] = field(default_factory=list)

    def lock(self, writer: int) -> None:
        self.holders.setdefault(writer, None)

    def take(self, writer: int) -> None:
        if writer in self.holders and self.holders[writer] is None:
            self.taken += 1
            self.holders[writer] = self.taken

    def end(self, writer: int, commits: bool) -> None:
        position = self.holders.pop(writer, None)
        if position is not None and commits:
            self.visible.append(position)


@dataclass
class Reader:
    """Follows a log as relays and live streams do: it reads, and waits for writers where a gap is in front."""

    log: Log
    watermark: Watermark = field(default_factory=Watermark)
    closing: int = 0
    awaited: set[int] = field(default_factory=set)
    """The writers whose end closes what was read, up to `closing`."""

    def step(self) -> None:
        if self.closing:
            if self.awaited & self.log.holders.keys():
                return
            self.watermark.close(self.closing)
            self.closing = 0
        positions = sorted(p for p in self.log.visible if p > self.watermark.position)
        if positions and not self.watermark.pass_visible(positions):
            self.closing, self.awaited = positions[-1], set(self.log.holders)


WRITERS = st.integers(0, 2)
ACTIONS = st.one_of(
    st.tuples(st.just("read"), st.just(0)),
    st.tuples(st.sampled_from(["write", "write", "lock", "commit", "commit", "roll back"]), WRITERS),
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(ACTIONS, min_size=10, max_size=60))
def test_nothing_appears_below_the_watermark_and_everything_is_passed_at_last(actions: list[tuple[str, int]]) -> None:
    log = Log()
    reader = Reader(log)
    for action, writer in actions:
        match action:
            case "lock":
                log.lock(writer)
            case "write":
                log.lock(writer)
                log.take(writer)
            case "read":
                reader.step()
            case _:
                position = log.holders.get(writer)
                if action == "commit" and position is not None:
                    assert position > reader.watermark.position
                log.end(writer, action == "commit")
    for writer in list(log.holders):
        log.end(writer, commits=True)
    for _ in range(3):
        reader.step()
    assert reader.watermark.position == max(log.visible, default=0)


@given(st.sets(st.integers(1, 30)), st.integers(0, 30), st.integers(0, 30))
def test_it_rises_over_what_is_closed_and_what_follows_without_gap(visible: set[int], start: int, taken: int) -> None:
    watermark = Watermark(start)
    watermark.close(taken)
    closed = max(start, taken)
    passed = watermark.pass_visible(sorted(visible))
    expected = closed
    while expected + 1 in visible:
        expected += 1
    assert watermark.position == expected
    assert passed == len([position for position in visible if position <= expected])
