"""From step to step: entering, leaving, failing, ending; branches and rounds, and their joins. Pure.

A frame that is ready is run by `steps`; what that does leads back here. `Walk` is one stretch of it: it changes its own
copy of the state, entry by entry.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from libs.shared import clock
from libs.shared.schema.workflows import END, LoopStep, ParallelStep, Target, destination
from services.workflow.machine import entries as kinds
from services.workflow.machine import folding
from services.workflow.machine.entries import HistoryEntry
from services.workflow.machine.environment import StepFailed, environment_of
from services.workflow.machine.plan import StepPlan
from services.workflow.machine.state import READY, ROOT, Frame, InstanceState, Json

MAX_STEPS = 20_000
"""Steps an instance may enter: ends definitions with endless loops."""
MAX_STRETCH = 300
"""Entries after which a stretch ends and the next one begins, so that no transaction lasts long."""
Run = Callable[["Walk", Frame, Any], None]


class Walk:
    """One stretch of an instance. `entries` are what has happened in it."""

    def __init__(self, plan: StepPlan, state: InstanceState, instance_id: str, now: datetime) -> None:
        self.plan = plan
        self.state = copy.deepcopy(state)
        self.instance_id = instance_id
        self.now = now
        self.entries: list[HistoryEntry] = []
        self._ready: deque[str] = deque()

    def note(self, kind: str, scope: str = ROOT, step: str | None = None, **data: Any) -> None:
        """Something has happened."""
        entry = HistoryEntry(kind, scope, step, data, clock.iso(self.now))
        self.entries.append(entry)
        folding.apply(self.state, entry)

    def wake(self, frame: Frame) -> None:
        """Run a frame in this stretch."""
        self._ready.append(frame.path)

    def wake_all(self) -> None:
        """Run every frame that is ready."""
        self._ready.extend(path for path, frame in self.state.frames.items() if frame.phase == READY)

    def go(self, run: Run) -> None:
        """Run frames until all of them wait, or the stretch is long enough."""
        while self._ready and self.state.status == "running":
            frame = self.state.frames.get(self._ready.popleft())
            if frame is None or frame.phase != READY or frame.step is None:
                continue
            if len(self.entries) >= MAX_STRETCH:
                self.note(kinds.PAUSED)
                return
            try:
                run(self, frame, self.plan.steps[frame.step])
            except StepFailed as problem:
                self.fail(frame, str(problem))

    def environment(self, frame: Frame) -> Json:
        """What the texts of a frame's step read."""
        return environment_of(self.state, frame, self.now)

    def effect_key(self, frame: Frame) -> str:
        """The key of the effect that the frame's step has next: the same one whenever it is tried."""
        key = f"{self.instance_id}/{frame.visit}/{frame.action}"
        return f"{key}/{frame.tries}" if frame.tries else key

    def enter(self, frame: Frame, target: str) -> None:
        """Go on to a step of the frame's list, or end the frame."""
        if target == END:
            self._close(frame, "done")
            return
        visit = self.state.visits + 1
        self.note(kinds.ENTERED, frame.path, target, visit=visit)
        if visit > MAX_STEPS:
            self.fail(frame, f"more than {MAX_STEPS} steps", fatal=True)
        self.wake(frame)

    def leave(self, frame: Frame, status: str, target: Target, output: Any = None, **more: Any) -> None:
        """A step has ended: go on to the next."""
        said = {name: value for name, value in more.items() if value}
        self.note(kinds.LEFT, frame.path, frame.step, status=status, output=output, **said)
        self.enter(frame, destination(target))

    def fail(self, frame: Frame, reason: str, fatal: bool = False) -> None:
        """A step has failed: go on as the definition says, or fail with it."""
        step = self.plan.steps[str(frame.step)]
        fatal = fatal or not self._survives(frame)
        failed = frame.step
        self.note(kinds.FAILED, frame.path, failed, reason=reason, fatal=fatal)
        if fatal:
            return
        self._drop_inner(frame)
        if step.on_failure is not None:
            self.enter(frame, destination(step.on_failure))
        else:
            self._close(frame, "failed", reason=f"{failed}: {reason}")

    def drop(self, path: str, keeps: bool = False) -> None:
        """Cancel everything within a frame, and the frame itself unless it goes on elsewhere."""
        self.note(kinds.DROPPED, path, self.state.frames[path].step, keeps=keeps)

    def open(self, frame: Frame, frames: list[Json], **data: Any) -> None:
        """Begin branches or rounds."""
        self.note(kinds.OPENED, frame.path, frame.step, frames=frames, **data)
        for each in frames:
            inner = self.state.frames.get(each["path"])
            if inner is not None:
                self.enter(inner, self.plan.lists[inner.list_of][0].id)

    def inner_of(self, frame: Frame) -> list[Frame]:
        """The branches or rounds that a frame runs."""
        return [each for each in self.state.frames.values() if each.parent == frame.path]

    def _drop_inner(self, frame: Frame) -> None:
        for inner in self.inner_of(frame):
            self.drop(inner.path)

    def _close(self, frame: Frame, status: str, reason: str = "") -> None:
        """A list of steps has ended."""
        if frame.parent is None:
            self.note(kinds.ENDED, status="completed")
            return
        around = self.state.frames[frame.parent]
        name = frame.list_of.partition("/")[2]
        said = {"reason": reason} if reason else {}
        self.note(kinds.CLOSED, frame.path, around.step, status=status, name=name, output=frame.last, **said)
        step = self.plan.steps[str(around.step)]
        if isinstance(step, ParallelStep):
            self._join(around, step)
        else:
            self._next_round(around, step, status, reason)

    def _join(self, frame: Frame, step: ParallelStep) -> None:
        """Go on if enough branches have got there, or can't any more."""
        done, still = frame.data.get("done", 0), frame.data["open"]
        if done >= step.needed:
            self._drop_inner(frame)
            self.leave(frame, "completed", step.then, frame.data.get("outputs", {}))
        elif done + still < step.needed:
            self.fail(frame, f"only {done} of {step.needed} branches have got there")

    def _next_round(self, frame: Frame, step: LoopStep, status: str, reason: str) -> None:
        if status == "failed":
            self.fail(frame, f"a round has failed: {reason}")
            return
        items, done = frame.data["items"], frame.data.get("done", 0)
        if done == len(items):
            self.leave(frame, "completed", step.then, {"items": frame.outputs})
        elif not step.parallel:
            self.open(frame, [round_of(frame, step, done, items[done])])

    def _survives(self, frame: Frame) -> bool:
        """Whether the instance goes on if the step of a frame fails."""
        step = self.plan.steps[str(frame.step)]
        if step.on_failure is not None:
            return True
        if frame.parent is None:
            return False
        around = self.state.frames[frame.parent]
        outer = self.plan.steps[str(around.step)]
        if isinstance(outer, ParallelStep):
            still = around.data["open"] - 1
            if around.data.get("done", 0) + still >= outer.needed:
                return True
        return self._survives(around)


def round_of(frame: Frame, step: LoopStep, index: int, item: Any) -> Json:
    """A round of a loop, as a frame to open."""
    path = f"{step.id}[{index}]"
    return {"path": f"{frame.path}/{path}" if frame.path else path, "list_of": step.id, "item": item, "index": index}
