"""The definition of a projection, and the state that its replays keep between steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from libs.shared.contracts.context import AppRef

S = TypeVar("S")

MAX_DIFFERENCES = 10
"""Differences that a verification names; all are counted."""
_MODULUS = 1 << 256


class ReplayState:
    """The state of a replay: JSON values, saved after steps, so that another replica can continue.

    `hash` is the sum of the SHA-256 of all parts, modulo 2^256, so it does not depend on their order and
    two runs over the same content have the same one (incremental hashing by addition, after Bellare and
    Micciancio, "A new paradigm for collision-free hashing", 1997).
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def get(self, name: str, default: Any = None) -> Any:
        """The value kept under a name."""
        return self.values.get(name, default)

    def keep(self, **values: Any) -> None:
        """Keep values for the next step."""
        self.values.update(values)

    def count(self, checked: int) -> None:
        """Note that so many more parts are done."""
        self.values["checked"] = self.get("checked", 0) + checked

    def add(self, *digests: bytes) -> None:
        """Take parts into the hash, by their digests."""
        total = int(self.get("hash", "0"), 16) + sum(int.from_bytes(digest) for digest in digests)
        self.values["hash"] = f"{total % _MODULUS:064x}"

    def differ(self, what: str, **where: Any) -> None:
        """Note a difference: `what` is a phrase for people, `where` names the place. No values: they may be secret."""
        self.values["differences"] = self.get("differences", 0) + 1
        named = self.values.setdefault("first", [])
        if len(named) < MAX_DIFFERENCES:
            named.append({"what": what, **where})


Step = Callable[[S, AppRef, ReplayState], Awaitable[bool]]
"""One small piece of a replay, of some 10 ms to a second: `(state, app, memory)` → whether that was the last one.

It may be taken again with what was remembered before it: a kill in between loses no more than the note.
"""


@dataclass(frozen=True, slots=True)
class Projection(Generic[S]):
    """Data derived from the log that can be compared with it and, in most cases, rebuilt from it."""

    name: str
    verify: Step[S]
    rebuild: Step[S] | None = None
