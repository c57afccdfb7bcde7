"""The state of an instance: the fold of its history, as plain values that are stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Status = Literal["running", "completed", "failed", "cancelled"]
ROOT = ""
"""The path of the frame that runs the steps of the definition itself."""


@dataclass(slots=True)
class Frame:
    """A list of steps that is being run: of the definition, of a branch, of a round.

    `path` names it: "" for the definition's own, `both/a` for a branch, `each[3]` for a round, joined by slashes.
    `step` is the step that it is at, `visit` the number of this visit among all of the instance, `phase` what it does.
    """

    path: str
    list_of: str = ""
    """The step whose list it runs, with the branch: `both/a`, `each`; empty for the definition's own."""
    parent: str | None = None
    step: str | None = None
    visit: int = 0
    phase: str = "ready"
    action: int = 0
    """Actions done in this visit."""
    tries: int = 0
    """How often somebody has retried the step in this visit."""
    outputs: list[Any] = field(default_factory=list)
    """Outputs of the rounds or branches that have got there, for the step that runs them."""
    data: Json = field(default_factory=dict)
    """What the step keeps during a visit."""
    item: Any = None
    index: int | None = None
    last: Any = None
    """The output of the last step that has ended."""


@dataclass(slots=True)
class InstanceState:
    """Everything that decides how an instance goes on."""

    status: Status = "running"
    context: Json = field(default_factory=dict)
    trigger: Json = field(default_factory=dict)
    initiator: Json = field(default_factory=dict)
    steps: Json = field(default_factory=dict)
    """Outputs by step id."""
    deciders: dict[str, list[str]] = field(default_factory=dict)
    """Who has decided, by id of the approval: ids of users, also of those on whose behalf."""
    decider: Json | None = None
    """The last user who decided. The instance goes on on their behalf."""
    frames: dict[str, Frame] = field(default_factory=dict)
    """The open frames by path."""
    visits: int = 0
    """Steps entered so far."""
    pending: dict[str, Json] = field(default_factory=dict)
    """Commands without an answer, by effect key."""
    timers: dict[str, Json] = field(default_factory=dict)
    """Times at which to go on, by key: `{at, scope}`."""
    failed: Json | None = None
    """Where a failed instance stands: `{scope, step, reason}`."""
    warnings: list[Json] = field(default_factory=list)
    renames: int = 0
    """The last rename of an entity or field that it has followed."""
    seq: int = 0
    """Entries of the history that are folded into it."""

    @property
    def person(self) -> Mapping[str, Any]:
        """The user on whose behalf the instance goes on: the last to decide, else who started it."""
        return self.decider or self.initiator

    @property
    def waiting(self) -> list[Frame]:
        """The frames that wait for decisions, in the order in which they began to."""
        if self.status != "running":
            return []
        found = [frame for frame in self.frames.values() if frame.phase == DECIDING]
        return sorted(found, key=lambda frame: frame.visit)

    @property
    def current_steps(self) -> list[str]:
        """The steps that are being run, innermost ones only; of a failed instance where it has failed."""
        if self.status == "failed" and self.failed:
            return [self.failed["step"]]
        open_frames = [
            frame for frame in self.frames.values() if frame.step is not None and frame.phase != RUNNING_INNER
        ]
        order = {frame.path: number for number, frame in enumerate(self.waiting)}
        open_frames.sort(key=lambda frame: (order.get(frame.path, len(order)), frame.visit))
        return [str(frame.step) for frame in open_frames]


READY = "ready"
"""About to be run."""
READING = "reading"
"""Waits for the record as it is now."""
ACTING = "acting"
"""Waits for the answer of a command."""
SEATING = "seating"
"""Waits for the persons of its seats."""
DECIDING = "deciding"
"""Waits for decisions."""
SLEEPING = "sleeping"
"""Waits for a time or an event."""
RUNNING_INNER = "inner"
"""Waits for its branches or rounds."""
